import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runGuest } from "../../../../runtime/session/run/run-guest.ts";
import { libraryName, readLibrary } from "../../../../runtime/script/read-library.ts";
import { readScript } from "../../../../runtime/script/read-script.ts";
import type { Script } from "../../../../runtime/script/read-script.ts";
import { openFakeKernel } from "../../../support/fake-kernel.ts";
import { makeProgram } from "../../../support/guest-run.ts";
import { root } from "../../../support/run-cli.ts";

/** What a task does, one after the other. Each task has a buffer of its own. Units: milliseconds. */
type Step =
  | { readonly kind: "await"; readonly ms: number }
  | { readonly kind: "sleep"; readonly ms: number }
  | { readonly kind: "microtasks"; readonly count: number }
  | { readonly kind: "take"; readonly count: number; readonly blocks: boolean }
  | { readonly kind: "race"; readonly ms: number; readonly returns: boolean }
  | { readonly kind: "until closed"; readonly ms: number; readonly blocks: boolean }
  | { readonly kind: "interval"; readonly ms: number; readonly count: number }
  | { readonly kind: "all"; readonly ms: number; readonly count: number }
  | { readonly kind: "poll"; readonly ms: number };

interface Model {
  readonly tasks: readonly (readonly Step[])[];
  readonly handlers: number;
  /** How often events come; Infinity for a buffer that stays empty. */
  readonly eventMs: number;
  /** When Ctrl-C comes, if it does. */
  readonly signalMs: number | undefined;
}

/** Goes through the tasks that its argument says, and says what it did. */
const script = `import { BPF, Interrupt, argv, on_exit, print, sleep } from "bpfts";
const { tasks, handlers } = JSON.parse(argv[0]!);
const b = new BPF({ text: "x" });
const delay = (ms: number) => new Promise((done) => setTimeout(done, ms));
for (let i = 0; i < handlers; i++) on_exit(() => print("handler", i));
const steps: Record<string, (step: any, table: any) => Promise<unknown> | void> = {
  await: ({ ms }) => delay(ms),
  sleep: ({ ms }) => void sleep(ms / 1000),
  async microtasks({ count }) { for (let i = 0; i < count; i++) await null; },
  async take({ count, blocks }, table) {
    let left = count;
    if (blocks) { for (const _ of table.events()) if (--left <= 0) break; }
    else { for await (const _ of table.events()) if (--left <= 0) break; }
  },
  async race({ ms, returns }, table) {
    const events = table.events()[Symbol.asyncIterator]();
    await Promise.race([events.next(), delay(ms)]);
    if (returns) await events.return();
    else table.close_buffer();
  },
  async "until closed"({ ms, blocks }, table) {
    setTimeout(() => table.close_buffer(), ms);
    if (blocks) { for (const _ of table.events()); }
    else { for await (const _ of table.events()); }
  },
  interval: ({ ms, count }) => new Promise<void>((done) => {
    let left = count;
    const id = setInterval(() => { if (--left <= 0) { clearInterval(id); done(); } if (left < 0) print("ticks on"); }, ms);
  }),
  all: ({ ms, count }) => Promise.all(Array.from({ length: count }, (_, i) => delay(i % 2 ? ms : 0))),
  poll: ({ ms }) => void b.ring_buffer_poll(ms),
};
const work = async (task: any[], i: number) => {
  for (let at = 0; at < task.length; at++) {
    await steps[task[at].kind]!(task[at], b.table("t" + i));
    print("task", i, "step", at);
  }
};
try {
  await Promise.all(tasks.map(work));
  print("all done");
} catch (error) {
  if (!(error instanceof Interrupt)) throw error;
  print("interrupted");
}
`;

let folder: string;
let made: Script;
const readSdk = (): ReturnType<typeof readLibrary> => readLibrary(join(root, "sdk/index.ts"));
let library: Awaited<ReturnType<typeof readSdk>>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bpfts-model-"));
  writeFileSync(join(folder, "model.ts"), script);
  made = await readScript(join(folder, "model.ts"), { readLibrary: readSdk });
  library = await readSdk();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Units: milliseconds; far more than any of these takes by itself. */
const HANG_MS = 20_000;

interface Outcome {
  readonly lines: readonly string[];
  readonly warnings: readonly string[];
  readonly exitCode: number;
  readonly isHung: boolean;
}

