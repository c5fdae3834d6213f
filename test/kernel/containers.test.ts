import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { readJson } from "../support/json-script.ts";
import { makeCgroup } from "../support/own-cgroup.ts";
import type { OwnCgroup } from "../support/own-cgroup.ts";
import { startProgram } from "../support/own-program.ts";
import type { OwnProgram } from "../support/own-program.ts";
import { makeFolder, runCli, startCli, writeScript } from "../support/run-cli.ts";
import type { CliResult } from "../support/run-cli.ts";

const folder = makeFolder();
const port = openAddon();
const pins = join(folder, "pins");

/** Changes its directory once for each line that it reads. */
const changer = ["-c", "echo ready; while read -r line; do cd /; echo done; done"];

/** Counts the changes of directory by pid that the filter lets through, among the pids of the test. */
const script = writeScript(
  folder,
  "filter.ts",
  `import { BPF, Interrupt, argv, cgroup_id, filter_by_containers, mntns_id, print, sleep } from "bpfts";
const [options, pids, add] = argv.map((text) => JSON.parse(text));
const b = new BPF({ text: \`\${filter_by_containers(options)}
BPF_HASH(counts, u32, u64);
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) {
    if (container_should_be_filtered()) return 0;
    counts.increment(bpf_get_current_pid_tgid() >> 32);
    return 0;
}
\` });
if (add?.cgroup) b.table<bigint, bigint>("cgroupset").set(cgroup_id(add.cgroup), 1n);
if (add?.pid) b.table<bigint, number>("mount_ns_set").set(BigInt(mntns_id(add.pid)), 1);
print("attached");
try { sleep(300); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
const counts = b.table<number, bigint>("counts");
print(JSON.stringify(pids.map((pid: number) => Number(counts.get(pid) ?? 0))));
`,
);

let outer: OwnCgroup;
let inner: OwnCgroup;
let programs: OwnProgram[] = [];

beforeAll(async () => {
  mkdirSync(pins);
  expect(port.mount("bpf", pins, "bpf")).toBe(0);
  outer = makeCgroup("containers");
  inner = outer.makeChild("inner");
  const [outside, within, below] = [
    await startProgram("sh", changer),
    await startProgram("sh", changer),
    await startProgram("sh", changer),
  ];
  // Its own mount namespace, and nothing else of its own.
  const mounts = await startProgram("unshare", ["--mount", "sh", ...changer]);
  outer.add(within.pid);
  inner.add(below.pid);
  programs = [outside, within, below, mounts];
});
afterAll(async () => {
  await Promise.all(programs.map((program) => program.end()));
  spawnSync("umount", [pins]);
});

/** Runs the script while each program changes its directory twice. Answers what was counted of each. */
async function count(options: object, add: object = {}, during: () => void = () => undefined): Promise<unknown> {
  const run = startCli([
    "run",
    script,
    "--",
    JSON.stringify(options),
    JSON.stringify(programs.map(({ pid }) => pid)),
    JSON.stringify(add),
  ]);
  await run.waitFor("attached");
  during();
  for (const program of programs) await program.turn(2);
  run.child.kill("SIGINT");
  return readJson(await run.ended)[0];
}

describe("a filter by containers", () => {
  it("lets everybody through when nothing is asked for", async () => {
    expect(await count({})).toEqual([2, 2, 2, 2]);
  });

  it("by the path of a cgroup takes in the cgroups below it", async () => {
    expect(await count({ cgroup: outer.path })).toEqual([0, 2, 2, 0]);
    expect(await count({ cgroup: inner.path })).toEqual([0, 0, 2, 0]);
    expect(await count({ cgroup: [inner.path, outer.path] })).toEqual([0, 2, 2, 0]);
  });

  it("by a map of cgroups takes in those whose numbers are in it, and pins the map for who comes after", async () => {
    const path = join(pins, "groups/cgroups");
    expect(await count({ cgroupmap: path }, { cgroup: outer.path })).toEqual([0, 2, 0, 0]);
    expect(await count({ cgroupmap: path }, { cgroup: inner.path })).toEqual([0, 2, 2, 0]);
    spawnSync("rm", [path]);
    expect(await count({ cgroupmap: path })).toEqual([0, 0, 0, 0]);
  });

  it("by a map that somebody else has made, with another name and size, that changes while it runs", async () => {
    const path = join(pins, "others");
    const key = (id: bigint): string[] => [...new Uint8Array(BigUint64Array.of(id).buffer)].map(String);
    runTool(
      "bpftool",
      "map",
      "create",
      path,
      "type",
      "hash",
      "key",
      "8",
      "value",
      "8",
      "entries",
      "128",
      "name",
      "otherset",
    );
    const id = BigInt(runTool("stat", "-c", "%i", outer.path).trim());
    expect(
      await count({ cgroupmap: path }, {}, () =>
        runTool("bpftool", "map", "update", "pinned", path, "key", ...key(id), "value", ...key(1n)),
      ),
    ).toEqual([0, 2, 0, 0]);
  });

  it("by a map of mount namespaces", async () => {
    expect(await count({ mntnsmap: join(pins, "mounts") }, { pid: programs[3]!.pid })).toEqual([0, 0, 0, 2]);
  });

  it("by both at once wants both", async () => {
    expect(await count({ cgroup: outer.path, mntnsmap: join(pins, "both") }, { pid: programs[1]!.pid })).toEqual([
      0, 2, 2, 0,
    ]);
    expect(await count({ cgroup: outer.path, mntnsmap: join(pins, "neither") }, { pid: programs[3]!.pid })).toEqual([
      0, 0, 0, 0,
    ]);
  });

  it("says what does not fit", async () => {
    const fails = async (options: object): Promise<string> => {
      const result: CliResult = await runCli(["run", script, "--", JSON.stringify(options), "[]"]);
      expect(result.status).not.toBe(0);
      return result.stderr.split("\n")[0]!;
    };
    const path = join(pins, "wrong");
    runTool(
      "bpftool",
      "map",
      "create",
      path,
      "type",
      "hash",
      "key",
      "4",
      "value",
      "8",
      "entries",
      "128",
      "name",
      "wrong",
    );
    expect(await fails({ cgroupmap: path })).toBe(
      `error: Cannot use the map pinned at "${path}" as "cgroupset": its keys have 4 bytes, the C text says 8 bytes`,
    );
    expect(await fails({ cgroupmap: join(folder, "plain/map") })).toBe(
      `error: Cannot pin map "cgroupset" at "${join(folder, "plain/map")}": "${folder}" is no BPF file system`,
    );
    expect(await fails({ cgroupmap: "map" })).toBe('error: Cannot use the pinned map "map": its whole path is wanted');
    expect(await fails({ cgroup: join(outer.path, "none") })).toBe(
      `error: There is no cgroup "${join(outer.path, "none")}": no such directory`,
    );
  });
});

function runTool(tool: string, ...args: readonly string[]): string {
  const result = spawnSync(tool, args, { encoding: "utf8" });
  expect({ tool, args, status: result.status, stderr: result.stderr }).toMatchObject({ status: 0 });
  return result.stdout;
}
