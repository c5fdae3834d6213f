import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { nameUnknownTasks } from "../../../../runtime/kernel/machine/trace-pipe.ts";
import { decodeText } from "../../../../runtime/session/bridge/decode-text.ts";

const comm = "/proc/self/comm";
const before = readFileSync(comm).subarray(0, -1);
afterAll(() => writeFileSync(comm, before));

it.each([
  ["plain", Buffer.from("plain"), "           plain"],
  ["UTF-8", Buffer.from("größe"), "         größe"],
  ["bytes that are no UTF-8", Buffer.from([0xff, 0x1b, 0x61]), "             \udcff\x1ba"],
  ["a newline", Buffer.from("two\nlines"), "      two\\nlines"],
])("a task that the kernel could not name gets its name, as wide as the kernel writes it: %s", (_, name, shown) => {
  writeFileSync(comm, name);
  const line = (task: string): string => `${task}-${process.pid}  [000] .... 1.5: bpf_trace_printk: <...>-1`;
  expect(nameUnknownTasks(line("           <...>"), decodeText)).toBe(line(shown));
});

it("leaves a task that has ended unnamed", () => {
  expect(nameUnknownTasks("           <...>-999999999 [000]", decodeText)).toBe("           <...>-999999999 [000]");
});