async function runModel({ eventMs, signalMs, ...tasks }: Model): Promise<Outcome> {
  const start = performance.now();
  const now = (): number => performance.now() - start;
  let text = "";
  let isHung = false;
  let signalAt = signalMs ?? Infinity;
  const warnings: string[] = [];
  const nextAt = new Map<number, number>();
  const open = (ring: number): number => (nextAt.set(ring, now() + eventMs), ring);
  let last = 0;
  // The second one is for a script that hangs.
  const isSignalled = (): boolean => now() >= signalAt || now() >= HANG_MS;
  const kernel = openFakeKernel({
    possibleCpus: () => 1,
    mapInfo: () => -38,
    ringBufferOpen: () => open(++last),
    ringClose: (ring) => (nextAt.delete(ring), 0),
    ringRead(ring, room) {
      if (now() < nextAt.get(ring)!) return 0;
      nextAt.set(ring, now() + eventMs);
      room.fill(0, 0, 16);
      room[0] = 8;
      return 16;
    },
    wait(timeoutMs, sources = 0) {
      const events = (sources & 1) !== 0 ? Math.min(...nextAt.values()) : Infinity;
      const until = Math.min(timeoutMs < 0 ? Infinity : now() + timeoutMs, events, signalAt, HANG_MS);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.max(0, until - now()));
      return 0;
    },
    signalPending: () => (isSignalled() ? 2 : 0),
    signalTake() {
      if (!isSignalled()) return 0;
      isHung ||= now() >= HANG_MS;
      signalAt = Infinity;
      return 2;
    },
    write: (_, bytes) => ((text += Buffer.from(bytes).toString()), bytes.length),
  });
  const maps = tasks.tasks.map((_, i) => ({ name: `t${i}`, type: 27, maxEntries: 4096, flags: 0 }));
  const exitCode = await runGuest({
    script: made,
    library: { name: libraryName, readCode: () => Promise.resolve(library.code) },
    args: [JSON.stringify(tasks)],
    port: kernel.port,
    build: () => makeProgram({ maps: maps as never }),
    openTracePipe: () => ({ file: 1, isPrivate: true, close: () => undefined }),
    log: { warn: (message) => void warnings.push(message), info: () => undefined },
  });
  return { lines: text.trim().split("\n"), warnings, exitCode, isHung };
}

const ms = fc.integer({ min: 0, max: 8 });
const count = fc.integer({ min: 1, max: 3 });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("await" as const), ms }),
  fc.record({ kind: fc.constant("sleep" as const), ms }),
  fc.record({ kind: fc.constant("microtasks" as const), count }),
  fc.record({ kind: fc.constant("race" as const), ms, returns: fc.boolean() }),
  fc.record({ kind: fc.constant("until closed" as const), ms, blocks: fc.boolean() }),
  fc.record({ kind: fc.constant("interval" as const), ms, count }),
  fc.record({ kind: fc.constant("all" as const), ms, count }),
  fc.record({ kind: fc.constant("poll" as const), ms }),
);
const takeStep: fc.Arbitrary<Step> = fc.record({ kind: fc.constant("take" as const), count, blocks: fc.boolean() });
const anyModel = (signals: boolean): fc.Arbitrary<Model> =>
  fc.constantFrom(1, 3, Infinity).chain((eventMs) =>
    fc.record({
      // Without events a loop that wants some has no end.
      tasks: fc.array(
        fc.array(eventMs === Infinity ? anyStep : fc.oneof(anyStep, takeStep), { minLength: 1, maxLength: 4 }),
        {
          minLength: 1,
          maxLength: 3,
        },
      ),
      handlers: fc.integer({ min: 0, max: 2 }),
      eventMs: fc.constant(eventMs),
      signalMs: signals ? fc.integer({ min: 0, max: 15 }) : fc.constant(undefined),
    }),
  );

/** The steps that a task has said to be done. */
const listSteps = (lines: readonly string[], task: number): string[] =>
  lines.filter((line) => line.startsWith(`task ${task} `));
const listAllSteps = (task: number, steps: readonly Step[]): string[] =>
  steps.map((_, at) => `task ${task} step ${at}`);
const listHandlers = ({ handlers }: Model): string[] =>
  Array.from({ length: handlers }, (_, i) => `handler ${handlers - 1 - i}`);
/** Other orders than those of each run: BPFTS_MODEL_RUNS=1000 BPFTS_MODEL_SEED=$RANDOM */
const search = {
  numRuns: Number(process.env["BPFTS_MODEL_RUNS"] ?? 60),
  seed: Number(process.env["BPFTS_MODEL_SEED"] ?? 1),
  // A model that hangs takes its time: it is made smaller only when somebody looks for a fault.
  endOnFailure: process.env["BPFTS_MODEL_SEED"] === undefined,
};

describe("timers, streams, waits and promises", () => {
  it("in every order: each goes its way to its end", async () => {
    await fc.assert(
      fc.asyncProperty(anyModel(false), async (model) => {
        const { lines, ...rest } = await runModel(model);
        expect(rest).toEqual({ warnings: [], exitCode: 0, isHung: false });
        for (const [i, task] of model.tasks.entries()) expect(listSteps(lines, i)).toEqual(listAllSteps(i, task));
        expect(lines.slice(lines.indexOf("all done"))).toEqual(["all done", ...listHandlers(model)]);
        expect(lines).not.toContain("ticks on");
      }),
      search,
    );
  });

  it("in every order, and a signal: the script hears of it once, its handlers run, nothing is told twice", async () => {
    await fc.assert(
      fc.asyncProperty(anyModel(true), async (model) => {
        const { lines, ...rest } = await runModel(model);
        expect(rest).toEqual({ warnings: [], exitCode: 0, isHung: false });
        for (const [i, task] of model.tasks.entries()) {
          const done = listSteps(lines, i);
          expect(done).toEqual(listAllSteps(i, task).slice(0, done.length));
        }
        expect(lines.filter((line) => line.startsWith("handler"))).toEqual(listHandlers(model));
      }),
      search,
    );
  });
});
