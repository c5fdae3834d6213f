import { describe, expect, it } from "vitest";
import { makeFolder, parseCliError, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
/** A script that attaches its functions by hand, under a condition that does not hold. */
const script = (text: string, end = ""): string =>
  `import { BPF } from "bpfts";\nconst b = new BPF({ text: \`\n${text}\n\` });\nif (b === undefined) b.attach_uprobe({ name: "c", sym: "malloc", fn_name: "f" });\n${end}`;
const wrong = "{\n  int *p = NULL;\n  bpf_map_delete_elem(p, p);\n  return 0;\n}";

describe("bpfts check and functions that nothing attaches", () => {
  it.each([
    ["registers", `int f(struct pt_regs *ctx) ${wrong}`],
    ["registers and arguments", `int f(struct pt_regs *ctx, int fd) ${wrong}`],
    ["a section", `SEC("uprobe") int f(struct pt_regs *ctx) ${wrong}`],
    ["a section of another kind", `SEC("xdp") int f(struct xdp_md *ctx) ${wrong}`],
    ["the type of a packet", `int f(struct __sk_buff *skb) ${wrong}`],
    ["the type of a sample", `int f(struct bpf_perf_event_data *ctx) ${wrong}`],
    ["a raw tracepoint's arguments", `int f(struct bpf_raw_tracepoint_args *ctx) ${wrong}`],
  ])("has the verifier look at one that is known by %s", async (_, text) => {
    for (const end of ["", "b.close();\n"]) {
      const error = parseCliError(
        await runCli(["check", "--json-errors", writeScript(folder, "wrong.ts", script(text, end))]),
      );
      expect(error.code).toBe("BPFTS_VERIFIER");
      expect(error.location?.line).toBe(5);
    }
  });

  it("says so where there is nothing wrong", async () => {
    const text = "int f(struct pt_regs *ctx) { return 0; }\nint g(struct xdp_md *ctx) { return XDP_PASS; }";
    const { stdout, status } = await runCli(["check", writeScript(folder, "good.ts", script(text))]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/good\.ts: ok, 2 programs, 0 maps, verified in \d+ ms$/m);
    expect(stdout).not.toContain("not verified");
  });

  it("names those that it cannot look at, and why", async () => {
    const text =
      'int f(void *ctx) { return 0; }\nSEC("fentry") int g(u64 *ctx) { return 0; }\nint h(struct pt_regs *ctx) { return 0; }';
    const path = writeScript(folder, "unknown.ts", script(text));
    const { stdout, status } = await runCli(["check", path]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/ok, 3 programs, 0 maps, verified \(2 not\) in \d+ ms$/m);
    expect(stdout).toMatch(/not verified: "f": .*the type of its context/);
    expect(stdout).toMatch(/not verified: "g": .*fentry\/…/);
    const json = JSON.parse((await runCli(["check", "--json", path])).stdout) as { unverified: { name: string }[] };
    expect(json.unverified.map(({ name }) => name)).toEqual(["f", "g"]);
  });

  it("loads none that a call of the script loaded as something else", async () => {
    const text = "int f(struct pt_regs *ctx) { return 0; }";
    const path = writeScript(folder, "loaded.ts", script(text, 'b.load_func("f", BPF.TRACEPOINT);\n'));
    const { stdout, status } = await runCli(["check", path]);
    expect([status, stdout]).toEqual([0, expect.stringMatching(/ok, 1 program, 0 maps, verified in/)]);
  });
});
