import { describe, expect, it } from "vitest";
import { endings, expectNothingLeft } from "../support/endings.ts";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();

const target = `
struct arguments { int x; };
__noinline int answer(int x) { volatile int y = x; return y + 1; }
SEC("syscall") int ask(struct arguments *ctx) { return answer(ctx->x); }
`;

const script = (name: string): string =>
  `import { BPF, print } from "bpfts";
const b = new BPF({ text: /* c */ \`${target}\` });
const e = new BPF({ text: /* c */ \`
SEC("freplace/answer") int ${name}(int x) { return x + 40; }
SEC("freplace") int nameless(int x) { return x + 50; }
SEC("freplace/answr") int typo(int x) { return 42; }
SEC("freplace/answer") int wrong(struct arguments *x) { return 42; }
int plain(struct pt_regs *ctx) { return 0; }
\` });
const say = (run: () => unknown): void => { try { run(); print("done"); } catch (error) { const { message, hint } = error as { message: string; hint?: string }; print((message + (hint === undefined ? "" : "\\n  " + hint)).replace(/program \\d+/g, "program N")); } };
const ask = (): void => print("answer", b.prog_run("ask", { x: 1 }).retval);
const target = b.load_func("ask");
`;

const wrong = `
say(() => e.attach_freplace({ fn_name: "plain", target }));
say(() => e.attach_freplace({ fn_name: "nameless", target }));
say(() => e.attach_freplace({ fn_name: "typo", target }));
say(() => e.attach_freplace({ fn_name: "other", target: 4000000 }));
say(() => e.attach_freplace({ fn_name: "other", target: "/sys/fs/bpf/none" }));
say(() => e.attach_freplace({ fn_name: "other", target: "ask" }));
`;

const works = `
ask();
say(() => e.attach_freplace({ fn_name: "other", target }));
ask();
say(() => e.attach_freplace({ fn_name: "other", target }));
say(() => e.detach_freplace({ fn_name: "other", target }));
ask();
say(() => e.attach_freplace({ fn_name: "nameless", func: "answer", target }));
ask();
say(() => e.attach_freplace({ fn_name: "wrong", target }));
`;

/** Kernels of the matrix take such programs; the owner of another may have decided otherwise. */
async function isRefused(): Promise<boolean> {
  const path = writeScript(folder, "probe.ts", `${script("other")}e.attach_freplace({ fn_name: "other", target });`);
  const { status, stderr } = await runCli(["run", "--allow-all", path]);
  if (status === 0) return false;
  // The sentence is all that there is to see on such a kernel.
  expect(status).toBe(3);
  expect(stderr).toContain(
    'error: Cannot load "other": this kernel refuses freplace/answer programs (EPERM, operation not permitted)',
  );
  expect(stderr).toContain("this is its owner's decision");
  expect((process.env["BPFTS_REQUIRE"] ?? "").split(",")).not.toContain("fentry");
  return true;
}

describe("a program in the place of another one's function", () => {
  it("says what is wrong with it before the kernel is asked", async () => {
    const path = writeScript(folder, "wrong.ts", script("other") + wrong);
    const { stdout, stderr } = await runCli(["run", "--allow-all", path]);
    expect(stderr).toBe("");
    expect(stdout).toMatchInlineSnapshot(`
      "Cannot attach "plain" to freplace: its section does not say that it replaces a function
        write SEC("freplace/NAME") before it, where NAME is the function that it replaces
      Cannot attach "nameless" to freplace: nothing says which function it replaces
        give func, or write SEC("freplace/NAME")
      Cannot attach "typo" to freplace "answr": the program has no such function (ENOENT, no such file or directory)
        its functions are those that are not inlined: in this dialect those that are written __noinline
      Cannot attach "other" to freplace: there is no program N
        look at what is loaded: bpfts prog
      Cannot attach "other" to freplace: there is no program pinned at "/sys/fs/bpf/none"
        look at what is loaded: bpfts prog
      attach_freplace() takes target as a loaded function, the id of a program, or the path of its pin
        for example target: b.load_func("classify", BPF.XDP)
      "
    `);
  });

  it("needs the user's leave", async () => {
    const path = writeScript(folder, "leave.ts", `${script("other")}e.attach_freplace({ fn_name: "other", target });`);
    const { status, stderr } = await runCli(["run", path]);
    expect(status).toBe(3);
    expect(stderr).toContain(
      "takes the place of another program's function: a script may do that only with --allow-all",
    );
  });

  it("answers in its place until it is detached", async (context) => {
    if (await isRefused()) context.skip("needs freplace: this kernel's owner refuses such programs");
    const path = writeScript(folder, "works.ts", script("other") + works);
    const { stdout, stderr } = await runCli(["run", "--allow-all", path]);
    expect(stderr).toBe("");
    expect(stdout).toBe(`answer 2
done
answer 41
Cannot attach "other" to freplace "answer of program N": another program is in its place already
  see which: bpfts link
done
answer 2
done
answer 51
The kernel's verifier rejects "wrong": arg0 in wrong() is PTR while answer() has INT
  see the whole log (2 lines) with --verbose
`);
  });

  it.for(endings)("is gone after %s", async (ending, context) => {
    if (await isRefused()) context.skip("needs freplace: this kernel's owner refuses such programs");
    const body = `${script("bpfts_replaced")}e.attach_freplace({ fn_name: "bpfts_replaced", target });`;
    await expectNothingLeft(folder, ending, "bpfts_replaced", body, ["--allow-all"]);
  });
});
