import type { Command } from "commander";
import { openLiveObjects } from "../inspect/objects/live-objects.ts";
import { findObjects } from "../inspect/objects/find-object.ts";
import { describeMaps, renderMap, renderMaps } from "../inspect/map/describe-maps.ts";
import { renderJson } from "../../sdk/print/render-json.ts";

const examples = `
A map is named by its id, by its name, or by the path where it is pinned.

Examples:
  bpfts map                           every map: its types, the programs that use it, who holds it
  bpfts map counts                    all that is known of the maps of that name`;

/** Adds `bpfts map`. */
export function addCommand(program: Command, finish: (exitCode: number) => void): void {
  program
    .command("map")
    .summary("list the BPF maps in the kernel: their types, the programs that use them, who holds them")
    .description("List the BPF maps in the kernel, or tell all that is known of one. They may be of any tool.")
    .argument("[map]", "its id, its name or the path where it is pinned")
    .option("--json", "print an array; what bpftool prints too has bpftool's name", false)
    .option("--json-errors", "write errors as JSON, one a line")
    .addHelpText("after", examples)
    .action((word: string | undefined, { json }: { readonly json: boolean }) => {
      const objects = openLiveObjects();
      const all = objects.listMaps();
      const rows = describeMaps(objects, word === undefined ? all : findObjects(objects.port, "map", word, all));
      process.stdout.write(
        json
          ? `${renderJson(rows, 2)}\n`
          : word === undefined
            ? renderMaps(rows)
            : rows.map((row) => renderMap(objects, row)).join("\n"),
      );
      finish(0);
    });
}
