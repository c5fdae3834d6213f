import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { cli, makeFolder, root, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const script = writeScript(
  folder,
  "top.ts",
  `import { RowPrinter, TopScreen, argv, intervals, json_output, loadavg_title } from "bpfts";
json_output(argv.includes("json"));
const rows = new RowPrinter<{ n: number; text: string }>([
  { head: "N", format: "%-3d", value: "n" },
  { head: "TEXT", format: "%s", value: "text" },
]);
const screen = new TopScreen(rows, { max_rows: 6, clear: !argv.includes("noclear") });
const list = [5, 1, 9, 7, 3, 8, 2].map((n) => ({ n, text: "é".repeat(n * 10) }));
for (const _ of intervals(0.01, 2)) screen.show(list, (row) => row.n, loadavg_title());
`,
);

/** Runs it under a terminal of 40 columns and 6 lines. */
async function runInTerminal(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(
    "script",
    ["-qec", `stty cols 40 rows 6; "${process.execPath}" "${cli}" run "${script}" -- ${args.join(" ")}`, "/dev/null"],
    { cwd: root, env: { PATH: process.env["PATH"], HOME: process.env["HOME"], TERM: "xterm" } },
  );
  return stdout.replaceAll("\r\n", "\n");
}

const title = /^\d\d:\d\d:\d\d loadavg: [\d.]+ [\d.]+ [\d.]+ \d+\/\d+ \d+$/;

describe("a screen like top's", () => {
  it("prints tables below each other where there is no terminal, with the largest rows first", async () => {
    const { stdout } = await runCli(["run", script]);
    const tables = stdout.split("\n").slice(0, -1);
    expect(tables).toHaveLength(20);
    expect(tables.slice(0, 10).map((line) => line.slice(0, 3))).toEqual([
      "",
      expect.any(String),
      "",
      "N  ",
      "9  ",
      "8  ",
      "7  ",
      "5  ",
      "3  ",
      "2  ",
    ]);
    expect(tables[1]).toMatch(title);
    expect(tables[4]).toBe(`9   ${"é".repeat(90)}`);
  });

  it("clears a terminal, and cuts the table to its size", async () => {
    const screens = (await runInTerminal()).split("\x1b[H\x1b[2J");
    expect(screens).toHaveLength(3);
    const lines = screens[2]!.split("\n");
    expect(lines).toHaveLength(6);
    expect(lines.slice(1)).toEqual(["", "N   TEXT", `9   ${"é".repeat(36)}`, `8   ${"é".repeat(36)}`, ""]);
    expect(await runInTerminal("noclear")).not.toContain("\x1b");
  });

  it("prints objects with the time", async () => {
    const { stdout } = await runCli(["run", script, "--", "json"]);
    const objects = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(objects).toHaveLength(12);
    expect(objects[0]).toEqual({
      time: expect.stringMatching(/^\d\d:\d\d:\d\d$/) as unknown,
      n: 9,
      text: "é".repeat(90),
    });
  });
});
