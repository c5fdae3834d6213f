import type { Command } from "commander";
import { openLiveObjects } from "../inspect/objects/live-objects.ts";
import { findObjects } from "../inspect/objects/find-object.ts";
import { describeLinks, renderLinks } from "../inspect/link/describe-links.ts";
import { renderJson } from "../../sdk/print/render-json.ts";

const examples = `
Examples:
  bpfts link                          every link: which program is attached where, who holds it
  bpfts link 7                        one of them
  bpfts link --json | jq '.[] | select(.type == "xdp")'

Programs that were attached without a link, by older tools, are not among them; bpfts prog lists all programs.`;

/** Adds `bpfts link`. */
export function addCommand(program: Command, finish: (exitCode: number) => void): void {
  program
    .command("link")
    .summary("list the BPF links in the kernel: which program is attached where")
    .description("List the BPF links in the kernel: each attaches a program to a place. They may be of any tool.")
    .argument("[link]", "its id, or the path where it is pinned")
    .option("--json", "print an array; what bpftool prints too has bpftool's name", false)
    .option("--json-errors", "write errors as JSON, one a line")
    .addHelpText("after", examples)
    .action((word: string | undefined, { json }: { readonly json: boolean }) => {
      const objects = openLiveObjects();
      const all = objects.listLinks().map((link) => ({ ...link, name: "" }));
      const rows = describeLinks(objects, word === undefined ? all : findObjects(objects.port, "link", word, all));
      process.stdout.write(json ? `${renderJson(rows, 2)}\n` : renderLinks(rows));
      finish(0);
    });
}
