import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { renderLongScript } from "../bench/long-script.mjs";
import { makeFolder, parseCliError, root, runCli, writeScript } from "../support/run-cli.ts";

/** Instantiations of the script of 200 lines are a third of this. The limit is what would take a second more. */
const mostInstantiations = 60_000;

const projects = makeFolder();
const makeProject = (): string => mkdtempSync(join(projects, "project-"));

interface Checked {
  readonly messages: readonly string[];
  readonly instantiations: number;
  readonly files: readonly string[];
}

interface LibraryName {
  readonly name: string;
  readonly statics: readonly string[];
  readonly methods: readonly string[];
}

/** What TypeScript's own library declares for a script of a folder, with members. */
function listLibraryNames(folder: string): readonly LibraryName[] {
  const empty = writeScript(folder, "empty.ts", "export {};\n");
  const config = ts.getParsedCommandLineOfConfigFile(
    join(folder, "tsconfig.json"),
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} },
  )!;
  const program = ts.createProgram(config.fileNames, config.options);
  const checker = program.getTypeChecker();
  const listMembers = (symbol: ts.Symbol): string[] =>
    checker
      .getTypeOfSymbol(symbol)
      .getProperties()
      .map(({ name }) => name)
      .filter((name) => !name.startsWith("__"));
  return checker
    .getSymbolsInScope(program.getSourceFile(empty)!, ts.SymbolFlags.Value)
    .filter(
      ({ name, declarations }) =>
        declarations?.some((declaration) => program.isSourceFileDefaultLibrary(declaration.getSourceFile())) === true &&
        !["undefined", "globalThis"].includes(name),
    )
    .map((symbol) => {
      const prototype = checker.getTypeOfSymbol(symbol).getProperty("prototype");
      return {
        name: symbol.name,
        statics: listMembers(symbol),
        methods: prototype === undefined ? [] : listMembers(prototype),
      };
    });
}

/** Checks a folder as an editor does: by its tsconfig.json alone. */
function checkFolder(folder: string): Checked {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(folder, "tsconfig.json"),
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} },
  )!;
  const program = ts.createProgram(config.fileNames, config.options);
  const messages = ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
  return {
    messages,
    instantiations: program.getInstantiationCount(),
    files: program.getSourceFiles().map(({ fileName }) => fileName),
  };
}

const everyKind = `
struct inner_t { s16 x; bool flag; };
struct data_t {
    u64 ts;
    u32 pid;
    char comm[16];
    u8 addr[16];
    u32 ports[2];
    char names[3][8];
    struct inner_t inner;
    struct data_t *next;
    u32 low:4, high:28;
    union { u32 v4; unsigned __int128 v6; };
    struct { u8 a; u64 b; } named[2];
    long double_word;
    __be16 port;
    pid_t task;
    kuid_t user;
    enum { IDLE, BUSY } state;
};
BPF_HASH(counts, u32);
BPF_HASH(start, struct inner_t, struct data_t);
BPF_PERCPU_HASH(each, u64, struct inner_t);
BPF_HISTOGRAM(dist);
BPF_QUEUE(queue, struct inner_t, 10);
BPF_PERF_OUTPUT(events);
int f(struct pt_regs *ctx) {
    struct data_t data = {};
    events.perf_submit(ctx, &data, sizeof(data));
    return 0;
}
`;

