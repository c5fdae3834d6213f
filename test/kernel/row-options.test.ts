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
