import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cli, makeFolder, parseCliError, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();

interface Row {
  readonly name: string;
  readonly script: string;
  readonly code: string;
  readonly message: RegExp;
  readonly hint?: RegExp;
  readonly status: number;
  /** The text that the location must point at, on its line. */
  readonly at?: string;
  /** Options of `bpfts run`. */
  readonly options?: readonly string[];
}

const program = (body: string): string => `import { BPF } from "bpfts";
const b = new BPF({
  text: \`
BPF_HASH(counts, u32, u64);
BPF_ARRAY(values, u64, 4);
${body}
\`,
});
b.close();
`;

const rows: readonly Row[] = [
  {
    name: "TypeScript syntax",
    script: 'import { BPF } from "bpfts";\nnew BPF({ text: "" );\n',
    code: "BPFTS_SCRIPT",
    message: /Expected "}" but found "\)"/,
    status: 1,
    at: ");",
  },
  {
    name: "an unknown import",
    script: 'import { x } from "nowhere-to-be-found";\nx();\n',
    code: "BPFTS_SCRIPT",
    message: /Cannot find "nowhere-to-be-found"/,
    hint: /npm install/,
    status: 1,
    at: '"nowhere',
  },
  {
    name: "a C syntax error",
    script: program("int f(void *ctx) {\n    int a = 1\n    return a;\n}"),
    code: "BPFTS_COMPILE",
    message: /expected ';'/,
    status: 1,
    at: "int a = 1",
  },
  {
    name: "an unknown type in C",
    script: program("int f(void *ctx) {\n    struct no_such_thing thing;\n    return 0;\n}"),
    code: "BPFTS_COMPILE",
    message: /incomplete type|unknown type/,
    status: 1,
    at: "thing;",
  },
  {
    name: "an unknown function in C",
    script: program("int f(void *ctx) {\n    return no_such_function(ctx);\n}"),
    code: "BPFTS_COMPILE",
    message: /no_such_function/,
    status: 1,
    at: "no_such_function",
  },
  {
    name: "a missing null check",
    script: program(
      "TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {\n    u32 key = 1;\n    u64 *value = counts.lookup(&key);\n    return *value;\n}",
    ),
    code: "BPFTS_VERIFIER",
    message: /map_value_or_null/,
    hint: /check the pointer/,
    status: 1,
    at: "return *value",
  },
  {
    name: "a missing null check in a text whose marks were replaced",
    script: program(
      "TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {\n    u32 key = KEY;\n    u64 *value = counts.lookup(&key);\n    return *value;\n}",
    ).replace("\n`,", '\n`.replace("KEY", "1"),'),
    code: "BPFTS_VERIFIER",
    message: /map_value_or_null/,
    status: 1,
    at: "return *value",
  },
  {
    name: "a missing null check in a text that was put together",
    script: program(
      "TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {\n    u32 key = 1;\n    u64 *value = counts.lookup(&key);\n    return *value;\n}",
    ).replace("text: `", 'text: "int made, of" + Date.now() + ";\\n#define TWO 2\\n" + `'),
    code: "BPFTS_VERIFIER",
    message: /map_value_or_null/,
    status: 1,
    at: "return *value",
  },
  {
    name: "an access beyond a map's value",
    script: program(
      "TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {\n    int key = 0;\n    u64 *value = values.lookup(&key);\n    if (!value)\n        return 0;\n    return value[bpf_get_prandom_u32()];\n}",
    ),
    code: "BPFTS_VERIFIER",
    message: /map value|unbounded/,
    status: 1,
    at: "return value[",
  },
  {
    name: "a loop without an end",
    script: program(
      "TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {\n    while (bpf_get_prandom_u32())\n        ;\n    return 0;\n}",
    ),
    code: "BPFTS_VERIFIER",
    message: /infinite loop/,
    hint: /constant bound/,
    status: 1,
  },
  {
    name: "an unknown tracepoint",
    script: program("TRACEPOINT_PROBE(syscalls, sys_enter_mkdri) {\n    return 0;\n}"),
    code: "BPFTS_ATTACH",
    message: /sys_enter_mkdri/,
    hint: /did you mean "(syscalls:)?sys_enter_mkdir"/,
    status: 1,
    at: "TRACEPOINT_PROBE(syscalls, sys_enter_mkdri",
  },
  {
    name: "an unknown tracepoint attached by hand",
    script: `import { BPF } from "bpfts";\nconst b = new BPF({ text: \`int f(void *ctx) { return 0; }\` });\nb.attach_tracepoint({ tp: "sched:sched_proces_exit", fn_name: "f" });\n`,
    code: "BPFTS_ATTACH",
    message: /no such tracepoint/,
    hint: /did you mean "sched:sched_process_exit"/,
    status: 1,
  },
  {
    name: "an unknown function name",
    script: `import { BPF } from "bpfts";\nconst b = new BPF({ text: \`int on_open(void *ctx) { return 0; }\` });\nb.attach_tracepoint({ tp: "sched:sched_process_exit", fn_name: "on_opne" });\n`,
    code: "BPFTS_ATTACH",
    message: /no such function/,
    hint: /did you mean "on_open"/,
    status: 1,
  },
  {
    name: "no function name",
    script: `import { BPF } from "bpfts";\nconst b = new BPF({ text: \`int on_open(void *ctx) { return 0; }\` });\nb.attach_tracepoint({ tp: "sched:sched_process_exit" } as never);\n`,
    code: "BPFTS_ARGUMENT",
    message: /no function is named/,
    hint: /give fn_name/,
    status: 1,
  },
  {
    name: "a script that throws",
    script: 'const deep = (): never => {\n  throw new RangeError("too deep");\n};\ndeep();\n',
    code: "BPFTS_GUEST",
    message: /too deep/,
    status: 1,
    at: "throw new RangeError",
  },
  {
    name: "a script over its memory",
    script: "const kept: Uint8Array[] = [];\nfor (;;) kept.push(new Uint8Array(1 << 20).fill(1));\n",
    code: "BPFTS_GUEST_LIMIT",
    message: /memory/,
    hint: /--memory/,
    status: 1,
    options: ["--memory", "24"],
  },
  {
    name: "a script too deep",
    script: "const f = (n: number): number => 1 + f(n + 1);\nf(0);\n",
    code: "BPFTS_GUEST_LIMIT",
    message: /too deep/,
    status: 1,
  },
  {
    name: "a file outside of /proc and /sys",
    script: 'import { read_file } from "bpfts";\nread_file("/etc/hostname");\n',
    code: "BPFTS_ARGUMENT",
    message: /\/etc\/hostname/,
    status: 1,
  },
  {
    name: "a value that a format does not take",
    script: 'import { printf } from "bpfts";\nprintf("%d\\n", "text");\n',
    code: "BPFTS_ARGUMENT",
    message: /Cannot format "text" with "%d"/,
    status: 1,
    at: "printf(",
  },
  {
    name: "an option that a call does not have",
    script: `import { BPF } from "bpfts";\nnew BPF({ text: "", cflag: [] } as never);\n`,
    code: "BPFTS_ARGUMENT",
    message: /cflag/,
    status: 1,
    at: "new BPF",
  },
  {
    name: "a pattern that cannot be read",
    script: `import { BPF } from "bpfts";\nBPF.get_tracepoints("(");\n`,
    code: "BPFTS_ARGUMENT",
    message: /Cannot read the pattern/,
    status: 1,
    at: "get_tracepoints",
  },
  {
    name: "a key that a table does not take",
    script: `import { BPF } from "bpfts";\nconst b = new BPF({ text: "BPF_HASH(counts, u32, u64);" });\nb.table("counts").set("x" as never, 1n);\n`,
    code: "BPFTS_MAP",
    message: /x/,
    status: 1,
    at: "set(",
  },
  {
    name: "bytes that are no event",
    script: program(
      "struct event { u64 a; u64 b; };\nBPF_PERF_OUTPUT(events);\nTRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {\n    struct event e = {};\n    events.perf_submit(args, &e, sizeof e);\n    return 0;\n}",
    ).replace("b.close();", 'b.table<never, unknown>("events").event(new Uint8Array(3));'),
    code: "BPFTS_DECODE",
    message: /3/,
    status: 1,
    at: "event(",
  },
  {
    name: "an index beyond an array",
    script: `import { BPF } from "bpfts";\nconst b = new BPF({ text: "BPF_ARRAY(values, u64, 4);" });\nb.table<number, bigint>("values").set(9, 1n);\n`,
    code: "BPFTS_MAP",
    message: /its indices go from 0 to 3/,
    status: 1,
    at: "set(",
  },
  {
    name: "a program that is closed",
    script: `import { BPF } from "bpfts";\nconst b = new BPF({ text: "BPF_HASH(counts, u32, u64);" });\nconst t = b.table<number, bigint>("counts");\nb.close();\nt.get(1);\n`,
    code: "BPFTS_CLOSED",
    message: /closed/,
    status: 1,
    at: "t.get",
  },
];

