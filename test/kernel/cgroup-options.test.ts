import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { makeCgroup } from "../support/own-cgroup.ts";
import type { OwnCgroup } from "../support/own-cgroup.ts";
import { makeFolder, parseCliError, root, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const id = `${process.pid.toString(16).padStart(8, "0")}${"0123456789abcdef".repeat(4)}`.slice(0, 64);

let outer: OwnCgroup;
let container: OwnCgroup;
let named: OwnCgroup;
beforeAll(() => {
  outer = makeCgroup("options");
  container = outer.makeChild(`docker-${id}.scope`);
  named = outer.makeChild(`lxc.payload.bpfts-${process.pid}`);
});

/** One change of directory outside, two in the named container, four in the other one. */
function commandOf(): string {
  const inside = (group: OwnCgroup, cds: string): string => `sh -c 'echo $$ > ${group.path}/cgroup.procs; ${cds}'`;
  const path = join(folder, "work.sh");
  writeFileSync(path, `cd /\n${inside(named, "cd /; cd /")}\n${inside(container, "cd /; cd /; cd /; cd /")}\n`);
  return `sh ${path}`;
}

const counting = 'tracepoint:syscalls:sys_enter_chdir if (comm == "sh") { count(comm); }';

describe("a one-liner's --cgroup and --container", () => {
  it.each([
    ["a path", () => ["--cgroup", named.path], 2],
    ["a path as the kernel writes it", () => ["--cgroup", named.path.slice(named.path.indexOf("/bpfts-test"))], 2],
    ["cgroups within it", () => ["--cgroup", `${outer.path}/`], 6],
    ["a container's name", () => ["--container", `bpfts-${process.pid}`], 2],
    ["the beginning of a container's id", () => ["--container", id.slice(0, 12)], 4],
    ["two of them", () => ["--container", id, "--cgroup", named.path], 6],
  ])("count in the kernel what it does alone: %s", async (_, options, count) => {
    const result = await runCli(["-e", counting, ...options(), "-c", commandOf()]);
    expect(result).toMatchObject({ status: 0, stderr: "Attached 1 probe.\n", stdout: `count:\nsh  ${count}\n` });
  });

  it("stand in the script, which gives the same", async () => {
    const { stdout } = await runCli(["-e", counting, "--container", id, "--script"]);
    expect(stdout).toContain(`\${filter_by_containers({ cgroup: ["${container.path}"] })}`);
    const script = writeScript(folder, "made.ts", stdout);
    expect((await runCli(["run", "-c", commandOf(), script])).stdout).toBe("count:\nsh  4\n");
  });

  it("go with -p and are refused where no process is meant", async () => {
    const both = await runCli(["-e", counting, "-p", "1", "--cgroup", named.path, "-c", commandOf()]);
    expect([both.status, both.stdout]).toEqual([0, ""]);
    const timer = await runCli(["-e", "interval:s:1 { count(comm); }", "--cgroup", named.path, "--json-errors"]);
    expect(parseCliError(timer)).toMatchObject({
      message: expect.stringContaining('cannot choose the events of "interval:s:1"') as string,
      location: { file: "-e", line: 1, column: 10 },
    });
  });
});

describe("the options of bpfts run", () => {
  const script = writeScript(
    folder,
    "asks.ts",
    `import { BPF, Interrupt, filter_by_process, have_container_filter, print, sleep } from "bpfts";
const b = new BPF({ text: /* c */ \`\${filter_by_process({})}
BPF_HASH(counts, u32, u64);
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) {
    if (process_should_be_filtered()) return 0;
    counts.increment(1);
    return 0;
}\` });
try { sleep(60); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
print(have_container_filter({}), Number(b.tables.counts.get(1) ?? 0));
`,
  );

  it("reach a script that asks, with -c for what is of both", async () => {
    expect(await runCli(["run", "--container", id, "-c", commandOf(), script])).toMatchObject({ stdout: "true 4\n" });
    expect(await runCli(["run", "-c", commandOf(), script])).toMatchObject({ stdout: "false 7\n" });
  });

  it("reach a tool, before its name and behind it", async () => {
    const path = join(folder, "opens.sh");
    writeFileSync(path, `cat /dev/null\nsh -c 'echo $$ > ${container.path}/cgroup.procs; exec cat /dev/null'\n`);
    for (const args of [
      ["opensnoop", "-n", "cat", "--container", id],
      ["--cgroup", container.path, "opensnoop", "-n", "cat"],
    ]) {
      const { stdout } = await runCli(["-c", `sh ${path}`, ...args]);
      expect(stdout.split("\n").filter((line) => line.endsWith(" /dev/null")).length).toBe(1);
    }
  });

  it("refuse a script whose C does not ask", async () => {
    const result = await runCli(["run", "--json-errors", "--container", id, join(root, "scripts/hello.ts")]);
    expect([result.status, parseCliError(result)]).toMatchObject([
      1,
      {
        message: "--cgroup and --container do not reach this script: its C does not ask whose events they are",
        hint: expect.stringContaining("container_should_be_filtered()") as string,
      },
    ]);
  });

  it.each([
    [
      ["--cgroup", "/nowhere/at/all"],
      '--cgroup "/nowhere/at/all": there is no cgroup "/nowhere/at/all": no such directory',
    ],
    [
      ["--cgroup", "/tmp"],
      '--cgroup "/tmp": there is no cgroup "/tmp": it is no directory of the cgroup file system, version 2',
    ],
    [["--container", "zzz no such"], 'There is no container "zzz no such"'],
  ])("refuse what is not there: %j", async (options, message) => {
    const result = await runCli(["run", "--json-errors", ...options, script]);
    expect([result.status, parseCliError(result).message]).toEqual([2, message]);
  });

  it("say which cgroup was meant", async () => {
    const result = await runCli(["run", "--json-errors", "--cgroup", `${named.path}x`, script]);
    expect(parseCliError(result).hint).toBe(`did you mean "${named.path}"?`);
  });
});
