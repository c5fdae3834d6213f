import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Profile } from "pprof-format";
import { beforeAll, describe, expect, it } from "vitest";
import { buildProgram } from "../support/own-program.ts";
import { readXml } from "../support/read-xml.ts";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const routes = join(folder, "routes");
/** Naps of 5 ms: 10 by way of `by_one`, 4 by way of `by_two`. */
const workload = `${routes} 10`;
beforeAll(() => buildProgram("routes.c", routes));

const run = (...args: readonly string[]): ReturnType<typeof runCli> =>
  runCli(["-c", workload, ...args], { cwd: folder });

const read = (name: string): string => readFileSync(join(folder, name), "utf8");

describe("pictures of stacks", () => {
  it("have the calls that a program made, exactly, in each format", async () => {
    const result = await run(
      "--folded",
      "f.txt",
      "stackcount",
      "--flame",
      "f.svg",
      "--flame=f.html",
      "--speedscope",
      "f.json",
      "--pprof",
      "f.pb.gz",
      "--perfetto",
      "f.trace",
      `${routes}:by_*`,
    );
    expect(result.status).toBe(0);
    expect(result.stderr).toBe('bpfts: wrote 2 stacks to "f.txt", "f.json", "f.pb.gz", "f.trace", "f.svg", "f.html"\n');
    // Pictures take the place of the list.
    expect(result.stdout).not.toContain("by_one");
    const folded = read("f.txt")
      .trimEnd()
      .split("\n")
      .map((line) => /;main;(by_\w+) (\d+)$/.exec(line)!.slice(1));
    expect(folded).toEqual([
      ["by_one", "10"],
      ["by_two", "4"],
    ]);
    for (const name of ["f.svg", "f.html"]) {
      const frames = readXml(read(name)).querySelectorAll(".frame");
      const values = Object.fromEntries(
        frames.map((frame) => [frame.getAttribute("data-name"), Number(frame.getAttribute("data-value"))]),
      );
      expect(values).toMatchObject({ all: 14, main: 14, by_one: 10, by_two: 4 });
    }
    const { shared, profiles } = JSON.parse(read("f.json")) as {
      shared: { frames: { name: string }[] };
      profiles: { samples: number[][]; weights: number[]; endValue: number }[];
    };
    const last = profiles[0]!.samples.map((sample) => shared.frames[sample.at(-1)!]!.name);
    expect(last.map((name, index) => [name, profiles[0]!.weights[index]])).toEqual([
      ["by_one", 10],
      ["by_two", 4],
    ]);
    const { traceEvents } = JSON.parse(read("f.trace")) as {
      traceEvents: { name: string; dur?: number; ts?: number }[];
    };
    expect(traceEvents.filter(({ name }) => /^by_/.test(name)).map(({ name, ts, dur }) => [name, ts, dur])).toEqual([
      ["by_one", 0, 10],
      ["by_two", 10, 4],
    ]);
    const {
      sample,
      function: functions,
      stringTable,
    } = Profile.decode(gunzipSync(readFileSync(join(folder, "f.pb.gz"))));
    const name = (id: unknown): string => stringTable.strings[Number(functions[Number(id) - 1]!.name)]!;
    expect(sample.map(({ locationId, value }) => [name(locationId[0]), name(locationId[1]), Number(value[0])])).toEqual(
      [
        ["by_one", "main", 10],
        ["by_two", "main", 4],
      ],
    );
  });

  it("stand beside folded output and JSON, with the same stacks", async () => {
    const result = await run("stackcount", "-fP", "--folded=same.txt", `${routes}:by_*`);
    expect(result.stdout.trimEnd().split("\n").sort()).toEqual(read("same.txt").trimEnd().split("\n"));
    expect(read("same.txt")).toMatch(/^routes;/);
  });

  it("have the times of offcputime in microseconds", async () => {
    await run("offcputime", "--speedscope", "off.json", "--stack-storage-size", "65536", "--state", "1");
    const { profiles } = JSON.parse(read("off.json")) as { profiles: { unit: string; endValue: number }[] };
    expect(profiles[0]!.unit).toBe("microseconds");
    // 14 naps of 5 ms and one of 20.
    expect(profiles[0]!.endValue).toBeGreaterThan(90_000);
    expect(profiles[0]!.endValue).toBeLessThan(2_000_000);
  });

  it("are of the tables of a one-liner, each count once", async () => {
    const nap = "tracepoint:syscalls:sys_enter_clock_nanosleep if (pid == cpid)";
    const rows = async (text: string, ...args: readonly string[]): Promise<string[]> => {
      const result = await run("-e", text, "--folded", "line.txt", ...args);
      expect(result).toMatchObject({ status: 0 });
      expect(result.stdout).not.toContain("nanosleep+");
      return read("line.txt").trimEnd().split("\n");
    };
    const total = (lines: readonly string[]): number =>
      lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
    const lines = await rows(`${nap} { count(comm, kstack, ustack); }`);
    expect(total(lines)).toBe(15);
    expect(lines.every((line) => /^routes;.*\[libc\.so\.6\];.*syscall/.test(line))).toBe(true);
    // The tables stay as they are at each interval.
    expect(total(await rows(`${nap} { count(ustack); }`, "-i", "0.03", "--keep"))).toBe(15);
    expect(total(await rows(`${nap} { count(ustack); }`, "-i", "0.03"))).toBe(15);
    const both = await rows(`${nap} { a.count(ustack); b.sum(2, ustack); count(comm); }`);
    expect([
      total(both.filter((line) => line.startsWith("a;"))),
      total(both.filter((line) => line.startsWith("b;"))),
    ]).toEqual([15, 30]);
  });

  it("do not go where the output goes", async () => {
    const same = await run("-e", "profile:hz:99 { count(kstack); }", "--folded", "same", "-o", "same");
    expect(same).toMatchObject({ status: 2, stdout: "" });
    expect(same.stderr).toContain('--output and --folded name the same file "same"');
  });

  it("are refused before the script begins, and missed when there are none", async () => {
    const script = writeScript(folder, "quiet.ts", `import { print } from "bpfts";\nprint("began");\n`);
    const none = await runCli(["run", "--flame", "none.svg", script], { cwd: folder });
    expect(none).toMatchObject({ status: 0, stdout: "began\n" });
    expect(none.stderr).toContain('warning: The script recorded no stacks, so nothing was written to "none.svg"');
    expect(existsSync(join(folder, "none.svg"))).toBe(false);
    for (const [path, message] of [
      ["a.png", "the name ends neither in .svg nor in .html"],
      ["no/a.svg", "there is no such folder"],
    ] as const) {
      const refused = await runCli(["run", "--flame", path, script], { cwd: folder });
      expect(refused).toMatchObject({ status: 2, stdout: "" });
      expect(refused.stderr).toContain(message);
    }
  });

  it("are of a script's own stacks, too, and no picture is asked for without the option", async () => {
    const script = writeScript(
      folder,
      "own.ts",
      `import { print, record_stack } from "bpfts";
print(record_stack({ process: "p", frames: ["main", "work"], value: 5n, unit: "bytes" }), record_stack({ frames: ["idle"], value: 2, unit: "bytes" }));
`,
    );
    writeFileSync(join(folder, "own.txt"), "old");
    expect(await runCli(["run", script], { cwd: folder })).toMatchObject({ stdout: "false false\n", stderr: "" });
    expect(read("own.txt")).toBe("old");
    expect((await runCli(["run", "--folded", "own.txt", script], { cwd: folder })).stdout).toBe("true true\n");
    expect(read("own.txt")).toBe("idle 2\np;main;work 5\n");
  });

  it("are drawn later by bpfts flame as they were drawn at once", async () => {
    const options = [
      "--flame",
      "once.svg",
      "--folded",
      "kept.txt",
      "--pprof",
      "kept.pb.gz",
      "--speedscope",
      "kept.json",
    ];
    const tool = ["stackcount", `${routes}:by_*`];
    expect((await run(...options, ...tool)).status).toBe(0);
    const listBoxes = (name: string): unknown =>
      readXml(read(name))
        .querySelectorAll(".frame")
        .map((frame) => ["data-name", "data-depth", "data-value"].map((key) => frame.getAttribute(key)));
    for (const kept of ["kept.txt", "kept.pb.gz", "kept.json"]) {
      const { status, stdout, stderr } = await runCli(["flame", kept, "-o", "later.html"], { cwd: folder });
      expect({ status, stdout, stderr }).toEqual({
        status: 0,
        stdout: "",
        stderr: 'bpfts: wrote 2 stacks to "later.html"\n',
      });
      expect(listBoxes("later.html")).toEqual(listBoxes("once.svg"));
    }
    const none = await runCli(["flame", "--before", "gone.txt", "kept.txt"], { cwd: folder });
    expect([none.status, none.stderr]).toEqual([2, 'error: Cannot read "gone.txt": no such file\n']);
  });
});