describe("every error has its place, its advice and its exit code", () => {
  it.each(rows)("$name", async (row) => {
    const path = writeScript(folder, `${row.name.replace(/\W+/g, "-")}.ts`, row.script);
    const result = await runCli(["run", "--json-errors", ...(row.options ?? []), path]);
    const error = parseCliError(result);
    expect(error.code).toBe(row.code);
    expect(error.message).toMatch(row.message);
    if (row.hint !== undefined) expect(error.hint).toMatch(row.hint);
    expect(result.status).toBe(row.status);
    if (row.at !== undefined) {
      expect(error.location?.file).toBe(path);
      const line = row.script.split("\n")[error.location!.line - 1]!;
      expect(line).toContain(row.at);
    }
  });

  it("finds a text that was compiled before where it stands now: further down, and in another file", async () => {
    const { script } = rows.find(({ name }) => name === "a missing null check in a text whose marks were replaced")!;
    const own = script.replace('"1"', `"${process.pid}"`);
    const find = async (name: string, text: string): Promise<unknown> => {
      const path = writeScript(folder, name, text);
      const { location } = parseCliError(await runCli(["run", "--json-errors", path]));
      return [location?.file === path, text.split("\n")[location!.line - 1]];
    };
    const right = [true, "    return *value;"];
    expect(await find("placed.ts", own)).toEqual(right);
    expect(await find("placed.ts", `// One.\n// Two.\n${own}`)).toEqual(right);
    expect(await find("elsewhere.ts", own)).toEqual(right);
    const literal = own.replace(/\.replace\(.*?\)/, "").replace("KEY", String(process.pid));
    expect(await find("literal.ts", literal)).toEqual(right);
    expect(await find("literal.ts", `\n${literal}`)).toEqual(right);
  });

  it("a full disk is a limit of the machine", () => {
    const path = writeScript(folder, "full.ts", 'import { print } from "bpfts";\nprint("text");\n');
    const full = openSync("/dev/full", "w");
    const { status, stderr } = spawnSync(process.execPath, [cli, "run", path], {
      stdio: ["ignore", full, "pipe"],
      encoding: "utf8",
    });
    closeSync(full);
    expect([status, stderr]).toEqual([3, expect.stringMatching(/^error: Cannot write to stdout \(ENOSPC/)]);
  });

  it("says it to a person with the line itself", async () => {
    const path = writeScript(folder, "person.ts", program("int f(void *ctx) {\n    int a = 1\n    return a;\n}"));
    const result = await runCli(["run", path]);
    expect(result.stderr).toMatch(/^error: C: expected ';'/);
    expect(result.stderr).toContain("person.ts:7:14");
    expect(result.stderr).toContain("7 |     int a = 1\n");
  });
});
