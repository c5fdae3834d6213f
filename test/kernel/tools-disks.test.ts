import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { port } from "../support/live-object.ts";
import { needFeature } from "../support/need-feature.ts";
import { makeDiskFolder } from "../support/own-disk.ts";
import { makeFolder, root } from "../support/run-cli.ts";
import { runTool, split } from "../support/run-tool.ts";

const folder = makeFolder();
const disk = makeDiskFolder(folder);
const workload = `/usr/bin/python3 ${join(root, "test/kernel/programs/disk.py")} ${disk}`;

describe("slabratetop", () => {
  it("counts what the kernel allocates for a command", async () => {
    const opens = `/usr/bin/python3 -c "import os; [os.close(os.open('/dev/null', 0)) for _ in range(2000)]"`;
    const rows = split(await runTool(folder, opens, "slabratetop", "-C", "-r", "1000", "30"));
    expect(rows[0]!.join(" ")).toBe("Tracing... Output every 30 secs. Hit Ctrl-C to end");
    expect(rows[4]).toEqual(["CACHE", "ALLOCS", "BYTES"]);
    const [, files, bytes] = rows.find(([cache]) => cache === "filp")!;
    // Python itself opens a few.
    expect(Number(files)).toBeGreaterThanOrEqual(2000);
    expect(Number(files)).toBeLessThan(2600);
    expect(Number(bytes) % Number(files)).toBe(0);
    expect(rows.at(-1)).toEqual(["Detaching..."]);
  });
});

describe("bitesize", () => {
  it("shows the sizes of a command's requests", async () => {
    const rows = await runTool(folder, workload, "bitesize");
    expect(rows[0]).toBe("Tracing block I/O... Hit Ctrl-C to end.");
    const [, ours] = /Process Name = python3\n([\s\S]*?)(?:\n\n|$)/.exec(rows.join("\n"))!;
    // Seven of 64 KB around the cache, and 64 single pages that were not in it; the file system reads a few for itself.
    expect(ours).toMatch(/^ +64 -> 127 +: 7 /m);
    const pages = Number(/^ +4 -> 7 +: (\d+) /m.exec(ours!)![1]);
    expect(pages).toBeGreaterThanOrEqual(64);
    expect(pages).toBeLessThan(84);
  });
});

/** Fields of the one object that a tool prints for the workload with so many turns over 64 pages. */
async function count(turns: number, ...args: readonly string[]): Promise<Record<string, number>> {
  const rows = await runTool(folder, `${workload} ${turns}`, ...args, "--json", "30");
  const own = rows.map((row) => JSON.parse(row) as Record<string, number | string>);
  return own.find(({ comm }) => comm === undefined || comm === "python3") as Record<string, number>;
}

describe("cachestat", () => {
  it("counts each use of a page that is there", async (context) => {
    needFeature(context, port, "kprobe");
    const rows = split(await runTool(folder, `${workload} 3`, "cachestat", "-T", "30"));
    expect(rows[0]).toEqual(["TIME", "HITS", "MISSES", "DIRTIES", "HITRATIO", "BUFFERS_MB", "CACHED_MB"]);
    expect(rows[1]).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d$/),
      ...Array<unknown>(3).fill(expect.stringMatching(/^\d+$/)),
      expect.stringMatching(/^\d+\.\d\d%$/),
      ...Array<unknown>(2).fill(expect.stringMatching(/^\d+$/)),
    ]);
    const many = await count(13, "cachestat");
    // The first time Python's own files have to be read; each hit of a page counts all the same.
    const few = await count(3, "cachestat");
    expect(Math.abs(many.hits! - few.hits! - 640)).toBeLessThan(60);
    expect(few.misses).toBeGreaterThanOrEqual(64);
  });
});

describe("cachetop", () => {
  it("counts uses of pages by process", async (context) => {
    needFeature(context, port, "kprobe");
    const rows = split(await runTool(folder, workload, "cachetop", "-C", "30"));
    expect(rows[1]!.slice(1).join(" ")).toMatch(
      /^Buffers MB: \d+ \/ Cached MB: \d+ \/ Sort: HITS \/ Order: descending$/,
    );
    expect(rows[2]).toEqual(["PID", "UID", "CMD", "HITS", "MISSES", "DIRTIES", "READ_HIT%", "WRITE_HIT%"]);
    const own = rows.find((row) => row[2] === "python3")!;
    expect([own[1], /^\d+\.\d%$/.test(own[6]!)]).toEqual(["root", true]);
    const [few, many] = [await count(3, "cachetop"), await count(13, "cachetop")];
    expect(Math.abs(many.hits! - few.hits! - 640)).toBeLessThan(40);
  });
});

