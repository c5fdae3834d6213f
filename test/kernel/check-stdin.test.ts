import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { makeFolder, startCli } from "../support/run-cli.ts";

const folder = makeFolder();
const file = `${folder}/edited.ts`;
const unchecked = `import { BPF } from "bpfts";
const b = new BPF({
  text: /* c */ \`
BPF_HASH(counts, u32, u64);
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {
    u32 pid = 1;
    u64 *value = counts.lookup(&pid);
    *value = 5;
    return 0;
}
\`,
});
b.trace_print();
`;
const mended = unchecked.replace("*value = 5", "if (value) *value = 5");
const endless = `import { BPF } from "bpfts";
while (true);
new BPF({ text: "int x;".repeat(Math.random()) });
`;

interface Answer {
  readonly diagnostics: readonly {
    readonly severity: string;
    readonly message: string;
    readonly location?: { readonly line: number; readonly column: number };
  }[];
}

/** Asks for one look at a text. */
async function check(text: string, ...flags: readonly string[]): Promise<Answer["diagnostics"]> {
  const { child, ended } = startCli(["check", "--stdin", "--stdin-filename", file, "--json", ...flags]);
  child.stdin.end(text);
  return (JSON.parse((await ended).stdout) as Answer).diagnostics;
}

describe("check --stdin", () => {
  it("loads nothing unless it is asked", async () => {
    expect(await check(unchecked)).toEqual([]);
  });

  it("with --verify says what the verifier says, at the line of the text", async () => {
    expect(await check(mended, "--verify")).toEqual([]);
    const said = await check(unchecked, "--verify");
    expect(said).toHaveLength(1);
    expect(said[0]).toMatchObject({ severity: "error", location: { line: 8, column: 12 } });
    expect(said[0]!.message).toMatch(/verifier rejects "tracepoint__syscalls__sys_enter_mkdir": .*map_value_or_null/);
  });

  it("says nothing of the verifier while the C does not compile", async () => {
    const said = await check(unchecked.replace("*value = 5", "*valeu = 5"), "--verify");
    expect(said.map(({ message }) => message)).toEqual([expect.stringContaining("undeclared identifier 'valeu'")]);
  });
});

describe("check --serve", () => {
  it("answers of a script that never ends, and then of the next", async () => {
    const { child, ended } = startCli(["check", "--serve"]);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ask = async (request: object): Promise<Answer["diagnostics"]> => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value } = (await lines.next()) as { value: string };
      return (JSON.parse(value) as Answer).diagnostics;
    };
    const said = await ask({ id: 1, file, text: endless });
    expect(said).toMatchObject([{ severity: "warning", message: expect.stringContaining("Not all of the C") }]);
    expect(await ask({ id: 2, file, text: unchecked })).toEqual([]);
    expect(await ask({ id: 3, file, text: unchecked, verify: true })).toMatchObject([{ location: { line: 8 } }]);
    child.stdin.end();
    expect((await ended).status).toBe(0);
  }, 60_000);
});
