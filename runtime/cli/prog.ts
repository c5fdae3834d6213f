import type { Command } from "commander";
import { UsageError } from "../base/errors.ts";
import { openLiveObjects } from "../inspect/objects/live-objects.ts";
import type { LiveObjects } from "../inspect/objects/live-objects.ts";
import type { ProgramInfo } from "../kernel/live/program-info.ts";
import { findObjects, requireObject } from "../inspect/objects/find-object.ts";
import { describePrograms, renderProgram, renderPrograms } from "../inspect/prog/describe-programs.ts";
import { renderCode } from "../inspect/prog/dump-program.ts";
import { renderJson } from "../../sdk/print/render-json.ts";

const examples = `
A program is named by its id, by its name, or by the path where it is pinned.

Examples:
  bpfts prog                          every program: what it is, where it is attached, who holds it
  bpfts prog 42                       all that is known of one
  bpfts prog dump xlated 42           its instructions after the verifier's work, with the source lines
  bpfts prog --json | jq '.[] | select(.type == "xdp") | .pids'`;

const dumpExamples = `
Examples:
  bpfts prog dump xlated 42           what the verifier left of its instructions, in the kernel's notation
  bpfts prog dump jited on_open       the machine code (as bytes where binutils' objdump is not installed)`;

interface OutputFlags {
  readonly json: boolean;
}

/** Adds `bpfts prog`. */
export function addCommand(program: Command, finish: (exitCode: number) => void): void {
  const prog = program
    .command("prog")
    .summary("list the BPF programs in the kernel: where they are attached, who holds them")
    .description("List the BPF programs in the kernel, or tell all that is known of one. They may be of any tool.")
    .argument("[program]", "its id, its name or the path where it is pinned")
    .option("--json", "print an array; what bpftool prints too has bpftool's name", false)
    .option("--json-errors", "write errors as JSON, one a line")
    .addHelpText("after", examples)
    .action((word: string | undefined, { json }: OutputFlags) => {
      const objects = openLiveObjects();
      const all = listNamed(objects);
      const chosen = word === undefined ? all : findObjects(objects.port, "program", word, all);
      const rows = describePrograms(objects, chosen);
      process.stdout.write(
        json
          ? `${renderJson(rows, 2)}\n`
          : word === undefined
            ? renderPrograms(rows)
            : rows.map((row) => renderProgram(objects, row)).join("\n"),
      );
      finish(0);
    });
  prog
    .command("dump")
    .description("print the code of a program with its source lines")
    .argument("<form>", "xlated: its instructions; jited: its machine code")
    .argument("<program>", "its id, its name or the path where it is pinned")
    .addHelpText("after", dumpExamples)
    .action((form: string, word: string, _flags: object, command: Command) => {
      if (form !== "xlated" && form !== "jited")
        throw new UsageError(`There is no form "${form}" of a program`, {
          hint: "bpfts prog dump xlated PROGRAM prints its instructions, jited its machine code",
        });
      const objects = openLiveObjects();
      const found = requireObject(objects.port, "program", word, listNamed(objects));
      process.stdout.write(renderCode(objects, found, form, (command.parent!.opts() as OutputFlags).json));
      finish(0);
    });
}

/** The kernel keeps 15 bytes of a program's name; its types have all of it. */
function listNamed(objects: LiveObjects): readonly ProgramInfo[] {
  return objects.listPrograms().map((info) => ({ ...info, name: objects.nameProgram(info) }));
}
