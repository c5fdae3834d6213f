import { describe, expect, it } from "vitest";
import { endings, expectNothingLeft } from "../support/endings.ts";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();

describe("a system call program", () => {
  it("runs in the script's own process with a typed context, and says what it left there", async () => {
    const script = writeScript(
      folder,
      "run.ts",
      `import { BPF, print } from "bpfts";
const b = new BPF({ text: \`
BPF_HASH(seen, u32, u64);
struct arguments { u32 count; u64 sum; s32 limit; char name[8]; };
SEC("syscall")
int add(struct arguments *ctx) {
    u32 key = ctx->count;
    u64 value = ctx->sum;
    seen.update(&key, &value);
    ctx->sum += ctx->count;
    ctx->count++;
    ctx->name[0] = 'x';
    return ctx->limit < 0 ? -5 : 7;
}
SEC("syscall")
int plain(void *ctx) {
    u32 key = 99;
    seen.increment(key);
    return 1;
}
int other(struct pt_regs *ctx) { return 0; }
\` });
const first = b.prog_run("add", { count: 3, sum: 1n << 40n, limit: -1, name: "abc" });
print(first.retval, first.ctx.count, first.ctx.sum, first.ctx.limit, first.ctx.name);
const second = b.prog_run("add", first.ctx);
print(second.retval, second.ctx.count, second.ctx.sum);
print(b.prog_run("add").retval, b.prog_run("plain").retval, b.prog_run("plain").ctx);
print([...b.tables.seen].sort(([a], [c]) => a - c).map(String).join(" "));
const say = (run: () => unknown): void => { try { run(); print("nothing"); } catch (error) { const { message, hint } = error as { message: string; hint?: string }; print(message + (hint === undefined ? "" : "\\n  " + hint)); } };
say(() => b.prog_run("other"));
say(() => b.prog_run("add", { count: 1 } as never));
say(() => b.prog_run("add", { count: -1, sum: 0n, limit: 0, name: "" }));
say(() => b.prog_run("plain", { a: 1 }));
say(() => b.prog_run("ad" as "add"));
b.close();
say(() => b.prog_run("add"));`,
    );
    const { stdout, stderr } = await runCli(["run", script]);
    expect(stderr).toBe("");
    expect(stdout).toMatchInlineSnapshot(`
      "-5 4 1099511627779 -1 xbc
      -5 5 1099511627783
      7 1 undefined
      0,0 3,1099511627776 4,1099511627779 99,2
      Cannot run "other": it is no system call program
        a script runs functions that are written SEC("syscall") int other(struct arguments *ctx); the others run where they are attached
      Cannot write the context of "add": field "sum" of struct arguments is missing
      Cannot write the context of "add".count: -1 is out of range for u32, which holds 0 to 4294967295
      Cannot run "plain" with a context: its parameter has no type
        write it with one: SEC("syscall") int plain(struct arguments *ctx); or give bytes (Uint8Array)
      Cannot run "ad": the C text has no such function
        did you mean "add"?
      Cannot call prog_run(): this BPF program was closed
      "
    `);
  });

  it.each(endings)("leaves nothing when a script ends by %s", async (ending) => {
    await expectNothingLeft(
      folder,
      ending,
      "left_syscall",
      `import { BPF } from "bpfts";
const b = new BPF({ text: 'SEC("syscall") int left_syscall(void *ctx) { return 0; }' });
b.prog_run("left_syscall");`,
    );
  });
});
