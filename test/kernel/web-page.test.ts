import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder, parseCliError, root, runCli, startCli, writeScript } from "../support/run-cli.ts";
import type { RunningCli } from "../support/run-cli.ts";

const folder = makeFolder();

async function findPage(running: RunningCli): Promise<string> {
  await running.waitFor("/\n");
  return /^bpfts: page: (http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/)$/m.exec(running.stderrSoFar())![1]!;
}

type Part = Readonly<Record<string, unknown>>;

/** What the page shows last, by the parts' ids, when the run has ended. */
function watch(url: string): Promise<ReadonlyMap<string, Part>> {
  return new Promise((resolve, reject) => {
    let text = "";
    request(`${url}events`, (response) => {
      response.setEncoding("utf8").on("data", (more: string) => (text += more));
      response.on("error", reject).on("end", () => {
        const blocks = text.split("\n\n").filter((block) => block !== "");
        if (!blocks.at(-1)!.startsWith("event: end\n"))
          return reject(new Error(`the page was not told of the end: ${text}`));
        const parts = blocks
          .filter((block) => block.startsWith("event: parts\n"))
          .flatMap(
            (block) => JSON.parse(block.slice(block.indexOf("data: ") + 6)) as (Part & { readonly id: string })[],
          );
        resolve(new Map(parts.map((part) => [part.id, part])));
      });
    })
      .on("error", reject)
      .end();
  });
}

/** The command begins when the page is open, and makes so many directories. */
const makeWhenOpen = (count: number): string =>
  `while [ ! -e ${folder}/open ]; do sleep 0.05; done; rm ${folder}/open; cd ${folder}; i=0; while [ $i -lt ${count} ]; do mkdir -m 700 d$i; rmdir d$i; i=$((i + 1)); done; sleep 0.5`;

async function watchRun(args: readonly string[]): Promise<{
  readonly parts: ReadonlyMap<string, Part>;
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}> {
  const running = startCli(args);
  const url = await findPage(running);
  const watched = watch(url);
  // Whoever opens the page later sees the same; the command must not be over before.
  await new Promise<void>((resolve, reject) => {
    request(url, (response) => {
      response.resume().on("end", () => (response.statusCode === 200 ? resolve() : reject(new Error("no page"))));
    })
      .on("error", reject)
      .end();
  });
  writeScript(folder, "open", "");
  const { stdout, stderr, status } = await running.ended;
  return { parts: await watched, stdout, stderr, status };
}

describe("--web", () => {
  it("shows the tables, histograms, stacks and events of a one-liner while it runs", async () => {
    const text =
      'tracepoint:syscalls:sys_enter_mkdir if (ppid == cpid) { n.count(comm); h.hist(args->mode); s.count(kstack); print("%d", args->mode); }';
    const { parts, stdout, status } = await watchRun(["-e", text, "-c", makeWhenOpen(3), "--web"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^mkdir +3$/m);
    expect(parts.get("table n")).toMatchObject({ columns: ["comm", "value"], rows: [["mkdir", 3]], total: 1 });
    expect(parts.get("hist h ")).toMatchObject({ buckets: [["256", "511", 3]] });
    const heat = parts.get("hist h ")!["heat"] as readonly (readonly [number, Readonly<Record<string, number>>])[];
    expect(heat.reduce((sum, [, counts]) => sum + (counts["256-511"] ?? 0), 0)).toBe(3);
    expect(parts.get("flame s")).toMatchObject({ total: 3 });
    const [[frames]] = parts.get("flame s")!["stacks"] as [[readonly string[], number]];
    expect(frames!.join()).toContain("do_syscall_64");
    expect(parts.get("prints mode")).toMatchObject({ total: 3, rows: [[448], [448], [448]] });
    expect(parts.get("text")).toMatchObject({ lines: expect.arrayContaining([expect.stringMatching(/^mkdir +3$/)]) });
  });

  it("shows the rows of a script, and works behind a tool's name", async () => {
    const script = writeScript(
      folder,
      "rows.ts",
      `import { BPF, RowPrinter, command, poll_events } from "bpfts";
const b = new BPF({ text: \`
struct event { u32 mode; };
BPF_RINGBUF_OUTPUT(events, 8);
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {
    struct task_struct *task = (void *)bpf_get_current_task();
    if (task->real_parent->tgid != SHELL) return 0;
    struct event event = { .mode = args->mode };
    events.ringbuf_output(&event, sizeof(event), 0);
    return 0;
}\`, cflags: [\`-DSHELL=\${command!.root_pid}\`] });
const rows = new RowPrinter<{ readonly mode: number }>([{ head: "MODE", format: "%o", value: "mode" }]);
b.tables.events.open_ring_buffer((event) => rows.print(event as { mode: number }));
poll_events();
`,
    );
    const { parts, stdout } = await watchRun(["run", "-c", makeWhenOpen(2), "--web", script]);
    expect(parts.get("rows mode")).toMatchObject({ columns: ["mode"], rows: [[448], [448]], total: 2 });
    expect(stdout).toBe("700\n700\n");
    const tool = startCli(["execsnoop", "--web", "127.0.0.1:0", "-c", "true"]);
    await findPage(tool);
    expect((await tool.ended).status).toBe(0);
  });

  it("tells the page of the end at Ctrl-C, too", async () => {
    const text = 'import { flush, print, sleep } from "bpfts"; print("it waits"); flush(); sleep(100);\n';
    const running = startCli(["run", "--web", writeScript(folder, "waits.ts", text)]);
    const watched = watch(await findPage(running));
    await running.waitFor("it waits");
    running.child.kill("SIGINT");
    expect((await running.ended).status).toBe(0);
    expect((await watched).get("text")).toMatchObject({ lines: ["it waits"] });
  });

  it("serves this machine alone, and says what is wrong with an address", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as AddressInfo;
    try {
      for (const [args, code, message] of [
        [
          ["--web", "0.0.0.0:8080"],
          2,
          '--web serves this machine alone: "0.0.0.0:8080" is no address of 127.0.0.1 or [::1]',
        ],
        [["--web=example.com"], 2, '--web serves this machine alone: "example.com" is no address'],
        [["--web", "127.0.0.1:99999"], 2, "--web has no port 99999"],
        [
          ["--web", `127.0.0.1:${port}`],
          1,
          `--web cannot have port ${port}: somebody listens on 127.0.0.1:${port} already`,
        ],
        [["--web", "--watch"], 2, "--watch and --web do not go together"],
      ] as const) {
        const result = await runCli(["run", "--json-errors", ...args, join(root, "scripts/counts.ts")]);
        const error = parseCliError(result);
        expect([result.status, error.message]).toEqual([error.exitCode, expect.stringContaining(message)]);
        expect([args, error.exitCode === 2]).toEqual([args, code === 2]);
      }
    } finally {
      taken.close();
    }
  });
});