describe("ext4slower", () => {
  it("prints every operation for a threshold of nothing, with its offset and size", async (context) => {
    needFeature(context, port, "kprobe");
    const rows = await runTool(folder, workload, "ext4slower", "-j", "0");
    expect(rows[0]).toBe("ENDTIME_us,TASK,PID,TYPE,BYTES,OFFSET_b,LATENCY_us,FILE");
    const own = rows.map((row) => row.split(",")).filter((row) => row[7] === "disk-file");
    const reads = Array.from({ length: 64 }, (_, page) => `R 4096 ${page * 4096}`);
    expect(own.map((row) => row.slice(3, 6).join(" "))).toEqual([
      ...["O 0 0", "W 262144 0", "S 0 0"],
      ...[...reads, ...reads, ...reads, ...reads],
      "O 0 0",
      ...Array.from({ length: 7 }, (_, at) => `W 65536 ${at * 65536}`),
    ]);
  });
});

describe("ext4dist", () => {
  it("counts operations by how long they take", async (context) => {
    needFeature(context, port, "kprobe");
    const rows = await runTool(folder, workload, "ext4dist", "-m");
    expect(rows[0]).toBe("Tracing ext4 operation latency... Hit Ctrl-C to end.");
    const sums: Record<string, number> = {};
    for (const [, operation, table] of rows.join("\n").matchAll(/operation = (\w+)\n((?: .*\n?)+)/g))
      sums[operation!] = [...table!.matchAll(/-> \d+ +: (\d+) /g)].reduce((sum, [, n]) => sum + Number(n), 0);
    expect(sums).toMatchObject({ write: 8, fsync: 1, open: 2 });
    expect(sums["read"]).toBe(256);
  });
});

describe("vfsstat", () => {
  it("counts the calls of a command, and prints rates", async (context) => {
    needFeature(context, port, "kprobe");
    const [counted] = (await runTool(folder, workload, "vfsstat", "--json", "30")).map(
      (row) => JSON.parse(row) as object,
    );
    expect(counted).toMatchObject({ write: 8, fsync: 1, create: 0 });
    const rows = split(await runTool(folder, workload, "vfsstat", "30"));
    expect(rows[0]).toEqual(["TIME", "READ/s", "WRITE/s", "FSYNC/s", "OPEN/s", "CREATE/s"]);
    expect(rows[1]).toHaveLength(6);
  });
});

describe("vfscount", () => {
  it("counts the calls of each function, the fewest first", async (context) => {
    needFeature(context, port, "kprobe");
    const rows = split(await runTool(folder, workload, "vfscount"));
    expect(rows.slice(0, 3)).toEqual([["Tracing...", "Ctrl-C", "to", "end."], [""], ["ADDR", "FUNC", "COUNT"]]);
    const counts = rows.slice(3).map(([, name, number]) => [name, Number(number)] as const);
    expect(counts).toEqual(
      expect.arrayContaining([
        ["vfs_write", 8],
        ["vfs_fsync_range", 1],
      ]),
    );
    expect(counts.map(([, number]) => number)).toEqual(counts.map(([, number]) => number).sort((x, y) => x - y));
  });
});

describe("biotop", () => {
  it("adds up what a command writes and reads around the cache and through it", async () => {
    const rows = split(await runTool(folder, workload, "biotop", "-C", "30"));
    expect(rows[4]).toEqual(["PID", "COMM", "D", "MAJ", "MIN", "DISK", "I/O", "Kbytes", "AVGms"]);
    const own = rows.filter((row) => row[1] === "python3");
    const find = (direction: string): string[] => own.find((row) => row[2] === direction)!;
    // The file of 256 KB is written through the cache, and 7 times 64 KB around it; single pages are read.
    expect(Number(find("W")[7])).toBeGreaterThanOrEqual(7 * 64);
    expect(Number(find("R")[6])).toBeGreaterThanOrEqual(64);
    expect(Number(find("R")[7])).toBeGreaterThanOrEqual(256);
    const disks = readFileSync("/proc/diskstats", "utf8");
    expect(disks).toMatch(new RegExp(`^ *${find("W")[3]} +${find("W")[4]} ${find("W")[5]} `, "m"));
    expect(rows.at(-1)).toEqual(["Detaching..."]);
  });
});