describe("heat maps of histograms", () => {
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, number) => all + number, 0);
  /** The counts of a picture's cells, added up by the lower end of their rows. */
  const readCells = (name: string): Record<string, number> => {
    const sums: Record<string, number> = {};
    for (const cell of readXml(read(name)).querySelectorAll(".cell")) {
      const from = cell.getAttribute("data-from")!;
      sums[from] = (sums[from] ?? 0) + Number(cell.getAttribute("data-count"));
    }
    return sums;
  };

  it("have in their cells what the histograms of all intervals add up to", async () => {
    const result = await run("cpudist", "-O", "--heatmap", "off.svg", "--heatmap=off.html", "--json", "0.05");
    expect(result.status).toBe(0);
    const sums: Record<string, number> = {};
    const histograms = result.stdout.split("\n").filter((line) => line.startsWith("{"));
    for (const line of histograms) {
      const { data } = JSON.parse(line) as { data: { "interval-start": number; count: number }[] };
      for (const { "interval-start": from, count } of data) if (count > 0) sums[from] = (sums[from] ?? 0) + count;
    }
    // 14 naps of 5 ms and one of 20, at least.
    expect(sum(Object.values(sums))).toBeGreaterThanOrEqual(15);
    expect(readCells("off.svg")).toEqual(sums);
    expect(readCells("off.html")).toEqual(sums);
    expect(result.stderr).toMatch(/^bpfts: wrote \d+ histograms? to "off\.svg", "off\.html"\n$/);
  });

  it("take the place of the list, and go on by the second without an interval", async () => {
    const result = await run("cpudist", "-O", "--heatmap", "quiet.svg");
    expect(result.stdout.trim().split("\n")).toEqual(["Tracing off-CPU time... Hit Ctrl-C to end."]);
    expect(sum(Object.values(readCells("quiet.svg")))).toBeGreaterThanOrEqual(15);
  });

  it("are of the histograms of a one-liner, with their own ends", async () => {
    const nap = "tracepoint:syscalls:sys_enter_clock_nanosleep if (pid == cpid)";
    const result = await run(
      "-e",
      `${nap} { lhist(5, 10, 20, 2); hist(3, comm); }`,
      "--heatmap",
      "line.svg",
      "-i",
      "0.03",
    );
    expect(result.status).toBe(0);
    expect(result.stdout).not.toContain("distribution");
    const panels = readXml(read("line.svg")).querySelectorAll(".panel");
    const totals = panels.map((panel) => [
      panel.getAttribute("data-name"),
      sum(panel.querySelectorAll(".cell").map((cell) => Number(cell.getAttribute("data-count")))),
      [...new Set(panel.querySelectorAll(".row-name").map((label) => label.textContent))],
    ]);
    expect(totals).toEqual([
      ["", 15, ["< 10"]],
      ['comm = "routes"', 15, ["2 -> 3"]],
    ]);
    const kept = await run("-e", `${nap} { hist(3); }`, "--heatmap", "line.svg", "-i", "1", "--keep");
    expect(kept).toMatchObject({ status: 2, stderr: expect.stringContaining("hint: leave out --keep") });
  });

  it("are missed by a tool that prints none", async () => {
    const result = await run("syscount", "--heatmap", "none.svg");
    expect(result.stderr).toContain('The script recorded no histograms, so nothing was written to "none.svg"');
    expect(existsSync(join(folder, "none.svg"))).toBe(false);
  });
});
