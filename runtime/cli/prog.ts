import type { Command } from "commander";
import { openLiveObjects } from "../inspect/objects/live-objects.ts";
import { findObjects } from "../inspect/objects/find-object.ts";
import { describePrograms, renderProgram, renderPrograms } from "../inspect/prog/describe-programs.ts";
import { renderJson } from "../../sdk/print/render-json.ts";

const examples = `
A program is named by its id, by its name, or by the path where it is pinned.

Examples:
  bpfts prog                          every program: what it is, where it is attached, who holds it
  bpfts prog 42                       all that is known of one
  bpfts prog --json | jq '.[] | select(.type == "xdp") | .pids'`;

/** Adds `bpfts prog`. */
export function addCommand(program: Command, finish: (exitCode: number) => void): void {
  program
    .command("prog")
    .summary("list the BPF programs in the kernel: where they are attached, who holds them")
    .description("List the BPF programs in the kernel, or tell all that is known of one. They may be of any tool.")
    .argument("[program]", "its id, its name or the path where it is pinned")
    .option("--json", "print an array; what bpftool prints too has bpftool's name", false)
    .option("--json-errors", "write errors as JSON, one a line")
    .addHelpText("after", examples)
    .action((word: string | undefined, { json }: { readonly json: boolean }) => {
      const objects = openLiveObjects();
      const all = objects.listPrograms();
      const named = all.map((info) => ({ ...info, name: objects.nameProgram(info) }));
      const chosen = word === undefined ? all : findObjects(objects.port, "program", word, named);
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
}
