import type { Command } from "commander";
import { addGrantOptions, readGrants } from "./file-grants.ts";
import type { GrantFlags } from "./file-grants.ts";
import { openStderrLog } from "../base/log.ts";
import { checkFile } from "../inspect/check.ts";

const examples = `
Examples:
  bpfts types opensnoop.ts             the types of its tables, ready to be pasted
  bpfts types tool.ts -- -p 1          the script sees its own arguments
  bpfts types tool.c                   of a .c file in the dialect

TypeScript infers the types of what a literal C text declares. This prints them where it cannot: structs of the kernel and of
included headers, and texts that are put together at run time.`;

/** Adds `bpfts types`. */
export function addCommand(program: Command, finish: (exitCode: number) => void): void {
  addGrantOptions(program.command("types"))
    .summary("print the TypeScript types of a script's tables")
    .description(
      "Compile the C text of each program that a script makes before it first waits, and print the TypeScript types of its tables, as this kernel has them. Nothing is loaded.",
    )
    .argument("<script>", "the script, or a .c file")
    .argument("[args...]", "arguments of the script, after --")
    .option(
      "--cflag <flag>",
      "a flag for clang, for a .c file; may be given more than once",
      (flag: string, flags: readonly string[]) => [...flags, flag],
      [],
    )
    .option("--verbose", "say what happens on the way", false)
    .option("--json-errors", "write errors as JSON, one a line")
    .addHelpText("after", examples)
    .action(
      async (
        script: string,
        args: readonly string[],
        options: GrantFlags & { readonly cflag: readonly string[]; readonly verbose: boolean },
      ) => {
        const { emitted } = await checkFile(script, {
          args,
          cflags: options.cflag,
          grants: readGrants(options),
          load: false,
          emit: "types",
          log: openStderrLog(options),
          environment: process.env,
          memoryBytes: 64 * 1024 * 1024,
        });
        process.stdout.write(emitted.map(({ content }) => content).join("\n"));
        finish(0);
      },
    );
}
