import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { makeLoopDevice, nameDisk } from "../support/own-loop-device.ts";
import { makeFolder, runCli } from "../support/run-cli.ts";
import { runTool as runAnyTool, split } from "../support/run-tool.ts";

const folder = makeFolder();
const [one, other] = [makeLoopDevice(folder, "one"), makeLoopDevice(folder, "other")];
const disk = nameDisk(one);

/** Requests of 4 KB each, around the page cache. */
const read = (path: string, count: number): string =>
  `dd if=${path} of=/dev/null bs=4k count=${count} iflag=direct status=none`;
const write = (path: string, count: number): string =>
  `dd if=/dev/zero of=${path} bs=8k seek=64 count=${count} oflag=direct status=none`;

const runTool = (command: string, ...args: readonly string[]): Promise<string[]> =>
  runAnyTool(folder, command, ...args);

interface Histogram {
  readonly data: readonly { readonly count: number }[];
  readonly disk?: string;
  readonly flags?: string;
}

const readHistograms = (lines: readonly string[]): Histogram[] =>
  lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Histogram);
const sum = ({ data }: Histogram): number => data.reduce((total, { count }) => total + count, 0);

/** How many reads the kernel itself has counted. */
const countReads = (): number => Number(readFileSync(`/sys/block/${disk}/stat`, "utf8").trim().split(/\s+/)[0]);

describe("biosnoop", () => {
  it("prints each request of a command with its process, place and size", async () => {
    const lines = await runTool(`sh -c '${read(one, 25)}; ${write(one, 3)}'`, "biosnoop");
    expect(lines[0]).toBe("TIME(s)     COMM           PID     DISK      T SECTOR     BYTES  LAT(ms)");
    // The machine's own disk is asked for dd where nobody ran it for a while.
    const rows = split(lines.slice(1)).filter((row) => row[3] === disk);
    expect(rows.map(([, comm, , name, type, sector, bytes]) => [comm, name, type, sector, bytes])).toEqual([
      ...Array.from({ length: 25 }, (_, at) => ["dd", disk, "R", String(at * 8), "4096"]),
      ...Array.from({ length: 3 }, (_, at) => ["dd", disk, "W", String(1024 + at * 16), "8192"]),
    ]);
    expect(rows.every(([, , pid, , , , , latency]) => Number(pid) > 1 && /^\d+\.\d\d$/.test(latency!))).toBe(true);
  });

  it("tells sequential from random requests, the time in the queue, and disks apart", async () => {
    const command = `sh -c '${read(one, 3)}; ${read(other, 5)}; ${write(one, 2)}'`;
    const lines = await runTool(command, "biosnoop", "-PQ", "-d", disk);
    expect(lines[0]).toBe("TIME(s)     COMM           PID     DISK      T SECTOR     BYTES  P QUE(ms) LAT(ms)");
    expect(split(lines.slice(1)).map((row) => [row[3], row[7], row.length])).toEqual(
      ["?", "S", "S", "R", "S"].map((pattern) => [disk, pattern, 10]),
    );
    const json = await runTool(read(other, 1), "biosnoop", "--json");
    const requests = json.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(requests.filter((request) => request["disk"] === nameDisk(other))).toMatchObject([
      { comm: "dd", type: "R", bytes: 4096 },
    ]);
  });

  it("says that there is no such disk", async () => {
    const result = await runCli(["biosnoop", "-d", "nosuchdisk"], { cwd: folder });
    expect(result).toMatchObject({ status: 1, stdout: "", stderr: "no such disk 'nosuchdisk'\n" });
  });
});

describe("biolatency", () => {
  it("counts each request once, as the kernel does", async () => {
    const before = countReads();
    const [histogram] = readHistograms(await runTool(read(one, 100), "biolatency", "-j", "-d", disk));
    expect(sum(histogram!)).toBe(100);
    expect(countReads() - before).toBe(100);
  });

  it("tells disks and flags apart", async () => {
    const command = `sh -c '${read(one, 7)}; ${read(other, 5)}; ${write(one, 3)}'`;
    const disks = readHistograms(await runTool(command, "biolatency", "-D", "--json"));
    expect(Object.fromEntries(disks.map((histogram) => [histogram.disk, sum(histogram)]))).toEqual({
      [disk]: 10,
      [nameDisk(other)]: 5,
    });
    const flags = readHistograms(await runTool(command, "biolatency", "-F", "--json"));
    expect(Object.fromEntries(flags.map((histogram) => [histogram.flags, sum(histogram)]))).toEqual({
      "Sync-Read": 12,
      [flags.find(({ flags }) => /Write$/.test(flags!))!.flags!]: 3,
    });
  });

  it("has BCC's layout, adds times up, and has more of them with the queue", async () => {
    const lines = await runTool(read(one, 20), "biolatency", "-eT");
    expect(lines[0]).toBe("Tracing block device I/O... Hit Ctrl-C to end.");
    expect(lines[2]).toMatch(/^\d\d:\d\d:\d\d$/);
    expect(lines[3]).toBe("     usecs               : count     distribution");
    expect(lines.at(-1)).toMatch(/^avg = \d+ usecs, total: \d+ usecs, count: 20$/);
    const queued = await runTool(read(one, 20), "biolatency", "-eQmj");
    expect(JSON.parse(queued.at(-1)!)).toMatchObject({ count: 20 });
  });

  it("takes one of -D and -F", async () => {
    const result = await runCli(["biolatency", "-D", "-F"], { cwd: folder });
    expect(result.status).toBe(2);
    expect(result.stderr).toContain("argument -F/--flags: not allowed with argument -D/--disks");
  });
});
