import { describe, expect, it } from "vitest";
import { renderSession } from "../../../runtime/live/save-script.ts";

const body = `// a text
import { BPF, report } from "bpfts";

const b = new BPF({ text: "count" });

report(b, {
  probes: 1,
});
`;

const session = {
  texts: ["a text"],
  lines: [] as string[],
  tables: ["count", "other"],
  exports: ["print", "sleep", "on_exit", "BPF"],
  script: undefined,
  renderText: (): string => body,
};

describe("a saved session", () => {
  it("is the script of its texts where nothing else was declared", () => {
    expect(renderSession(session)).toBe(body);
  });

  it("has what lines declared or began before it waits, with what that needs, and the rest as comments", () => {
    const lines = ["const limit = 1", "count.size", "let limit = 2", "on_exit(() => print(count.size, limit))"];
    expect(renderSession({ ...session, lines })).toBe(`// > const limit = 1
// > count.size
// a text
import { BPF, report, print, on_exit } from "bpfts";

const b = new BPF({ text: "count" });

const { count } = b.tables;
let limit = 2
on_exit(() => print(count.size, limit))

report(b, {
  probes: 1,
});
`);
  });

  it("names a script whose programs it does not have", () => {
    expect(renderSession({ ...session, script: "counts.ts" })).toMatch(/^\/\/ The session began with counts\.ts, /);
  });

  it("is refused when there is nothing in it", () => {
    expect(() => renderSession({ ...session, texts: [], lines: ["1 + 1"] })).toThrow("There is nothing to save");
  });
});
