import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder, parseCliError, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();

/** Runs a text beside a command that makes three directories, tries one again, and removes one; answers what its array counted. */
async function count(name: string, text: string): Promise<{ counted: string; stderr: string }> {
  mkdirSync(join(folder, name));
  const script = writeScript(
    folder,
    `${name}.ts`,
    `import { BPF, sleep } from "bpfts";
const b = new BPF({ text: \`
BPF_ARRAY(hits, u64, 4);
${text}\` });
const hits = b.table<number, bigint>("hits");
try {
  while (true) sleep(1);
} catch {
  console.log(["0", "1", "2", "3"].map((key) => hits.get(Number(key))).join(" "));
}`,
  );
  const work = "import os\nfor n in 'abc': os.mkdir(n)\ntry: os.mkdir('a')\nexcept OSError: pass\nos.rmdir('c')";
  const python = writeScript(folder, `${name}.py`, work);
  const result = await runCli(["run", "-c", `sh -c 'cd ${join(folder, name)} && exec python3 ${python}'`, script]);
  expect(result).toMatchObject({ status: 0 });
  return { counted: result.stdout.trim(), stderr: result.stderr };
}

const own = `static int is_own(void) { char comm[16]; bpf_get_current_comm(comm, sizeof(comm)); return comm[0] == 'p' && comm[1] == 'y'; }`;

describe("functions that macros make", () => {
  it("are attached by their names, with one definition of the macro and with two", async () => {
    const { counted, stderr } = await count(
      "made",
      `${own}
#define COUNT(at) if (is_own()) hits.atomic_increment(at)
#define ON(category, event) TRACEPOINT_PROBE(category, event)
#define WHOLE(name, at) int tracepoint__syscalls__sys_exit_##name(struct tracepoint__syscalls__sys_exit_##name *args) { COUNT(at); return 0; }
#ifdef NEVER
#define EITHER(name) int never_##name(void *ctx)
#else
#define EITHER(name) int tracepoint__syscalls__##name(void *ctx)
#endif
ON(syscalls, sys_enter_mkdir) { COUNT(0); return 0; }
WHOLE(mkdir, 1)
EITHER(sys_enter_rmdir) { COUNT(2); return 0; }
int (tracepoint__syscalls__sys_exit_rmdir)(void *ctx) { COUNT(3); return 0; }`,
    );
    expect([counted, stderr]).toEqual(["4 4 1 1", ""]);
  });

  it("are not made where #if leaves them out, nor warned of", async () => {
    const { counted, stderr } = await count(
      "left",
      `${own}
#if 0
don't read this: hits.nosuch();
TRACEPOINT_PROBE(nosuch, event) { return args->field; }
#endif
#ifdef NEVER
TRACEPOINT_PROBE(nosuch, other) { return args->field; }
BPF_PERF_OUTPUT(events);
BPF_HASH(seen, u32);
#else
BPF_RINGBUF_OUTPUT(events, 1);
BPF_ARRAY(seen, u64, 4);
#endif
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {
  int at = 1;
#ifdef NEVER
  events.perf_submit(args, &at, sizeof(at));
#else
  if (is_own()) events.ringbuf_output(&at, sizeof(at), 0);
#endif
  u64 *value = seen.lookup(&at);
  if (value && is_own()) hits.atomic_increment(0);
  return 0;
}`,
    );
    expect([counted, stderr]).toEqual(["4 0 0 0", ""]);
  });

  it("that take more than their context are refused where nothing can fetch it", async () => {
    const script = writeScript(
      folder,
      "more.ts",
      `import { BPF } from "bpfts";
new BPF({ text: \`
#ifdef NEVER
#define PROBE(n, ...) int never_##n(struct pt_regs *ctx, __VA_ARGS__)
#else
#define PROBE(n, ...) int probe_##n(struct pt_regs *ctx, __VA_ARGS__)
#endif
PROBE(open, int number) { return number; }
\` });`,
    );
    const error = parseCliError(await runCli(["run", "--json-errors", script]));
    expect(error).toMatchObject({ message: expect.stringMatching(/^"probe_open" takes more than its context/) });
    expect(error).toMatchObject({ location: { line: 8 } });
  });
});
