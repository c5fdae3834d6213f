import { describe, expect, it } from "vitest";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();

describe("a map operation that fails", () => {
  it("says why in a word, with the kernel's own number", async () => {
    const script = writeScript(
      folder,
      "reasons.ts",
      `import { BPF, MapError, errno_name, print } from "bpfts";
using b = new BPF({ text: "BPF_HASH(counts, u32, u64, 2); BPF_ARRAY(slots, u64, 2);" });
const { counts, slots } = b.tables;
const attempt = (run: () => unknown): void => {
  try { run(); print("worked"); }
  catch (error) {
    if (!(error instanceof MapError)) throw error;
    print(error.code, error.reason, error.errno === undefined ? "-" : errno_name(error.errno));
  }
};
counts.set(1, 1n);
attempt(() => counts.set(1, 2n, 1));
attempt(() => counts.set(2, 2n, 2));
attempt(() => { for (let key = 0; key < 10000; key++) counts.set(key, 1n); });
attempt(() => slots.set(7, 1n));
attempt(() => counts.set(-1, 1n));
attempt(() => counts.set(1, 1n));
`,
    );
    const result = await runCli(["run", script]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(result.stdout.split("\n")).toEqual([
      "BPFTS_MAP exists EEXIST",
      "BPFTS_MAP no_such_key ENOENT",
      "BPFTS_MAP full E2BIG",
      "BPFTS_MAP out_of_range E2BIG",
      "BPFTS_MAP out_of_range -",
      "worked",
      "",
    ]);
  });

  it("is told whole when the script wraps it: the C's own line", async () => {
    const script = writeScript(
      folder,
      "wrapped.ts",
      `import { BPF } from "bpfts";
function start() {
  return new BPF({ text: \`
int f(void *ctx) {
    retrun 0;
}\` });
}
try { start(); } catch (cause) { throw new Error("no program", { cause }); }
`,
    );
    const { stderr, status } = await runCli(["run", script]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: Error: no program\n {2}--> .*wrapped\.ts:8:\d+\n/);
    expect(stderr).toMatch(/\nnote: caused by: CompileError: .*\n {2}--> .*wrapped\.ts:5:5\n 5 \| {5}retrun 0;\n/);
  });
});

describe("a program that cannot be attached", () => {
  it("says why in a word, with the kernel's own number where it was asked", async () => {
    const script = writeScript(
      folder,
      "attach.ts",
      `import { AttachError, BPF, errno_name, print } from "bpfts";
using b = new BPF({ text: "int f(struct pt_regs *ctx) { return 0; } int g(struct bpf_raw_tracepoint_args *ctx) { return 0; }" });
const attempt = (run: () => unknown): void => {
  try { run(); print("worked"); }
  catch (error) {
    if (!(error instanceof AttachError)) throw error;
    print(error.code, error.reason, error.errno === undefined ? "-" : errno_name(error.errno));
  }
};
attempt(() => b.attach_raw_tracepoint({ tp: "no_such_event", fn_name: "g" }));
attempt(() => b.attach_uprobe({ name: "c", sym: "no_such_function", fn_name: "f" }));
attempt(() => b.attach_uprobe({ name: "no_such_library", sym: "x", fn_name: "f" }));
attempt(() => b.attach_uprobe({ name: "c", sym_re: "no_such_.*", fn_name: "f" }));
attempt(() => b.attach_uprobe({ name: "c", sym: "malloc", pid: 4194303, fn_name: "f" }));
attempt(() => b.attach_uprobe({ name: "/proc/self/maps", sym: "x", fn_name: "f" }));
attempt(() => b.attach_uprobe({ name: "c", sym: "malloc", fn_name: "h" as "f" }));
`,
    );
    const result = await runCli(["run", script]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(result.stdout.split("\n")).toEqual([
      "BPFTS_ATTACH no_such_place ENOENT",
      "BPFTS_ATTACH no_such_place -",
      "BPFTS_ATTACH no_such_place -",
      "BPFTS_ATTACH no_such_place -",
      "BPFTS_ATTACH no_such_process -",
      "BPFTS_ATTACH not_traceable -",
      "BPFTS_ATTACH no_such_function -",
      "",
    ]);
  });
});
