import type { Command } from "commander";
import { renderJson } from "../../sdk/print/render-json.ts";
import { openStderrLog } from "../base/log.ts";
import { renderColumns } from "../inspect/objects/render-columns.ts";
import { describeLabs } from "../lab/describe-labs.ts";
import type { LabRow } from "../lab/describe-labs.ts";
import { requireLab, requirePlace } from "../lab/find-lab.ts";
import { readLabFile } from "../lab/lab-file.ts";
import { keepLab } from "../lab/lab-state.ts";
import { openLab, sweepLabs, takeDown } from "../lab/open-lab.ts";
import { planLab } from "../lab/plan-lab.ts";
import { runInPlace } from "../lab/run-in-place.ts";
import { renderStep } from "../lab/run-step.ts";

const fileHelp = `
A lab is a network of namespaces to try scripts in. Its file:

  {
    "network": "172.31.9.0/24",                     between the nodes
    "vxlan": { "vni": 1, "port": 8472 },            pods of different nodes talk through a tunnel; true is the same
    "nodes": {
      "node1": {
        "subnet": "10.77.1.0/24",                   its pods take their addresses from here
        "pods": { "pod1": {}, "pod2": { "address": "10.77.1.20" } }
      },
      "node2": { "subnet": ["10.77.2.0/24", "fd77:2::/64"], "pods": { "pod3": {} } },
      "client": { "address": "172.31.9.100" }
    }
  }

Only "nodes" has to be there. A pod has the device eth0, whose other end is lxc-POD in its node. Nodes have eth0 on a switch between
them and, with a vxlan, vxlan0; { "external": true } leaves it to programs to which node a packet goes. Without a vxlan the nodes route.
Each node and pod has a cgroup, too. Nothing is made outside of the namespaces of the lab; root, iproute2 and nsenter are needed.`;

const upExamples = `
${fileHelp}

Examples:
  bpfts lab up two-nodes.json
  bpfts lab up --dry-run two-nodes.json      the commands that would do the same; makes nothing
  bpfts lab exec two-nodes.json pod1 -- ping 10.77.2.1
  bpfts run --lab two-nodes.json drop.ts     in the lab that is up, else in one of its own
  bpfts lab down two-nodes.json`;

const execExamples = `
Examples:
  bpfts lab exec two-nodes.json pod1 -- ping -c 2 10.77.2.1
  bpfts lab exec two-nodes pod1 -- bash      by the lab's name

The command runs in the place's network namespace and cgroup; its exit status is the command's. "bpfts lab down" ends what still runs.`;

/** Adds `bpfts lab up`, `exec`, `down` and `list`. */
export function addCommand(program: Command, finish: (exitCode: number) => void): void {
  const lab = program
    .command("lab")
    .summary("make networks of namespaces to try scripts in")
    .description(
      "Make networks to try scripts in: nodes, pods, veth pairs, a tunnel and cgroups, in network namespaces of their own.",
    )
    .addHelpText("after", upExamples);

  lab
    .command("up")
    .description("make the lab of a file; it stays until `bpfts lab down`")
    .argument("<file>", "the JSON that describes it")
    .option("--dry-run", "print the commands that would make it", false)
    .option("--json-errors", "write errors as JSON, one a line")
    .addHelpText("after", upExamples)
    .action((path: string, { dryRun }: { readonly dryRun: boolean }) => {
      const file = readLabFile(path);
      if (dryRun) {
        const plan = planLab(file, file.name);
        const commands = plan.namespaces.map((name) => `ip netns add ${name}\n`);
        process.stdout.write([...commands, ...plan.steps.map(renderStep)].join(""));
        return finish(0);
      }
      sweepLabs(openStderrLog({ verbose: false }));
      keepLab(openLab(file, path, file.name));
      finish(0);
    });

  lab
    .command("exec")
    .description("run a command in a node or a pod of a lab that is up")
    .argument("<lab>", "the lab's file or name")
    .argument("<place>", "the node or the pod")
    .argument("<command...>", "the command and its arguments, after --")
    .option("--json-errors", "write errors as JSON, one a line")
    .addHelpText("after", execExamples)
    .action(async (word: string, place: string, command: readonly string[]) => {
      sweepLabs(openStderrLog({ verbose: false }));
      const state = requireLab(word);
      finish(await runInPlace(state, requirePlace(state, place), command));
    });

  lab
    .command("down")
    .description("take a lab down: end the processes that were started in it, remove its namespaces and cgroups")
    .argument("<lab>", "its file or its name")
    .option("--json-errors", "write errors as JSON, one a line")
    .addHelpText("after", "\nExamples:\n  bpfts lab down two-nodes.json\n  bpfts lab down two-nodes\n")
    .action((word: string) => {
      sweepLabs(openStderrLog({ verbose: false }));
      takeDown(requireLab(word));
      finish(0);
    });

  lab
    .command("list")
    .description("list the labs that are up, with their nodes and pods")
    .option("--json", "print an array", false)
    .option("--json-errors", "write errors as JSON, one a line")
    .addHelpText("after", "\nExamples:\n  bpfts lab list\n  bpfts lab list --json | jq '.[].places[] | {name, ip}'\n")
    .action(({ json }: { readonly json: boolean }) => {
      sweepLabs(openStderrLog({ verbose: false }));
      const labs = describeLabs();
      process.stdout.write(json ? `${renderJson(labs, 2)}\n` : renderLabs(labs));
      finish(0);
    });
}

function renderLabs(labs: readonly LabRow[]): string {
  if (labs.length === 0) return "No lab is up.\n";
  const rows = labs.flatMap(({ name, owner, places }) =>
    places.map((place) => [
      name,
      owner === null ? "" : `process ${owner}`,
      place.kind === "pod" ? `${place.node}/${place.name}` : place.name,
      [place.ip, place.ip6].filter((address) => address !== null).join(" "),
      place.host_dev ?? "",
      place.namespace,
    ]),
  );
  return renderColumns(["LAB", "ENDS WITH", "PLACE", "ADDRESS", "DEVICE OF ITS NODE", "NAMESPACE"], rows);
}
