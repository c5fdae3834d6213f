import { describe, expect, it } from "vitest";
import { parseTraceLine } from "../../../../sdk/queries/trace.ts";

/** A line as the kernel writes it: the task's name fills 16 bytes. */
function makeLine(task: string, message: string): string {
  return `${" ".repeat(Math.max(0, 16 - Buffer.byteLength(task)))}${task}-4711    [003] d..21  12.000042: bpf_trace_printk: ${message}`;
}

describe("a line of the trace pipe", () => {
  it.each([
    "bash",
    "with space",
    "fifteen-chars-x",
    "a-1 [000] d",
    "-7",
    "(sd-pam)",
    "-1 [0] x 1.0: a",
    "grüße-2",
    "中文",
    // 15 bytes with newlines, as "<...>" is replaced by a name from /proc.
    "a\\nb\\nc-d\\nefghijkl",
    "\\n".repeat(15),
  ])("has the task %j", (task) => {
    expect(parseTraceLine(makeLine(task, "hello"))).toEqual([task, 4711, 3, "d..21", 12.000042, "hello"]);
  });

  it.each(["a: b: c", "  indented", "", ":", "GET / HTTP/1.1\r", "one\rtwo", "u\u2028v", "-1 [000] d"])(
    "has the message %j",
    (message) => {
      expect(parseTraceLine(makeLine("bash", message))?.[5]).toBe(message);
    },
  );

  it.each(["CPU:1 [LOST 12 EVENTS]", "no event", ""])("is no event: %j", (line) => {
    expect(parseTraceLine(line)).toBeUndefined();
  });
});
