import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { makeFolder, parseCliError, root, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
let command = "";

beforeAll(() => {
  const work = writeScript(
    folder,
    "work.sh",
    `cat ${folder}/none ${folder}/none; head -c 1 ${folder}/work.sh ${folder}/gone\n`,
  );
  command = `sh -c 'sh ${work} > /dev/null 2>&1 || true'`;
});

/** What a tool prints of the files that the test opens. */
async function opens(...args: readonly string[]): Promise<string[]> {
  const { status, stdout, stderr } = await runCli(["-c", command, "opensnoop", ...args]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.trimEnd().split("\n");
}

describe("--filter and --fields", () => {
  it("choose among a tool's rows, exactly", async () => {
    const ours = `path~^${folder}`;
    const lines = await opens("--filter", `${ours},comm~^(cat|head)$,err>0`, "--fields", "comm,err,path");
    expect(lines.map((line) => line.trim().split(/\s+/))).toEqual([
      ["COMM", "ERR", "PATH"],
      ["cat", "2", `${folder}/none`],
      ["cat", "2", `${folder}/none`],
      ["head", "2", `${folder}/gone`],
    ]);
    // A member of the event that is no column.
    expect(await opens("--json", "--filter", `${ours},ret<0,comm==head`, "--fields", "path")).toEqual([
      JSON.stringify({ path: `${folder}/gone` }),
    ]);
  });

  it("count for --max-events after the choice", async () => {
    const lines = await opens("--filter", `path==${folder}/none`, "--max-events", "1", "--fields", "path");
    expect(lines).toEqual(["PATH", `${folder}/none`]);
  });

  it("choose among the events of a one-liner, and among rows of events.printf", async () => {
    const prints = 'tracepoint:syscalls:sys_enter_openat { print("%s %s\\n", comm, str(args->filename)); }';
    for (const options of [[], ["--json"]]) {
      const result = await runCli(["-e", prints, ...options, "--filter", `filename==${folder}/none`, "-c", command]);
      expect(result.stdout.trimEnd().split("\n").length).toBe(2);
      expect(result.stdout).toContain(`cat ${folder}/none`);
    }
    const two = `${prints} tracepoint:syscalls:sys_enter_chdir { print("%d\\n", pid); }`;
    const mixed = await runCli(["-e", two, "--filter", `filename==${folder}/gone`, "-c", command]);
    expect(mixed.stdout).toBe(`head ${folder}/gone\n`);
  });

  it("are refused where nothing could be chosen from", async () => {
    const counts = "tracepoint:syscalls:sys_enter_openat { count(comm); }";
    const result = await runCli(["-e", counts, "--filter", "comm==cat", "--json-errors", "-c", command]);
    expect([result.status, parseCliError(result).message]).toEqual([
      1,
      "--filter chooses among events that are printed, and this text prints none",
    ]);
  });

  it("warn when the script prints no rows", async () => {
    const plain = await runCli(["run", "--fields", "comm", "-c", "true", join(root, "scripts/hello.ts")]);
    expect([plain.status, plain.stderr]).toEqual([
      0,
      "warning: --fields chose nothing: the script printed no rows that have columns\n",
    ]);
  });

  it("warn of nothing when the script fails, or ends itself", async () => {
    const failing = writeScript(folder, "failing.ts", 'throw new Error("no");');
    const result = await runCli(["run", "--filter", "pid==1", failing]);
    expect([result.status, result.stderr.includes("chose nothing")]).toEqual([1, false]);
    const misused = await runCli(["opensnoop", "--no-such-option", "--filter", "pid==1"]);
    expect([misused.status, misused.stderr.includes("chose nothing")]).toEqual([2, false]);
  });

  it("say which name was meant", async () => {
    const result = await runCli(["--json-errors", "-c", command, "opensnoop", "--fields", "comm,pad"]);
    expect(parseCliError(result)).toMatchObject({
      message: '--fields: the rows have no field "pad"',
      hint: 'did you mean "pid"?',
    });
  });
});

describe("--sort", () => {
  const run = async (name: string, body: string, ...args: readonly string[]): Promise<string[]> => {
    const text = `import { BPF, RowPrinter, TopScreen, argv, eprint, json_output, print, sleep } from "bpfts";
if (argv.includes("--json")) json_output();
const rows = new RowPrinter<{ pid: number; n: bigint | string; comm: string; hidden: number }>([
  { head: "PID", format: "%-4d", value: "pid" },
  { head: "COUNT", format: "%s", value: "n", name: "count" },
  { head: "COMM", format: "%s", value: "comm" },
]);
const list = [
  { pid: 9, n: 5n, comm: "b", hidden: 1 },
  { pid: 10, n: 1n << 60n, comm: "a", hidden: 3 },
  { pid: 100, n: "-", comm: "c", hidden: 2 },
];
${body}`;
    const result = await runCli(["run", ...args.slice(0, 2), writeScript(folder, name, text), "--", ...args.slice(2)]);
    return [...result.stderr.split("\n"), ...result.stdout.split("\n")].filter((line) => line !== "");
  };
  const printAll = "rows.print_header(); for (const row of list) rows.print(row);";
  const pids = (lines: readonly string[]): string[] => lines.map((line) => line.split(" ")[0]!);

  it("puts the rows between two waits in order: numbers as numbers, no value first", async () => {
    const twice = `${printAll} sleep(0.01); print("again"); ${printAll}`;
    const byCount = ["100", "9", "10"];
    expect(pids(await run("twice.ts", twice, "--sort", "count"))).toEqual([
      "PID",
      ...byCount,
      "again",
      "PID",
      ...byCount,
    ]);
    expect(pids(await run("twice.ts", printAll, "--sort", "COUNT:desc"))).toEqual(["PID", ...byCount.toReversed()]);
    expect(pids(await run("twice.ts", printAll, "--sort", "comm"))).toEqual(["PID", "10", "9", "100"]);
    expect(pids(await run("twice.ts", printAll, "--sort", "hidden:asc"))).toEqual(["PID", "9", "100", "10"]);
    expect(
      (await run("twice.ts", printAll, "--sort", "pid:desc", "--json")).map(
        (line) => (JSON.parse(line) as { pid: number }).pid,
      ),
    ).toEqual([100, 10, 9]);
  });

  it("takes the place of a screen's own order, and cuts after it", async () => {
    const screen = "new TopScreen(rows, { max_rows: 2 }).show(list, ({ pid }) => pid);";
    expect(pids(await run("screen.ts", screen, "--sort", "hidden"))).toEqual(["PID", "9", "100"]);
    expect(pids(await run("screen.ts", screen, "--max-events", "9"))).toContain("100");
  });

  it("keeps rows before what is printed after them, on both outputs", async () => {
    const mixed = `${printAll} print("end"); rows.print(list[0]); rows.print(list[2]); eprint("told"); rows.print(list[1]);`;
    const lines = await run("mixed.ts", mixed, "--sort", "pid");
    expect(pids(lines)).toEqual(["told", "PID", "9", "10", "100", "end", "9", "100", "10"]);
  });

  it("says what cannot be sorted", async () => {
    const alone = "for (const row of list) { rows.print(row); print(); }";
    expect(await run("alone.ts", alone, "--sort", "pid")).toContain(
      "warning: --sort sorted nothing: the script prints something else between its rows",
    );
    expect(await run("nothing.ts", 'print("x");', "--sort", "pid")).toContain(
      "warning: --sort sorted nothing: the script printed no rows that have columns, and no tables of a report",
    );
    const wrong = await run("wrong.ts", printAll, "--sort", "pod");
    expect(wrong.join("\n")).toMatch(/--sort: the rows have no field "pod"[^]*did you mean "pid"/);
    const events = await runCli(["--json-errors", "-c", command, "opensnoop", "--sort", "pid"]);
    expect(parseCliError(events)).toMatchObject({
      message: "--sort puts the rows of a table in order, and these rows are events: each is printed when it comes",
    });
    const printed = await runCli(["run", "--json-errors", "--sort", ":desc", join(root, "scripts/hello.ts")]);
    expect(parseCliError(printed)).toMatchObject({ message: '--sort ":desc": no field is named', exitCode: 2 });
  });

  it("orders the tables of a one-liner by a part of the key, and of a C file", async () => {
    const line = `tracepoint:syscalls:sys_enter_mkdir if (pid == cpid) { count(str(args->pathname), args->mode); sum(args->mode, str(args->pathname)); }`;
    const make = `mkdir -m 700 ${folder}/b1 ${folder}/a1 ${folder}/c1`;
    const result = await runCli(["-e", line, "--sort", "pathname:desc", "-c", make]);
    expect(result.stdout.match(/[abc]1(?=,)/g)).toEqual(["c1", "b1", "a1"]);
    const empty = await runCli(["-e", line, "--sort", "path", "-c", "true"]);
    expect([empty.stdout, empty.stderr]).toEqual(["", "Attached 1 probe.\n"]);
    const refused = await runCli(["-e", line, "--sort", "path", "--json-errors", "-c", `mkdir -p ${folder}/a1`]);
    expect(parseCliError(refused)).toMatchObject({
      message: '--sort: the rows have no field "path"',
      hint: "they have: pathname, mode, key, value",
    });
    // What was counted is not lost by it.
    expect(refused.stdout.match(/a1/g)).toHaveLength(2);
    const script = await runCli(["-e", line, "--sort", "pathname", "--script", "--json-errors"]);
    expect(parseCliError(script).message).toMatch(/^--script has no order "pathname"/);
    const file = writeScript(
      folder,
      "sorted.c",
      `BPF_HASH(by_mode, u32, u64);
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {
    u32 mode = args->mode;
    if (mode == 0711 || mode == 0722 || mode == 0733) by_mode.increment(mode);
    return 0;
}
`,
    );
    const modes = `sh -c 'for m in 722 733 722 733 733 711; do mkdir -m $m ${folder}/m; rmdir ${folder}/m; done'`;
    for (const [order, expected] of [
      ["key:desc", ["475", "466", "457"]],
      ["key", ["457", "466", "475"]],
      ["value:desc", ["475", "466", "457"]],
    ] as const) {
      const tables = await runCli(["run", "--sort", order, "-c", modes, file]);
      expect(tables.stdout.match(/^\d+(?= )/gm)).toEqual(expected);
    }
  });
});