describe("bpfts types", () => {
  it("prints what TypeScript infers from the text, so that both are right", async () => {
    const folder = makeProject();
    const program = `import { BPF } from "bpfts";\nconst b = new BPF({ text: \`${everyKind}\` });\n`;
    const printed = await runCli(["types", writeScript(folder, "exact.ts", program)]);
    expect(printed.stderr).toBe("");
    expect(printed.stdout).toContain("names: string[]; // char[3][8]");
    expect(printed.stdout).toContain("low: number; // u32, 4 bits");
    // Mutual assignability says nothing of `any` and `unknown`; this does.
    const equals = `type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Plain<T> = T extends object ? (T extends Uint8Array ? T : { [K in keyof T]: Plain<T[K]> }) : T;
function same<A, B>(answer: Equal<Plain<A>, Plain<B>>): void { void answer; }
same<EventOf<typeof text, "events">, data_t>(true);
same<ReturnType<TableOf<typeof text, "counts">["get"]>, ReturnType<typeof counts.get>>(true);
same<ReturnType<TableOf<typeof text, "start">["get"]>, ReturnType<typeof start.get>>(true);
same<Parameters<TableOf<typeof text, "start">["get"]>, Parameters<typeof start.get>>(true);
same<ReturnType<TableOf<typeof text, "each">["get"]>, ReturnType<typeof each.get>>(true);
same<ReturnType<TableOf<typeof text, "each">["max"]>, ReturnType<typeof each.max>>(true);
same<Parameters<TableOf<typeof text, "dist">["get"]>, Parameters<typeof dist.get>>(true);
same<ReturnType<TableOf<typeof text, "queue">["pop"]>, ReturnType<typeof queue.pop>>(true);
events.open_perf_buffer((event) => printf("%s %d\\n", event.comm, event.named[0]!.b));
// @ts-expect-error not the type of the field
events.open_perf_buffer((event) => event.comm * 2);
`;
    writeScript(folder, "exact.ts", "export {};\n");
    writeScript(
      folder,
      "both.ts",
      `import { BPF, printf } from "bpfts";\nimport type { EventOf, TableOf } from "bpfts";\nconst text = \`${everyKind}\`;\ndeclare const b: BPF;\n${printed.stdout}${equals}`,
    );
    expect((await runCli(["init", folder])).status).toBe(0);
    expect(checkFolder(folder).messages).toEqual([]);
  });

  it("knows the kernel's structs, texts that are put together at run time, and .c files", async () => {
    const folder = makeProject();
    const script = writeScript(
      folder,
      "made.ts",
      `import { BPF } from "bpfts";\nconst key = "struct bpf_tunnel_key";\nnew BPF({ text: \`BPF_HASH(tunnels, \${key}); BPF_HASH(when, u32, struct timespec64);\` });\n`,
    );
    const { stdout, status } = await runCli(["types", script]);
    expect(status).toBe(0);
    expect(stdout).toContain("interface bpf_tunnel_key {\n  tunnel_id: number; // __u32");
    expect(stdout).toContain('const when = b.table<number, timespec64>("when");');
    // The kernel has a struct of that name, and enumerators.
    const own = (
      await runCli([
        "types",
        writeScript(
          folder,
          "own.c",
          "struct sock { struct sock *next; u64 v; };\nBPF_HASH(socks, u32, struct sock);\nBPF_PERF_OUTPUT(events);\nint f(void *ctx) { struct sock s = {}; events.perf_submit(ctx, &s, sizeof(s)); return 0; }\n",
        ),
      ])
    ).stdout;
    expect(own).toContain("/** struct sock, 16 bytes. */\ninterface sock {\n  next: bigint; // struct sock *\n");
    expect(own).toContain('b.table<number, sock>("socks");');
    expect(own).toContain('b.table<never, sock>("events");');
    const file = writeScript(
      folder,
      "bare.c",
      "BPF_ARRAY(totals, u64, 4);\nBPF_PROG_ARRAY(programs, 4);\nBPF_TASK_STORAGE(tasks, u64);\n",
    );
    const bare = (await runCli(["types", file])).stdout;
    expect(bare).toContain('b.table<number, bigint>("totals");');
    // What the SDK makes of a descriptor is no number.
    expect(bare).toContain('import type { BpfFunction } from "bpfts";\n');
    expect(bare).toContain('b.table<number, BpfFunction>("programs");');
    expect(bare).toContain('b.table<number, bigint>("tasks");');
  });

  it("goes through all programs of a script, up to where it would wait, and loads none", async () => {
    const folder = makeProject();
    const script = writeScript(
      folder,
      "several.ts",
      `import { BPF, PerfSWConfig, PerfType, print, sleep } from "bpfts";
const first = new BPF({ text: \`BPF_HASH(counts, u32, u64); BPF_PERF_OUTPUT(events); BPF_ARRAY(config, u32, 1); BPF_PROG_ARRAY(steps, 1); BPF_PERF_ARRAY(cycles, 8); BPF_USER_RINGBUF(orders, 1); int f(void *ctx) { return 0; }\` });
first.get_table("config").set(0, 7);
for (const [pid, count] of first.get_table("counts")) print(pid, count);
first.get_table("counts").clear();
first.get_table("steps").set(0, first.load_func("f", BPF.TRACEPOINT));
first.get_table("cycles").open_perf_event(PerfType.SOFTWARE, PerfSWConfig.PAGE_FAULTS);
first.get_table("orders").output(new Uint8Array(8));
first.get_table("events").open_perf_buffer(() => undefined);
first.attach_tracepoint({ tp: "syscalls:sys_enter_chdir", fn_name: "f" });
const second = new BPF({ text: "BPF_HASH(more, " + (first.get_table("counts").size === 0 ? "u64" : "u32") + ", u32);" });
void second;
first.perf_buffer_poll();
sleep(1);
new BPF({ text: "not C at all" });
`,
    );
    const { stdout, stderr, status } = await runCli(["types", script]);
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    expect(stdout).toContain('b.table<number, bigint>("counts");');
    expect(stdout).toContain('b.table<bigint, number>("more");');
    const checked = await runCli(["check", "--no-load", script]);
    expect(checked).toMatchObject({ status: 0, stderr: "" });
    expect(checked.stdout).toMatch(/ 1 program, 7 maps/);
    const stumbles = writeScript(
      folder,
      "stumbles.ts",
      `import { BPF, print } from "bpfts";\nconst b = new BPF({ text: "BPF_HASH(started, u32, u64);" });\nprint(b.table<number, bigint>("started").get(1)!.toString());\n`,
    );
    expect(await runCli(["types", stumbles])).toMatchObject({
      status: 0,
      stderr: "",
      stdout: expect.stringContaining('"started"') as string,
    });
    // A name that no function has is told as it is when the script runs.
    const wrong = await runCli([
      "check",
      "--no-load",
      "--json-errors",
      writeScript(
        folder,
        "wrong.ts",
        `import { BPF } from "bpfts";\nnew BPF({ text: "int f(void *ctx) { return 0; }" }).attach_kprobe({ event: "vfs_read", fn_name: "g" });\n`,
      ),
    ]);
    expect(parseCliError(wrong)).toMatchObject({ code: "BPFTS_ATTACH", location: { line: 2 } });
  });

  it("says where the C is wrong", async () => {
    const folder = makeProject();
    const result = await runCli([
      "types",
      "--json-errors",
      writeScript(folder, "wrong.c", "BPF_HASH(counts, struct no_such_t);\n"),
    ]);
    expect(result.status).toBe(1);
    expect(parseCliError(result)).toMatchObject({
      code: "BPFTS_COMPILE",
      message: expect.stringContaining("incomplete type 'struct no_such_t'") as string,
      location: { line: 1 },
    });
  });
});

