import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { makeFolder, root, runCli, startCli, writeScript } from "../support/run-cli.ts";
import type { CliResult } from "../support/run-cli.ts";

const outside = makeFolder();
const folder = join(outside, "own");
mkdirSync(folder);
const at = (name: string): string => join(folder, name);

/** The script of the manual's example: an event and a count for each directory that its command makes. */
const dirs = `import { BPF, RowPrinter, command, poll_events, report, sleep } from "bpfts";
const b = new BPF({ text: \`
BPF_HASH(modes, u32, u64);
struct event { u32 mode; char path[64]; };
BPF_RINGBUF_OUTPUT(events, 8);
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {
    if (bpf_get_current_pid_tgid() >> 32 != COMMAND) return 0;
    u32 mode = args->mode;
    modes.increment(mode);
    struct event event = { .mode = mode };
    bpf_probe_read_user_str(event.path, sizeof(event.path), args->pathname);
    events.ringbuf_output(&event, sizeof(event), 0);
    return 0;
}\`, cflags: [\`-DCOMMAND=\${command!.root_pid}\`] });
report(b);
`;

const [example] = /^```ts\n(import[^`]*`[^`]*`[^`]*)^```$/m
  .exec(readFileSync(join(root, "sdk/README.md"), "utf8").split("\n## Tests\n")[1]!)!
  .slice(1);

/** A folder beside that of the manual's example. */
function makeBeside(name: string): string {
  const path = join(outside, name);
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
  return path;
}

/** The command's own folder, so that it makes directories of these names. */
const runHere = (args: readonly string[], by: readonly string[] = [], cwd = folder): Promise<CliResult> =>
  runCli(args, { cwd, by });

/** What is printed, without the times. */
const readLines = ({ stdout }: CliResult): string[] =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/ \(\d+ ms\)$/, "").replace(/ in [\d.]+ s$/, ""));

beforeAll(async () => {
  writeScript(folder, "dirs.ts", dirs);
  writeScript(folder, "dirs.test.ts", example!);
  const recorded = await runHere(["run", "--record", "dirs.bpfrec", "-c", "mkdir -m 700 one two", "dirs.ts"]);
  expect([recorded.status, recorded.stderr]).toEqual([0, ""]);
  // Nobody else may read a recording unless its owner says so.
  chmodSync(at("dirs.bpfrec"), 0o644);
  for (const path of [outside, folder]) chmodSync(path, 0o755);
});

/** A place, its line and the mark below it. */
const place: readonly unknown[] = [
  expect.stringContaining("wrong/dirs.test.ts:"),
  expect.anything(),
  expect.anything(),
];

describe("bpfts test", () => {
  it("runs the manual's example, on a recording and in the kernel", async () => {
    const result = await runHere(["test"]);
    expect([readLines(result), result.status, result.stderr]).toEqual([
      [
        "dirs.test.ts",
        "  ok        shows each directory",
        "  ok        counts by mode",
        "  ok        drops ARP",
        "3 passed",
      ],
      0,
      "",
    ]);
  });

  it("needs no root but for what says that it does", async () => {
    const by = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", `HOME=${folder}`];
    const result = await runHere(["test", "dirs.test.ts"], by);
    expect([readLines(result), result.status]).toEqual([
      [
        "dirs.test.ts",
        "  left out  drops ARP (needs root)",
        "  ok        shows each directory",
        "  ok        counts by mode",
        "2 passed, 1 left out",
      ],
      0,
    ]);
  });

  it("shows what differs, with the test's line, and goes on", async () => {
    const wrong = makeBeside("wrong");
    copyFileSync(at("dirs.bpfrec"), join(wrong, "dirs.bpfrec"));
    writeScript(wrong, "dirs.ts", `${dirs}throw new Error("at the end");\n`);
    writeScript(
      wrong,
      "dirs.test.ts",
      `import { expect, replay, test } from "bpfts";
