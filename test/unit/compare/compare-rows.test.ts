import { describe, expect, it } from "vitest";
import { compareOutputs, sumFolded, sumHistograms } from "../../compare/compare-rows.ts";
import { judgeAlone, judgePair, renderReport } from "../../compare/report.ts";
import type { PairResult } from "../../compare/report.ts";

describe("rows of two tools", () => {
  it("are equal in any order, whatever the widths of columns", () => {
    const found = compareOutputs("PID  COMM\n1    a\n20   b\n", "PID COMM\n20  b\n1   a\n");
    expect(found).toEqual({ equal: ["PID COMM", "1 a", "20 b"], explained: [], unexplained: [] });
  });

  it("stand as often in one as in the other", () => {
    expect(compareOutputs("a\na\na\n", "a\nb\na\n").unexplained).toEqual([
      { side: "bcc", row: "a" },
      { side: "ours", row: "b" },
    ]);
  });

  it("keep their order where it counts", () => {
    expect(compareOutputs("a\nb\nc\n", "b\na\nc\n", { isOrdered: true }).unexplained).toEqual([
      { side: "bcc", row: "b" },
      { side: "ours", row: "b" },
    ]);
  });

  it("lose what differs from run to run, and what does not belong to the workload", () => {
    const rules = { only: /^\d/, replace: [[/^\d\d:\d\d/, "TIME"]] as const };
    expect(compareOutputs("noise\n10:11 x\n", "10:12 x\nother noise\n", rules)).toMatchObject({
      equal: ["TIME x"],
      unexplained: [],
    });
  });

  it("have measured numbers that lie near each other", () => {
    const rules = { near: /\d+\.\d+/g, tolerance: { share: 0.1, slack: 0.5 } };
    expect(compareOutputs("x 10.0\n", "x 11.2\n", rules).unexplained).toEqual([]);
    expect(compareOutputs("x 10.0\n", "x 12.0\n", rules).unexplained).toHaveLength(2);
    // A number that is no measurement has to be the same.
    expect(compareOutputs("x 7 10.0\n", "x 8 10.0\n", rules).unexplained).toHaveLength(2);
  });

  it("may stand alone for a reason", () => {
    const rules = { explained: [{ side: "bcc" as const, row: /^b'/, reason: "bytes" }] };
    expect(compareOutputs("b'x'\n", "b'y'\n", rules)).toEqual({
      equal: [],
      explained: [{ side: "bcc", row: "b'x'", reason: "bytes" }],
      unexplained: [{ side: "ours", row: "b'y'" }],
    });
  });
});

describe("histograms", () => {
  it("are summed to a row each", () => {
    const lines = [
      "Tracing...",
      "",
      "pid = 7",
      "     usecs               : count     distribution",
      "         0 -> 1          : 3        |****                |",
      "         2 -> 3          : 0        |                    |",
      "         4 -> 7          : 12       |********************|",
      "",
      "pid = 8",
      "     usecs               : count     distribution",
      "         0 -> 1          : 1        |********************|",
    ];
    expect(sumHistograms(lines)).toEqual(["Tracing...", "", "pid = 7", "usecs: 15", "", "pid = 8", "usecs: 1"]);
  });
});

describe("folded stacks", () => {
  it("that read the same are added up", () => {
    expect(sumFolded(["Sampling...", "a;b 2", "a;c 1", "a;b 40"])).toEqual(["Sampling...", "a;b 42", "a;c 1"]);
  });
});

describe("the judgement", () => {
  const row = { tool: "sometool", work: "true", atLeast: 1 };
  const side = { ready: true, out: "a\n", err: "" };
  const result: PairResult = { name: "sometool", bcc: side, ours: side, work: "", seconds: 1 };

  it("is good when each row has its like", () => {
    const judged = judgePair("sometool", row, result);
    expect(judged).toMatchObject({ isGood: true, equal: 1, unexplained: 0, remarks: [] });
    expect(renderReport([judged])).toContain("1 of 1 tools agree");
  });

  it("is bad for what did not run, did not start, has too few rows or one alone", () => {
    const bad = [
      judgePair("sometool", row, undefined),
      judgePair("sometool", row, { ...result, bcc: { ready: false, out: "", err: "no such probe\n" } }),
      judgePair("sometool", { ...row, atLeast: 2 }, result),
      judgePair("sometool", row, { ...result, ours: { ...side, out: "a\nb\n" } }),
    ];
    expect(bad.map(({ isGood }) => isGood)).toEqual([false, false, false, false]);
    expect(bad.map(({ remarks }) => remarks[0])).toEqual([
      "it did not run",
      "bcc was not ready: no such probe",
      expect.stringContaining("1 equal rows, 2 were expected"),
      "unexplained, ours alone: b",
    ]);
    expect(renderReport(bad)).toContain("0 of 4 tools agree");
  });

  it("of ours on two kernels leaves out processes, ports, addresses and times, and nothing else", () => {
    const rules = { ...row, near: /\d+\.\d+/g };
    const print = (out: string): PairResult => ({
      ...result,
      bcc: { ready: false, out: "", err: "" },
      ours: { ...side, out },
    });
    const before = print("ffff88800671c800 273 python3 39513 4096 CLOSE 0.25\n");
    const judge = (out: string): boolean => judgeAlone("sometool", rules, print(out), before).isGood;
    expect(judge("ffff888006826880 2750 python3 35225 4096 CLOSE 1.75\n")).toBe(true);
    expect(judge("ffff888006826880 275 python3 35225 4096 LISTEN 0.25\n")).toBe(false);
    expect(judge("273 python3 39513 4096 CLOSE 0.25\n")).toBe(false);
    expect(judge("ffff888006826880 275 python3 35225 0 CLOSE 0.25\n")).toBe(false);
    expect(judgeAlone("sometool", { ...rules, atLeast: 2 }, before, undefined).remarks[0]).toMatch(/^1 equal rows, 2/);
    expect(judgeAlone("sometool", rules, undefined, before).remarks).toEqual(["it did not run"]);
  });

  it("takes BCC's failure where it is known, and no other", () => {
    const failed = { ...result, bcc: { ready: false, out: "", err: "Failed to attach BPF program\n" } };
    expect(judgePair("sometool", { ...row, cannotRun: /Failed to attach/ }, failed)).toMatchObject({ isGood: true });
    expect(judgePair("sometool", { ...row, cannotRun: /something else/ }, failed).isGood).toBe(false);
  });
});
