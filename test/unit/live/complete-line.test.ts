import { describe, expect, it } from "vitest";
import { completeLine } from "../../../runtime/live/complete-line.ts";

const members: Readonly<Record<string, readonly string[]>> = {
  "": ["b", "count", "counter", "print"],
  b: ["tables", "trace_print"],
  "b.tables": ["count", "failed"],
};

const complete = (line: string): [string[], string] =>
  completeLine(line, {
    commands: [".on", ".off", ".every"],
    words: ["comm", "count", "pid"],
    listTexts: () => ["1", "12"],
    listTables: () => ["count", "failed"],
    listMembers: (path) => members[path] ?? [],
    completeProbe: (start) => ["kprobe:", "kprobe:vfs_read"].filter((name) => name.startsWith(start)),
    listValues: (probe) => (probe === "tracepoint:a:b" ? ["ret", "fd"] : []),
  });

describe("completion of a line", () => {
  it.each<[line: string, found: string[], word: string]>([
    [".o", [".on", ".off"], ".o"],
    [".off ", ["1", "12", "all"], ""],
    [".off 12", ["12"], "12"],
    [".clear f", ["failed"], "f"],
    [".every 1 ", ["count", "failed"], ""],
    [".top 10 c", ["count"], "c"],
    [".list -v kprobe:v", ["kprobe:vfs_read"], "kprobe:v"],
    [".save x", [], "x"],
    [".on kpr", ["kprobe:", "kprobe:vfs_read"], "kpr"],
    [".on kprobe:x { co", ["comm", "count", "count"], "co"],
    [".on tracepoint:a:b if (pid == 1) { sum(args->r", ["ret"], "r"],
    [".on kprobe:x { } tracepoint:a:b { hist(args->", ["ret", "fd"], ""],
    [".on kprobe:x { count(); } kprobe:v", ["kprobe:vfs_read"], "kprobe:v"],
    ["cou", ["count", "counter"], "cou"],
    ["1 + b.ta", ["b.tables"], "b.ta"],
    ["f(b.tables.", ["b.tables.count", "b.tables.failed"], "b.tables."],
    ["", ["count", "failed"], ""],
    ["nothing.", [], "nothing."],
  ])("finds for %s", (line, found, word) => {
    expect(complete(line)).toEqual([found, word]);
  });
});
