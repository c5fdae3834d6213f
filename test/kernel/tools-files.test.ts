import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { makeFolder, root, runCli } from "../support/run-cli.ts";
import { runTool, split } from "../support/run-tool.ts";

const folder = makeFolder();
const file = join(folder, "known-file");
const fifo = join(folder, "known-fifo");
const workload = `/usr/bin/python3 ${join(root, "test/kernel/programs/files.py")} ${file} ${fifo}`;
const number: unknown = expect.stringMatching(/^\d+$/);

describe("filetop", () => {
  it("adds up what a thread reads and writes of a file, with vectors and offsets, too", async () => {
    const rows = split(await runTool(folder, workload, "filetop", "-C", "-r", "1000", "30"));
    expect(rows[0]!.join(" ")).toBe("Tracing... Output every 30 secs. Hit Ctrl-C to end");
    expect(rows[4]).toEqual(["TID", "COMM", "READS", "WRITES", "R_Kb", "W_Kb", "T", "FILE"]);
    expect(rows.filter((row) => row.at(-1) === "known-file")).toEqual([
      [number, "python3", "7", "4", "12", "14", "R", "known-file"],
    ]);
    expect(rows.at(-1)).toEqual(["Detaching..."]);
    expect(rows.some((row) => row.at(-1) === "known-fifo")).toBe(false);
  });

  it("sorts by a column, shows other kinds of files, and prints objects", async () => {
    const rows = await runTool(folder, workload, "filetop", "-a", "-s", "wbytes", "-r", "2", "--json", "30");
    const objects = rows.map((row) => JSON.parse(row) as { name?: string; file: string; w_kb: number; type: string });
    expect(objects).toMatchObject([
      { file: "known-file", w_kb: 14, reads: 7, type: "R" },
      { file: "known-fifo", writes: 1, type: "O" },
    ]);
  });
});

describe("fileslower", () => {
  it("prints every call for a threshold of nothing, with what it moved", async () => {
    const rows = split(await runTool(folder, workload, "fileslower", "0"));
    expect(rows[0]!.join(" ")).toBe("Tracing sync read/writes slower than 0 ms");
    expect(rows[1]).toEqual(["TIME(s)", "COMM", "TID", "D", "BYTES", "LAT(ms)", "FILENAME"]);
    const own = rows.filter((row) => row.at(-1) === "known-file");
    expect(own.map((row) => `${row[3]} ${row[4]}`)).toEqual([
      ...["W 4096", "W 4096", "W 4096", "W 2048"],
      ...["R 2048", "R 2048", "R 2048", "R 2048", "R 2048", "R 2048", "R 0"],
    ]);
    expect(own.every((row) => /^\d+\.\d{3}$/.test(row[0]!) && /^\d+\.\d\d$/.test(row[5]!))).toBe(true);
  });

  it("prints what is slower than the threshold alone", async () => {
    const rows = split(await runTool(folder, workload, "fileslower", "-a", "100"));
    const [row] = rows.filter((words) => words.at(-1) === "known-fifo");
    expect(row!.slice(1, 5)).toEqual(["python3", number, "R", "4"]);
    expect(Number(row![5])).toBeGreaterThanOrEqual(200);
    expect(rows.some((words) => words.at(-1) === "known-file")).toBe(false);
  });
});

describe("sofdsnoop", () => {
  const passed = join(folder, "passed-file");
  const program = `/usr/bin/python3 ${join(root, "test/kernel/programs/descriptors.py")} ${passed}`;
  beforeAll(() => writeFileSync(passed, ""));

  it("prints each descriptor that is passed and received, behind other control messages, too", async () => {
    const lines = await runTool(folder, program, "sofdsnoop");
    expect(lines[0]).toBe("ACTION TID    COMM             SOCKET                    FD    NAME");
    const [here, there, opened, pipe, first, second, hereInode, pipeInode, thereInode] = lines
      .find((line) => /^\d/.test(line))!
      .split(" ");
    const rows = split(lines.filter((line) => /^(SEND|RECV)/.test(line)));
    expect(rows.map((row) => [row[0], ...row.slice(3)])).toEqual([
      ["SEND", `${here}:socket:[${hereInode}]`, opened, "passed-file"],
      ["SEND", `${here}:socket:[${hereInode}]`, pipe, `pipe:[${pipeInode}]`],
      ["RECV", `${there}:socket:[${thereInode}]`, first, "passed-file"],
      ["RECV", `${there}:socket:[${thereInode}]`, second, `pipe:[${pipeInode}]`],
      ["SEND", `${here}:socket:[${hereInode}]`, there, `socket:[${thereInode}]`],
    ]);
  });

  it("says how many of a large message it does not show", async () => {
    const { stdout, stderr } = await runCli(["-c", `${program} 70`, "sofdsnoop", "--json"], { cwd: folder });
    expect(stdout.split("\n").filter((line) => line.startsWith("{"))).toHaveLength(5 + 64);
    expect(stderr).toBe("warning: 6 more descriptors of that message are not shown\n");
  });
});