describe("bpfts init", () => {
  it("makes scripts in a folder checked, globals and C files among them", async () => {
    const folder = join(makeProject(), "new");
    const { stdout, status } = await runCli(["init", folder]);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /tsconfig\.json written\nnode_modules\/bpfts there is a link to this bpfts, .*\nthe editor needs TypeScript beside the plugin: .*\nin VS Code, .*\nrun a script there with: .*bpfts\S* run SCRIPT\.ts\n$/,
    );
    mkdirSync(join(folder, "deeper"));
    writeScript(
      folder,
      "deeper/good.ts",
      `import { BPF } from "bpfts";\nimport text from "./x.c";\nconst b = new BPF({ text: \`BPF_HASH(counts, u32);\` });\nsetTimeout(() => console.log(text, b.get_table("counts").get(1)), 5);\n`,
    );
    expect(checkFolder(folder).messages).toEqual([]);
    writeScript(
      folder,
      "bad.ts",
      `import { BPF } from "bpfts";\nnew BPF({ text: \`BPF_HASH(counts, u32);\` }).get_table("count");\nprocess.exit(1);\n`,
    );
    expect(checkFolder(folder).messages).toEqual([
      expect.stringContaining("Argument of type '\"count\"'"),
      expect.stringContaining("Property 'exit' does not exist on type 'ScriptsRunInASandboxWithoutNode & "),
    ]);
  });

  it("knows the language as the engine has it", async () => {
    const folder = makeProject();
    expect((await runCli(["init", folder])).status).toBe(0);
    writeScript(
      folder,
      "new.ts",
      `import { BPF, print } from "bpfts";
{
  using b = new BPF({ text: "BPF_PERF_OUTPUT(events);" });
  using events = b.get_table("events");
  print(events.name);
}
print(Object.groupBy([1, 2], (n) => (n % 2 === 0 ? "even" : "odd")).even, Map.groupBy([1], (n) => n).size);
print(new Set([1]).union(new Set([2])).size, [1, 2].values().map((n) => n * 2).toArray(), Promise.withResolvers<number>().promise instanceof Promise);
print(Error.isError(1), RegExp.escape("a.b"), Iterator.from([1]).take(1).toArray(), [1].toSorted(), "a".isWellFormed());
const signal: AbortSignal = AbortSignal.any([AbortSignal.timeout(5)]);
const url: URL = new URL("http://a/");
print(signal.aborted, url.href, new TextEncoder().encode("a").length, structuredClone([1])[0], crypto.randomUUID(), performance.now() > 0, process.env.NODE_ENV);
queueMicrotask(() => console.table([{ a: 1n }]));
`,
    );
    expect(checkFolder(folder).messages).toEqual([]);
    const ran = await runCli(["run", join(folder, "new.ts")]);
    expect(ran).toMatchObject({ status: 0, stderr: "" });
    expect(ran.stdout).toContain("events\n[2] 1\n2 [2, 4] true\nfalse");
    writeScript(
      folder,
      "intl.ts",
      `const a: string = new Intl.NumberFormat("de").format(1);\nconst b: string = new Intl.DateTimeFormat("de").format();\nArray.fromAsync([1]);\nAtomics.add(new Int32Array(1), 0, 1);\nexport { a, b };\n`,
    );
    expect(checkFolder(folder).messages).toEqual([
      expect.stringContaining("Property 'format' does not exist on type 'ScriptsRunWithoutIntl'"),
      expect.stringContaining("Property 'format' does not exist on type 'ScriptsRunWithoutIntl'"),
      expect.stringContaining("Property 'fromAsync' does not exist"),
      expect.stringContaining("Cannot find name 'Atomics'"),
    ]);
  });

  it("knows nothing of the language that the engine has not", async () => {
    const folder = makeProject();
    expect((await runCli(["init", folder])).status).toBe(0);
    const missing = listLibraryNames(folder);
    expect(missing.length).toBeGreaterThan(50);
    const script = writeScript(
      folder,
      "probe.ts",
      `import { print } from "bpfts";
const own = ["message", "name", "stack", "cause", "errors", "error", "suppressed", "lastIndex", "prototype", "next", "return", "throw"];
for (const { name, statics, methods } of ${JSON.stringify(missing)}) {
  const value = (globalThis as any)[name];
  if (value === undefined) { print(name); continue; }
  for (const key of statics) if (!(key in Object(value))) print(name + "." + key);
  for (const key of methods) if (!(key in value.prototype) && !own.includes(key)) print(name + ".prototype." + key);
}
`,
    );
    const ran = await runCli(["run", script]);
    expect(ran).toMatchObject({ status: 0, stderr: "" });
    // What is left of a last match lies in RegExp by old custom; TypeScript's first library names Intl, whose parts are made to be refused.
    expect(ran.stdout.split("\n").filter((line) => line !== "" && !line.startsWith("RegExp."))).toEqual(["Intl"]);
  });

  it("overwrites nothing unless told to", async () => {
    const folder = makeProject();
    const config = writeScript(folder, "tsconfig.json", "{}\n");
    const refused = await runCli(["init", folder, "--json-errors"]);
    expect(refused.status).toBe(2);
    expect(parseCliError(refused).message).toBe(`Cannot write "${config}": there is one already`);
    expect(parseCliError(refused).hint).toContain('"paths": { "bpfts": [');
    expect(readFileSync(config, "utf8")).toBe("{}\n");
    expect((await runCli(["init", folder, "--force"])).stdout).toContain(`${config} replaced\n`);
    expect((await runCli(["init", folder])).stdout).toContain(`${config} is in order\n`);
  });

  it("names the types by a path of the project where bpfts is installed in it or linked to it", async () => {
    const project = makeProject();
    mkdirSync(join(project, "node_modules"));
    symlinkSync(root.replace(/\/$/, ""), join(project, "node_modules/bpfts"));
    const folder = join(project, "traces");
    mkdirSync(folder);
    expect((await runCli(["init", folder])).status).toBe(0);
    const { compilerOptions } = JSON.parse(readFileSync(join(folder, "tsconfig.json"), "utf8")) as {
      compilerOptions: { paths: { bpfts: string[] } };
    };
    expect(compilerOptions.paths.bpfts).toEqual(["../node_modules/bpfts/dist/types/index.d.ts"]);
    writeScript(
      folder,
      "ok.ts",
      `import { BPF } from "bpfts";\nnew BPF({ text: \`BPF_HASH(counts, u32);\` }).get_table("counts").get(1);\n`,
    );
    expect(checkFolder(folder).messages).toEqual([]);
  });

  it.each([
    ["NodeNext", "NodeNext", ["ES2023"], ["bpfts/globals"]],
    ["NodeNext", "NodeNext", ["ES2023"], ["node"]],
    ["ESNext", "Bundler", ["ES2023", "DOM"], []],
    ["ESNext", "Bundler", ["ES2023", "DOM"], ["node"]],
  ])("is not needed where the package is installed: %s %s %j %j", (module, moduleResolution, lib, types) => {
    const project = makeProject();
    mkdirSync(join(project, "node_modules"));
    symlinkSync(root.replace(/\/$/, ""), join(project, "node_modules/bpfts"));
    writeFileSync(join(project, "package.json"), `{ "type": "module" }\n`);
    symlinkSync(join(root, "node_modules/@types"), join(project, "node_modules/@types"));
    // Declarations of ours by themselves have no mistakes, and none beside those of Node or a browser.
    writeFileSync(
      join(project, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          target: "ES2022",
          lib,
          module,
          moduleResolution,
          strict: true,
          noEmit: true,
          types,
          skipLibCheck: false,
        },
      }),
    );
    writeScript(
      project,
      "tool.ts",
      `import { BPF, print } from "bpfts";\nconst b = new BPF({ text: \`BPF_HASH(counts, u32, u64);\` });\nfor (const [pid, count] of b.get_table("counts")) print(pid + 1, count + 1n);\nb.get_table("none");\nsetTimeout(() => console.log("late"), 1);\n`,
    );
    const { messages, instantiations, files } = checkFolder(project);
    expect(messages).toEqual([expect.stringContaining('"none"')]);
    // The other libraries are checked by themselves.
    if (types.includes("bpfts/globals")) expect(instantiations).toBeLessThan(14_400);
    expect(
      files.filter(
        (name) => name.startsWith(root) && !name.startsWith(`${root}dist/types/`) && !name.includes("/node_modules/"),
      ),
    ).toEqual([]);
  });

  it("is not needed for tests of helpers in Node, where a program says that it needs bpfts", async () => {
    const project = makeProject();
    mkdirSync(join(project, "node_modules"));
    symlinkSync(root.replace(/\/$/, ""), join(project, "node_modules/bpfts"));
    const file = join(project, "helpers.mjs");
    writeFileSync(
      file,
      `import { AF_INET, BPF, inet_ntop, sprintf, strftime } from "bpfts";
console.log(sprintf("%-4s|%5.1f|%d", "a", 2.25, 3n), strftime("%Y", new Date(2001, 1)), inet_ntop(AF_INET, 0x0100007f));
try { new BPF({ text: "" }); } catch (error) { console.log(error.message, "-", error.hint); }
`,
    );
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file]);
    expect(stderr).toBe("");
    expect(stdout).toBe(
      "a   |  2.2|3 2001 127.0.0.1\nThis script needs bpfts to run - start it with: bpfts run SCRIPT\n",
    );
  });

  it("has a script of 200 lines of C checked with little work", async () => {
    const folder = makeProject();
    writeFileSync(join(folder, "long.ts"), renderLongScript());
    expect((await runCli(["init", folder])).status).toBe(0);
    expect(existsSync(join(folder, "tsconfig.json"))).toBe(true);
    const { messages, instantiations } = checkFolder(folder);
    expect(messages).toEqual([]);
    expect(instantiations).toBeLessThan(mostInstantiations);
  });
});