test("is wrong", () => {
  expect(replay("dirs.bpfrec").rows).toEqual([{ mode: 448, path: "one" }, { mode: 448, path: "three" }]);
});
test("knows how a script ended", () => {
  const { status, errors } = replay("dirs.bpfrec");
  expect(status).toBe(1);
  expect(errors).toContain("at the end");
});
test("knows no such file", () => void replay("none.bpfrec"));
test("reads no file of others", () => void replay("/etc/hostname"));
test("is no recording", () => void replay("dirs.ts"));
`,
    );
    const result = await runHere(["test", "wrong"], [], outside);
    expect([readLines(result), result.status]).toEqual([
      [
        "wrong/dirs.test.ts",
        "  FAILED    is wrong",
        '      expected [{ mode: 448, path: "one" }, { mode: 448, path: "two" }] to equal [{ mode: 448, path: "one" }, { mode: 448, path: "three" }]',
        "      - expected, + found:",
        "          [",
        '            { mode: 448, path: "one" },',
        '        -   { mode: 448, path: "three" },',
        '        +   { mode: 448, path: "two" },',
        "          ]",
        "        --> wrong/dirs.test.ts:3:38",
        '       3 |   expect(replay("dirs.bpfrec").rows).toEqual([{ mode: 448, path: "one" }, { mode: 448, path: "three" }]);',
        "         |                                      ^",
        "  ok        knows how a script ended",
        "  FAILED    knows no such file",
        '      There is no file "none.bpfrec" for the recording of replay()',
        ...place,
        expect.stringContaining("hint: paths are taken from the folder of the test"),
        "  FAILED    reads no file of others",
        expect.stringContaining('Cannot read the recording "/etc/hostname": a script reads files below its own folder'),
        ...place,
        expect.stringContaining("--allow-read"),
        "  FAILED    is no recording",
        expect.stringContaining("is no recording of bpfts"),
        ...place,
        "      hint: bpfts run --record FILE SCRIPT writes one",
        "1 passed, 4 failed",
      ],
      1,
    ]);
  });

  it("writes JSON, a line for each test that -t chooses", async () => {
    const result = await runHere(["test", "--json", "-t", "^counts"]);
    expect(
      result.stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      {
        type: "test",
        file: at("dirs.test.ts"),
        name: "counts by mode",
        status: "passed",
        durationMs: expect.any(Number),
      },
      {
        type: "summary",
        files: 1,
        failedFiles: 0,
        passed: 1,
        failed: 0,
        skipped: 0,
        durationMs: expect.any(Number),
      },
    ]);
  });

  it("ends what does not end, and says which tests did not run", async () => {
    const ends = makeBeside("ends");
    for (const [name, text] of Object.entries({
      loops: 'test("loops", () => { for (;;); });\ntest("behind", () => {});',
      sleeps: 'test("sleeps", () => { sleep(100); });\ntest("behind", () => {});',
      waits: 'test("waits", async () => { await new Promise(() => {}); });',
      exits: 'test("exits", () => { exit(0); });',
      empty: "exit;",
      throws: 'throw new Error("early");',
    }))
      writeFileSync(join(ends, `${name}.test.ts`), `import { exit, sleep, test } from "bpfts";\n${text}\n`);
    writeFileSync(join(ends, "other.test.ts"), 'import { test } from "vitest";\n');
    const result = await runHere(["test", "--timeout", "1", ends]);
    const told = readLines(result).filter((line) => /^(?: {2}\w| {6}[^ -])/.test(line) && !line.includes("hint:"));
    expect([told, result.status]).toEqual([
      [
        "  FAILED    the file itself",
        "      it has no tests",
        "  FAILED    exits",
        "      the file ended before it: it waits for a promise that nothing settles, or calls exit()",
        "  FAILED    loops",
        "      it took longer than 1 s",
        "  FAILED    behind",
        "      it did not run: the file ended before",
        "  FAILED    sleeps",
        "      it took longer than 1 s",
        "  ok        behind",
        "  FAILED    the file itself",
        "      Error: early",
        "  FAILED    waits",
        "      the file ended before it: it waits for a promise that nothing settles, or calls exit()",
      ],
      1,
    ]);
  });

  it("ends at Ctrl-C with 130", async () => {
    const long = makeBeside("long");
    writeFileSync(
      join(long, "a.test.ts"),
      'import { flush, print, sleep, test } from "bpfts";\ntest("long", () => { print("it runs"); flush(); sleep(100); });\n',
    );
    const running = startCli(["test", long]);
    await running.waitFor("it runs");
    running.child.kill("SIGINT");
    const result = await running.ended;
    expect([result.status, result.stdout]).toEqual([130, expect.stringContaining("Ctrl-C ended it")]);
  });

  it("says what is wrong with a command line", async () => {
    writeFileSync(at("nothing.ts"), "");
    const empty = makeBeside("empty");
    for (const [args, message] of [
      [["test", "none"], 'There is no file or folder "none"'],
      [["test", "dirs.ts"], 'hint: did you mean "dirs.test.ts"?'],
      [["test", "nothing.ts"], '"nothing.ts" is no file of tests: its name does not end in .test.ts'],
      [["test", empty], `There is no file of tests below "${empty}"`],
      [["test", "-t", "("], '-t "(" is no regular expression'],
      [["test", "-t", "a", "-t", "b"], "it was given before"],
      [["test", "--timeout", "0"], "--timeout"],
    ] as const) {
      const { status, stderr } = await runHere(args);
      expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
    }
    const none = await runHere(["test", "-t", "nothing"]);
    expect([none.status, none.stderr]).toEqual([1, 'error: No test fits -t "nothing": there are 3 with other names\n']);
  });
});
