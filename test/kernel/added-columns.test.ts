import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeCgroup } from "../support/own-cgroup.ts";
import type { OwnCgroup } from "../support/own-cgroup.ts";
import { makeFolder, parseCliError, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const id = `${process.pid.toString(16).padStart(8, "0")}${"fedcba9876543210".repeat(4)}`.slice(0, 64);
const short = id.slice(0, 12);
const log = `/var/log/containers/api-${process.pid}_shop_nginx-${id}.log`;

let container: OwnCgroup;
beforeAll(() => {
  container = makeCgroup("columns").makeChild(`docker-${id}.scope`);
});

/** Opens a file outside of the container, then one inside. */
function commandOf(): string {
  const inner = writeScript(folder, "inner.sh", `echo $$ > ${container.path}/cgroup.procs; cat ${folder}/inside\n`);
  const path = join(folder, "outer.sh");
  writeFileSync(path, `cat ${folder}/outside; sh ${inner}\nsleep 0.3\n`);
  return `sh -c 'sh ${path} 2> /dev/null || true'`;
}

const ours = ["--filter", `path~^${folder}/(in|out)side,comm==cat`];

function cut(line: string): string[] {
  return line.trim().split(/\s+/);
}

describe("--columns", () => {
  it("adds what is known of a tool's processes, and leaves out", async () => {
    const result = await runCli(["-c", commandOf(), "opensnoop", "--columns", "+time,+container,+user,-pid", ...ours]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    const [head, ...rows] = result.stdout.trimEnd().split("\n").map(cut);
    expect(head).toEqual(["TIME", "CONTAINER", "USER", "COMM", "FD", "ERR", "PATH"]);
    expect(rows.map(([time, ...rest]) => [/^\d\d:\d\d:\d\d\.\d{3}$/.test(time!), ...rest])).toEqual([
      [true, "-", "root", "cat", "-1", "2", `${folder}/outside`],
      [true, short, "root", "cat", "-1", "2", `${folder}/inside`],
    ]);
  });

  it("adds members to JSON, null where nothing is known, and can be filtered by and chosen", async () => {
    const json = await runCli([
      "-c",
      commandOf(),
      "opensnoop",
      "--json",
      "--columns",
      "+container,+pod",
      ...ours,
      "--fields",
      "container,pod,path",
    ]);
    expect(
      json.stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { container: null, pod: null, path: `${folder}/outside` },
      { container: short, pod: null, path: `${folder}/inside` },
    ]);
    const chosen = await runCli([
      "-c",
      commandOf(),
      "opensnoop",
      "--columns",
      "+container",
      ...ours,
      "--filter",
      `container==${short}`,
      "--fields",
      "path",
    ]);
    expect(chosen.stdout).toBe(`PATH\n${folder}/inside\n`);
  });

  it("names pods by the kubelet's files", async () => {
    mkdirSync("/var/log/containers", { recursive: true });
    writeFileSync(log, "");
    try {
      const { stdout } = await runCli([
        "-c",
        commandOf(),
        "opensnoop",
        "--columns",
        "+container,+pod",
        ...ours,
        "--fields",
        "container,pod,path",
      ]);
      expect(stdout.trimEnd().split("\n").map(cut).at(-1)).toEqual([
        "nginx",
        `shop/api-${process.pid}`,
        `${folder}/inside`,
      ]);
    } finally {
      rmSync(log);
    }
  });

  it("stands before the events of a one-liner, in text and in JSON", async () => {
    const text = `tracepoint:syscalls:sys_enter_openat if (comm == "cat") { print("%d %s\\n", pid, str(args->filename)); }`;
    const filter = ["--filter", `filename==${folder}/inside`, "--max-events", "1"];
    const plain = await runCli(["-e", text, "--columns", "+container,+user", ...filter, "-c", commandOf()]);
    expect(plain.stdout).toMatch(new RegExp(`^${short.padEnd(20)} root {9}\\d+ ${folder}/inside\\n$`));
    const json = await runCli(["-e", text, "--json", "--columns", "+container", ...filter, "-c", commandOf()]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      type: "event",
      data: { container: short, filename: `${folder}/inside` },
    });
  });

  it("knows a container by the number of a cgroup when the process is gone", async () => {
    const script = writeScript(
      folder,
      "late.ts",
      `import { BPF, RowPrinter, json_output, sleep } from "bpfts";
const b = new BPF({ text: /* c */ \`
struct exit_t { u64 cgroup; char comm[16]; };
BPF_RINGBUF_OUTPUT(exits, 8);
TRACEPOINT_PROBE(sched, sched_process_exit) {
    struct exit_t data = { .cgroup = bpf_get_current_cgroup_id() };
    bpf_get_current_comm(&data.comm, sizeof(data.comm));
    exits.ringbuf_output(&data, sizeof(data), 0);
    return 0;
}\` });
const rows = new RowPrinter<{ readonly comm: string }>([{ head: "COMM", format: "%s", value: "comm" }]);
json_output();
b.tables.exits.open_ring_buffer((event) => rows.print(event));
try { sleep(60); } finally { b.ring_buffer_poll(100); }
`,
    );
    const { stdout } = await runCli([
      "run",
      "--columns",
      "+container",
      "--filter",
      `comm==cat,container==${short}`,
      "-c",
      commandOf(),
      script,
    ]);
    expect(stdout).toBe(`{"container":"${short}","comm":"cat"}\n`);
  });

  it("says what rows it needs, and that it changed nothing", async () => {
    const text = 'tracepoint:syscalls:sys_enter_openat if (pid == cpid) { print("%s\\n", comm); }';
    const anonymous = await runCli(["-e", text, "--columns", "+user", "--json-errors", "-c", "true"]);
    expect(parseCliError(anonymous)).toMatchObject({
      message: "--columns +user: the rows do not say whose they are",
      hint: "it takes rows with a field pid or tgid, or uid",
    });
    const nothing = await runCli(["run", "--columns", "+time", "-c", "true", "scripts/hello.ts"]);
    expect(nothing.stderr).toBe("warning: --columns changed nothing: the script printed no rows that have columns\n");
    const unknown = await runCli(["--json-errors", "-c", "true", "opensnoop", "--columns=-pad"]);
    expect(parseCliError(unknown)).toMatchObject({
      message: '--columns: the rows have no field "pad"',
      hint: 'did you mean "pid"?',
    });
  });
});

afterAll(() => rmSync(log, { force: true }));
