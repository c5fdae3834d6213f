import type { Command } from "commander";
import { renderJson } from "../../sdk/print/render-json.ts";
import { describeNetwork, renderNetwork } from "../inspect/net/describe-network.ts";
import { openLiveObjects } from "../inspect/objects/live-objects.ts";

const examples = `
What is listed: XDP with its mode, tcx and netkit in their order, classic filters (clsact) with priority and handle, sk_lookup and flow_dissector
of network namespaces, netfilter, and the programs of cgroups, in all namespaces of the machine. LINK is "none" for what was attached without
one: it stays when the process that attached it ends.

Examples:
  bpfts net                          everything
  bpfts net --netns node1            one network namespace by its name, by path, or "self"
  bpfts net --json | jq '.[] | select(.hook == "xdp") | {netns, devname, prog_name, pids}'`;

/** Adds `bpfts net`. */
export function addCommand(program: Command, finish: (exitCode: number) => void): void {
  program
    .command("net")
    .summary("list what is attached to devices, network namespaces and cgroups")
    .description(
      "List the BPF programs of network devices, network namespaces and cgroups: where, in which order and mode, and who holds them. They may be of any tool.",
    )
    .option(
      "--netns <netns>",
      "only this network namespace (repeatable)",
      (name: string, names: readonly string[]): readonly string[] => [...names, name],
      [],
    )
    .option("--json", "print an array; what bpftool prints too has bpftool's name", false)
    .option("--json-errors", "write errors as JSON, one a line")
    .addHelpText("after", examples)
    .action(({ netns, json }: { readonly netns: readonly string[]; readonly json: boolean }) => {
      const rows = describeNetwork(openLiveObjects(), netns);
      process.stdout.write(json ? `${renderJson(rows, 2)}\n` : renderNetwork(rows));
      finish(0);
    });
}
