import { describe, expect, it } from "vitest";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();

/** Sends one event of each kind when the test's own command makes a folder. */
const text = (output: string): string => `
struct flexible { u32 len; char data[]; };
struct numbers { u32 len; u16 list[]; };
struct ev { u64 a; u32 b; u32 c; };
struct line { u32 n; char text[60]; };
${["flexible", "numbers", "short_ones", "lines"].map((name) => (output === "perf" ? `BPF_PERF_OUTPUT(${name});` : `BPF_RINGBUF_OUTPUT(${name}, 8);`)).join("\n")}
#define SEND(name, type, from, size) ${output === "perf" ? "name.perf_submit(args, (type *)from, size)" : "name.ringbuf_output((type *)from, size, 0)"}
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {
    char path[16] = {};
    bpf_probe_read_user_str(path, sizeof(path), args->pathname);
    if (path[0] != 's' || path[1] != 'h' || path[2] != 'o' || path[3] != '@') return 0;
    struct { u32 len; char data[12]; } words = { .len = 5, .data = "hi!" };
    SEND(flexible, struct flexible, &words, 9);
    struct { u32 len; u16 list[6]; } numbers_sent = { .len = 3, .list = { 1, 65535, 3, 4 } };
    SEND(numbers, struct numbers, &numbers_sent, 12);
    struct ev e = { .a = 1, .b = 2, .c = 3 };
    SEND(short_ones, struct ev, &e, 12);
    SEND(short_ones, struct ev, &e, 12);
    struct line l = { .n = 7, .text = "cut" };
    SEND(lines, struct line, &l, 8);
    return 0;
}`;

describe.each(["ring", "perf"])("events of a %s buffer that have another size than their type", (output) => {
  const run = (lines: string): ReturnType<typeof runCli> =>
    runCli([
      "run",
      "-c",
      "cd /proc; mkdir sho@1 2>/dev/null; true",
      writeScript(
        folder,
        `${output}.ts`,
        `import { BPF, poll_events, print } from "bpfts";
const b = new BPF({ text: \`${text(output)}\` });
const open = (name: string, callback: (event: any) => void) => (b.table(name) as any).open_${output}_buffer(callback);
void [print, open];
${lines}
poll_events();
`,
      ),
    ]);

  it("fill arrays without a length, and tell what is missing", async () => {
    const result = await run(
      `for (const name of ["flexible", "numbers", "short_ones", "lines"]) open(name, (event) => print(name, event));`,
    );
    expect(result.stdout.trimEnd().split("\n").sort()).toEqual([
      'flexible { len: 5, data: "hi!" }',
      'lines { n: 7, text: "cut" }',
      "numbers { len: 3, list: [1, 65535, 3, 4] }",
      "short_ones { a: 1, b: 2, c: 0 }",
      "short_ones { a: 1, b: 2, c: 0 }",
    ]);
    expect(result.stderr).toBe(
      'warning: An event of "short_ones" has 12 bytes, and struct ev has 16: what is missing reads as 0\n',
    );
    expect(result.status).toBe(0);
  });

  it("tell it of rows, too", async () => {
    const result = await run(
      `(b.table("short_ones") as any).printf("%d %d %d\\n", "a", "b", "c"); (b.table("flexible") as any).printf("%s\\n", "data");`,
    );
    expect(result.stdout.trimEnd().split("\n").sort()).toEqual(["1 2 0", "1 2 0", "hi!"]);
    expect(result.stderr).toMatch(/^warning: An event of "short_ones" has 12 bytes, and struct ev has 16: [^\n]*\n$/);
    expect(result.status).toBe(0);
  });
});
