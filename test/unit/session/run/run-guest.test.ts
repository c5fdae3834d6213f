import { describe, expect, it } from "vitest";
import {
  GuestError,
  GuestLimitError,
  InterruptedError,
  ArgumentError,
  VerifierError,
} from "../../../../runtime/base/errors.ts";
import type { KernelLookups } from "../../../../runtime/session/bridge/lookups.ts";
import type { Command } from "../../../../runtime/session/wait/command.ts";
import { answerBatches } from "../../../support/fake-kernel.ts";
import { makeProgram, makeSignals, runScriptText } from "../../../support/guest-run.ts";

describe("output", () => {
  it("is buffered and written once at the end, stdout and stderr apart", async () => {
    const result = await runScriptText(`
      import { print, printf } from "bpfts";
      print("a", 1, 2n, { x: [1n, "y"] }, null);
      printf("%-4s|%d\\n", "b", 5);
      console.log("c");
    `);
    expect(result).toMatchObject({
      exitCode: 0,
      error: undefined,
      stdout: 'a 1 2 { x: [1, "y"] } null\nb   |5\nc\n',
      stderr: "",
    });
    expect(result.kernel.argsOf("write")).toHaveLength(1);
  });

  it("keeps the order of what goes to stdout and stderr", async () => {
    const order: number[] = [];
    await runScriptText(`console.log("out"); console.error("err"); console.log("out");import "bpfts";`, {
      kernel: { write: (fd, bytes) => (order.push(fd), bytes.length) },
    });
    expect(order).toEqual([1, 1, 2]);
  });

  it("comes in pieces of 64 KiB and whole, also with a reader that takes a little at a time", async () => {
    let text = "";
    await runScriptText(`import { print } from "bpfts"; for (let i = 0; i < 20000; i++) print("line", i);`, {
      kernel: {
        write(_, bytes) {
          const taken = bytes.subarray(0, 1000);
          text += Buffer.from(taken).toString();
          return taken.length;
        },
      },
    });
    expect(text.split("\n")).toHaveLength(20001);
    expect(text.endsWith("line 19999\n")).toBe(true);
  });

  it("ends the script quietly when nobody reads it any more", async () => {
    const result = await runScriptText(
      `import { print, sleep, on_exit } from "bpfts"; on_exit(() => print("end")); for (;;) { print("x"); sleep(0.001); }`,
      { kernel: { write: () => -32 } },
    );
    expect(result).toMatchObject({ exitCode: 0, error: undefined });
  });

  it.each([
    ["before a wait", "sleep(1);"],
    ["at the end", ""],
  ])("is not lost without a word when the disk is full: %s", async (_, wait) => {
    const result = await runScriptText(`import { print, sleep } from "bpfts"; void sleep; print("x"); ${wait}`, {
      kernel: { write: () => -28 },
    });
    expect(result.error).toMatchObject({
      code: "BPFTS_RESOURCE",
      message: expect.stringMatching(/^Cannot write to stdout \(ENOSPC/) as string,
    });
  });
});

describe("a script that imports nothing", () => {
  it("has console and timers", async () => {
    const { stdout, error } = await runScriptText(`setTimeout(() => console.log("later"), 5); console.log("now");`);
    expect(error).toBeUndefined();
    expect(stdout).toBe("now\nlater\n");
  });
});

describe("the end", () => {
  it.each([
    ["exit(3)", `exit(3);`, 3],
    ["exit within try", `try { exit(4); } catch { print("caught"); } finally { print("finally"); }`, 4],
    ["exit in a timer", `setTimeout(() => exit(5), 1); sleep(10);`, 5],
    ["exit in a promise", `await null; exit(6);`, 6],
    ["exit in an end handler", `on_exit(() => exit(7));`, 7],
  ])("is %s", async (_, code, status) => {
    const result = await runScriptText(
      `import { exit, on_exit, print, sleep } from "bpfts"; on_exit(() => print("bye")); ${code} `,
    );
    expect(result).toMatchObject({ exitCode: status, error: undefined, stdout: "bye\n" });
  });

  it("runs end handlers last first, each although another fails, and reports the failure", async () => {
    const result = await runScriptText(`import { on_exit, print } from "bpfts";
      on_exit(() => print("first"));
      on_exit(() => { throw new Error("second"); });
      on_exit(() => print("third"));`);
    expect(result.stdout).toBe("third\nfirst\n");
    expect(result.error).toBeInstanceOf(GuestError);
    expect((result.error as Error).message).toBe("Error: second");
  });

  it("runs end handlers when the script threw", async () => {
    const result = await runScriptText(
      `import { on_exit, print } from "bpfts"; on_exit(() => print("bye")); throw new TypeError("no");`,
    );
    expect(result).toMatchObject({ stdout: "bye\n", error: { code: "BPFTS_GUEST", message: "TypeError: no" } });
  });

  it("warns of a promise that nothing can settle", async () => {
    const result = await runScriptText(`import "bpfts"; await new Promise(() => {});`);
    expect(result).toMatchObject({
      exitCode: 0,
      warnings: ["The script ended while it waited for a promise that nothing can settle"],
    });
  });
});

describe("signals", () => {
  it("come out of blocking calls as Interrupt, which may be caught; the script goes on", async () => {
    const signals = makeSignals();
    signals.raise();
    const result = await runScriptText(
      `import { Interrupt, print, sleep } from "bpfts";
      try { sleep(100); } catch (error) { print(error instanceof Interrupt, error.name); }
      sleep(0.001);
      print("on");`,
      { kernel: signals.script },
    );
    expect(result).toMatchObject({ exitCode: 0, error: undefined, stdout: "true Interrupt\non\n" });
  });

  it("end a script quietly that does not catch them, and its end handlers run", async () => {
    const signals = makeSignals();
    signals.raise();
    const result = await runScriptText(
      `import { on_exit, print, sleep } from "bpfts"; on_exit(() => print("bye")); print("wait"); sleep(100);`,
      { kernel: signals.script },
    );
    expect(result).toMatchObject({ exitCode: 0, error: undefined, stdout: "wait\nbye\n" });
  });

  it("end a loop that never waits, after a grace, past its catch", async () => {
    const signals = makeSignals();
    signals.raise();
    const started = performance.now();
    const result = await runScriptText(
      `import { on_exit, print } from "bpfts"; on_exit(() => print("bye")); for (;;) { try { for (;;); } catch {} }`,
      { kernel: signals.script },
    );
    expect(result).toMatchObject({ exitCode: 0, error: undefined, stdout: "bye\n" });
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it("wait for names that the host reads, which is not the script's time", async () => {
    const signals = makeSignals();
    signals.raise();
    const findKernelSymbol = (): { name: string; offset: number } => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
      return { name: "vfs_read", offset: 0 };
    };
    const result = await runScriptText(
      `import { BPF, print } from "bpfts";
      const work = () => { for (let i = 0; i < 20_000; i++); };
      for (let turn = 0; turn < 3; turn++) { work(); print(BPF.ksym(1n)); }
      for (;;);`,
      { kernel: signals.script, lookups: { findKernelSymbol, close: () => undefined } as unknown as KernelLookups },
    );
    expect(result).toMatchObject({ exitCode: 0, error: undefined, stdout: "vfs_read\nvfs_read\nvfs_read\n" });
  });

  it("let a script come to the end of the events that it was given, slow as it is", async () => {
    const signals = makeSignals();
    const batches = [Buffer.concat([1, 2, 3, 4].map((number) => record(number)))];
    const result = await runScriptText(
      `import { BPF, print } from "bpfts";
      const b = new BPF({ text: "x" });
      b.table<never, Uint8Array>("events").open_ring_buffer((bytes) => {
        for (const end = Date.now() + 200; Date.now() < end; );
        print(bytes[0]);
      });
      for (;;) b.ring_buffer_poll();`,
      {
        build: () => makeProgram({ maps: [{ name: "events", type: 27, maxEntries: 4096, flags: 0 }] }),
        kernel: {
          ...signals.script,
          ringBufferOpen: () => 5,
          ringRead(ring, room) {
            signals.raise();
            return answerBatches(batches)(ring, room, false);
          },
        },
      },
    );
    expect(result).toMatchObject({ exitCode: 0, error: undefined, stdout: "1\n2\n3\n4\n" });
  });

  it("come through promises that follow on one another for ever", async () => {
    const signals = makeSignals();
    const result = await runScriptText(
      `import { on_exit, print, sleep } from "bpfts"; on_exit(() => print("bye"));
      setTimeout(() => { print("wait"); const again = () => Promise.resolve().then(again); void again(); }, 1); sleep(100);`,
      {
        kernel: { ...signals.script, write: (_, bytes) => (signals.raise(), bytes.length) },
      },
    );
    expect(result).toMatchObject({ exitCode: 0, error: undefined });
  });

  it.each(["for (;;);", "sleep(1000);", "for (;;) sleep(0.01);"])(
    "give end handlers only so much time: %s",
    async (code) => {
      const signals = makeSignals();
      signals.raise();
      const started = performance.now();
      const result = await runScriptText(
        `import { on_exit, sleep } from "bpfts"; on_exit(() => { ${code} }); sleep(100);`,
        { kernel: signals.script },
      );
      expect(result).toMatchObject({ exitCode: 0, error: undefined });
      expect(performance.now() - started).toBeLessThan(20_000);
    },
  );

  it("wake who waits for an event in a promise", async () => {
    const signals = makeSignals();
    const result = await runScriptText(
      `import { BPF, Interrupt, print } from "bpfts";
      const b = new BPF({ text: "x" });
      try { for await (const event of b.events("events")) print(event); } catch (error) { print(error instanceof Interrupt); }`,
      {
        build: () => makeProgram({ maps: [{ name: "events", type: 27, maxEntries: 4096, flags: 0 }] }),
        kernel: { ...signals.script, ringBufferOpen: () => 5, ringRead: () => 0, wait: () => (signals.raise(), 0) },
      },
    );
    expect(result).toMatchObject({ exitCode: 0, error: undefined, stdout: "true\n" });
  });

  it("end timers that nobody waits for", async () => {
    const signals = makeSignals();
    const result = await runScriptText(`import { print } from "bpfts"; let n = 0; setInterval(() => print(++n), 1);`, {
      kernel: { ...signals.script, write: (_, bytes) => (signals.raise(), bytes.length) },
    });
    expect(result).toMatchObject({ exitCode: 0, error: undefined });
  });
});

describe("timers", () => {
  it("run while a call blocks and after the last line, in the order of their times", async () => {
    const result = await runScriptText(`import { print, sleep } from "bpfts";
      setTimeout(() => print("30"), 30);
      setTimeout((a, b) => print("10", a, b), 10, "with", "values");
      const every = setInterval(() => print("every"), 12);
      const never = setTimeout(() => print("never"), 5);
      clearTimeout(never);
      setTimeout(() => clearInterval(every), 20);
      sleep(0.015);
      print("slept");`);
    expect(result.stdout.split("\n").filter((line) => line !== "every")).toEqual(["10 with values", "slept", "30", ""]);
    expect(result.stdout).toContain("every");
  });

  it("let promises go on", async () => {
    const result = await runScriptText(`import { print } from "bpfts";
      const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      await Promise.all([pause(200).then(() => print("b")), pause(2).then(() => print("a"))]);
      print("end");`);
    expect(result).toMatchObject({ exitCode: 0, stdout: "a\nb\nend\n" });
  });

  it("let promises go on while a call blocks, and what those set off", async () => {
    const result = await runScriptText(`import { print, sleep } from "bpfts";
      void (async () => { await null; print("before"); setTimeout(async () => { await null; print("within"); }, 5); })();
      sleep(0.5);
      print("after");`);
    expect(result).toMatchObject({ exitCode: 0, error: undefined, stdout: "before\nwithin\nafter\n" });
  });

  it("are not lost when a stream is left", async () => {
    const stream = {
      build: () => makeProgram({ maps: [{ name: "events", type: 27, maxEntries: 4096, flags: 0 }] }),
      kernel: { ringBufferOpen: () => 5, ringRead: () => 0 },
    };
    const head = `import { BPF, print } from "bpfts";
      const b = new BPF<string>({ text: "x" });
      const delay = (ms) => new Promise((done) => setTimeout(() => done("late"), ms));`;
    const raced = await runScriptText(
      `${head}
      for (let i = 0; i < 3; i++) {
        const it = b.events("events")[Symbol.asyncIterator]();
        print(await Promise.race([it.next(), delay(20)]));
        await it.return();
      }
      print("end");`,
      stream,
    );
    expect(raced).toMatchObject({ exitCode: 0, error: undefined, stdout: "late\nlate\nlate\nend\n", warnings: [] });
    const closed = await runScriptText(
      `${head}
      setTimeout(() => b.get_table("events").close_buffer(), 10);
      for await (const event of b.events("events")) print(event);
      print("closed");
      await delay(30);
      print("end");`,
      stream,
    );
    expect(closed).toMatchObject({ exitCode: 0, error: undefined, stdout: "closed\nend\n", warnings: [] });
  });

  it("take any number of milliseconds; Infinity never comes", async () => {
    const result = await runScriptText(`import { print } from "bpfts";
      const never = setTimeout(() => print("never"), Infinity);
      const far = setTimeout(() => print("far"), 2 ** 40);
      setTimeout(() => print("at once"), NaN);
      setTimeout(() => { clearTimeout(never); clearTimeout(far); }, 20);`);
    expect(result).toMatchObject({ exitCode: 0, error: undefined, stdout: "at once\n", warnings: [] });
  });

  it("do not lose what a callback or its promise throws", async () => {
    for (const callback of [
      `() => { throw new RangeError("lost"); }`,
      `async () => { await null; throw new RangeError("lost"); }`,
    ]) {
      const result = await runScriptText(
        `import { sleep } from "bpfts"; setInterval(${callback}, 1); sleep(0.05); sleep(0.05);`,
      );
      expect(result.error).toMatchObject({ code: "BPFTS_GUEST", message: "RangeError: lost" });
    }
  });
});

describe("a promise that fails", () => {
  it.each([
    [
      "of a function that nobody awaits, while the script sleeps",
      `async function main() { await null; throw new RangeError("lost"); }\nmain();\nsleep(0.05); print("slept");`,
      1,
    ],
    [
      "of one that fails before its first await",
      `async function main() { throw new RangeError("lost"); }\nmain();\nsleep(0.05); print("slept");`,
      1,
    ],
    ["after the last line", `async function main() { await null; throw new RangeError("lost"); }\nmain();`, 1],
    [
      "through other functions",
      `async function inner() { await null; throw new RangeError("lost"); }\nconst outer = async () => await inner();\nclass C { async m() { return outer(); } }\nnew C().m();`,
      1,
    ],
    [
      "in an async generator",
      `async function* two() { yield 1; await null; throw new RangeError("lost"); }\n(async () => { for await (const _ of two()); })();`,
      1,
    ],
    [
      "in what follows",
      `void Promise.resolve(1).then(() => { throw new RangeError("lost"); });\nsleep(0.01); print("slept");`,
      1,
    ],
    ["in what is made by hand", `new Promise((_, reject) => setTimeout(() => reject(new RangeError("lost")), 1));`, 1],
    ["among many", `Promise.all([Promise.resolve(1), Promise.reject(new RangeError("lost"))]);`, 1],
    [
      "in its last handler",
      `Promise.reject(1).catch(() => { throw new RangeError("lost"); }).finally(() => undefined);`,
      1,
    ],
    ["of an end handler", `on_exit(async () => { await null; throw new RangeError("lost"); });`, 1],
    [
      "that the last lines await",
      `const failing = (async () => { await null; throw new RangeError("lost"); })();\nsleep(0);\nawait failing;`,
      1,
    ],
  ])("is an error with its place: %s", async (_, lines, line) => {
    const result = await runScriptText(
      `import { on_exit, print, sleep } from "bpfts"; void [on_exit, print, sleep];\n${lines}\n`,
    );
    expect(result.error).toBeInstanceOf(GuestError);
    expect(result.error).toMatchObject({
      message: "RangeError: lost",
      location: { file: result.file, line: line + 1 },
    });
    expect(result.stdout).toBe("");
  });

  it.each([
    [
      "awaited in time",
      `const failing = (async () => { await null; throw new RangeError("no"); })(); try { await failing; } catch (error) { print(String(error)); }`,
    ],
    [
      "awaited although it has failed already",
      `const failing = (async () => { throw new RangeError("no"); })(); try { await failing; } catch (error) { print(String(error)); }`,
    ],
    ["caught", `(async () => { throw new RangeError("no"); })().catch((error) => print(String(error))); sleep(0.01);`],
    ["taken by both ends", `Promise.reject(new RangeError("no")).then(() => 1, (error) => print(String(error)));`],
    [
      "settled with others",
      `const all = await Promise.allSettled([Promise.reject(new RangeError("no"))]); print(String((all[0] as { reason: unknown }).reason));`,
    ],
    [
      "caught in a race",
      `try { await Promise.race([Promise.reject(new RangeError("no")), new Promise(() => undefined)]); } catch (error) { print(String(error)); }`,
    ],
    [
      "caught around a loop",
      `async function* one() { yield 1; throw new RangeError("no"); } try { for await (const _ of one()); } catch (error) { print(String(error)); }`,
    ],
  ])("is none where somebody takes it: %s", async (_, lines) => {
    const result = await runScriptText(
      `import { print, sleep } from "bpfts"; void sleep;\n${lines}\nif (!(Promise.resolve() instanceof Promise) || !((async () => 1)() instanceof Promise)) print("no promise");`,
    );
    expect(result).toMatchObject({ exitCode: 0, error: undefined, stdout: "RangeError: no\n", warnings: [] });
  });

  it("because of Ctrl-C ends the script quietly, and not at all where a call that blocked has heard of it", async () => {
    for (const [lines, stdout] of [
      ["watch(); setInterval(() => undefined, 1);", ""],
      [`watch(); try { sleep(100); } catch { print("caught"); } sleep(0.01); print("goes on");`, "caught\ngoes on\n"],
    ] as const) {
      const signals = makeSignals();
      let waits = 0;
      const result = await runScriptText(
        `import { BPF, print, sleep } from "bpfts"; void [print, sleep];
        const b = new BPF<string>({ text: "x" });
        async function watch() { for await (const _ of b.events("ring")); }
        ${lines}`,
        {
          build: () => makeProgram({ maps: [{ name: "ring", type: 27, maxEntries: 4096, flags: 0 }] }),
          kernel: {
            ...signals.script,
            ringBufferOpen: () => 12,
            ringRead: () => 0,
            ringLost: () => 0,
            ringClose: () => 0,
            wait: () => (++waits === 3 && signals.raise(), 0),
          },
        },
      );
      expect(result).toMatchObject({ exitCode: 0, error: undefined, stdout });
    }
  });
});

describe("errors", () => {
  it("that the script throws have their place and stack in the .ts", async () => {
    const result = await runScriptText(`import { print } from "bpfts";
interface Unused { readonly a: number }
function inner(x: Unused | null): number {
  return x!.a;
}
print(inner(null));`);
    expect(result.error).toBeInstanceOf(GuestError);
    expect(result.error).toMatchObject({
      message: "TypeError: cannot read property 'a' of null",
      location: { file: result.file, line: 4 },
    });
    expect((result.error as GuestError).detail).toMatch(
      /^ {4}at inner \(.*script\.ts:4:\d+\)\n {4}at .*script\.ts:6:\d+$/,
    );
  });

  it("of the host come out as they are, with their class, and with the place of the call", async () => {
    const rejected = new VerifierError("f", "The verifier rejected f", { hint: "check for null" });
    const result = await runScriptText(`import { BPF } from "bpfts";\n\nnew BPF({ text: "int f() {}" });`, {
      build: () => {
        throw rejected;
      },
    });
    expect(result.error).toBe(rejected);
    expect(rejected.location).toMatchObject({ file: result.file, line: 3 });
  });

  it("of the host can be caught, looked at and thrown on", async () => {
    const rejected = new VerifierError("f", "The verifier rejected f", {
      hint: "check for null",
      location: { file: "/c.ts", line: 9 },
    });
    const result = await runScriptText(
      `import { BPF, BpfError, print } from "bpfts";
      try { new BPF({ text: "int f() {}" }); }
      catch (error) {
        if (!(error instanceof BpfError)) throw error;
        print(error.name, error.code, error.message, error.hint, error.location.line);
        throw error;
      }`,
      {
        build: () => {
          throw rejected;
        },
      },
    );
    expect(result.stdout).toBe("VerifierError BPFTS_VERIFIER The verifier rejected f check for null 9\n");
    expect(result.error).toBe(rejected);
    expect(rejected.location).toEqual({ file: "/c.ts", line: 9 });
  });

  it("of the SDK are the host's classes, at the script's line", async () => {
    const result = await runScriptText(`import { BPF } from "bpfts";\nnew BPF({});`);
    expect(result.error).toBeInstanceOf(ArgumentError);
    expect(result.error).toMatchObject({ location: { line: 2 } });
  });

  it("name limits", async () => {
    const memory = await runScriptText(`import "bpfts"; const all = []; for (;;) all.push(new Uint8Array(1 << 20));`, {
      memoryBytes: 32 * 1024 * 1024,
    });
    expect(memory.error).toBeInstanceOf(GuestLimitError);
    expect(memory.error).toMatchObject({ message: "The script used up its memory" });
    const stack = await runScriptText(`import "bpfts"; const f = () => f() + 1; f();`);
    expect(stack.error).toMatchObject({
      code: "BPFTS_GUEST_LIMIT",
      message: "The script called functions within functions too deep",
    });
  });

  it("take a signal during a build for the signal that it is", async () => {
    const result = await runScriptText(`import { BPF } from "bpfts"; new BPF({ text: "x" });`, {
      build: () => {
        throw new InterruptedError("A signal came");
      },
    });
    expect(result).toMatchObject({ exitCode: 0, error: undefined });
  });

  it.each([
    [`"text"`, "text"],
    ["null", "null"],
    ["{ a: 1 }", "{ a: 1 }"],
  ])("say what was thrown when it is no error: %s", async (value, said) => {
    const result = await runScriptText(`import "bpfts"; throw ${value};`);
    expect(result.error).toMatchObject({ message: `The script threw ${said}, which is no error` });
  });

  it.each([
    ["sleep(NaN);", "sleep() takes seconds as a number, got NaN"],
    ["sleep(Number(argv[5]));", "sleep() takes seconds as a number, got NaN"],
    [`new BPF({ text: "x" }).perf_buffer_poll(NaN);`, "perf_buffer_poll() takes its milliseconds as a number, got NaN"],
  ])("refuse a wait that would never be over: %s", async (code, message) => {
    const result = await runScriptText(`import { BPF, argv, sleep } from "bpfts"; void [BPF, argv, sleep]; ${code}`, {
      kernel: { ringBufferOpen: () => 5 },
    });
    expect(result.error).toMatchObject({
      code: "BPFTS_ARGUMENT",
      message,
      hint: expect.stringContaining("was not given, is NaN") as string,
    });
  });
});

const makeCommand = (state: { ended: boolean }): Command & { readonly log: string[] } => {
  const log: string[] = [];
  return {
    line: "true",
    program: "true",
    pid: 77,
    isShell: false,
    log,
    release: () => void log.push("release"),
    isReleased: true,
    findEnd: () => (state.ended ? { exited: true, code: 0, signal: 0, refused: 0 } : undefined),
    haveProcesses: () => !state.ended,
    close: () => undefined,
  };
};

describe("the command of -c", () => {
  it("is offered by its pid, released at the first wait, and its end interrupts the script once", async () => {
    const command = makeCommand({ ended: true });
    const result = await runScriptText(
      `import { Interrupt, command, print, sleep } from "bpfts";
      print(command.pid);
      try { sleep(100); } catch (error) { print(error instanceof Interrupt); }
      sleep(0.001);
      print("on");`,
      { command },
    );
    expect(result).toMatchObject({ exitCode: 0, error: undefined, stdout: "77\ntrue\non\n" });
    expect(command.log[0]).toBe("release");
  });

  it("is not released by a script that never waits", async () => {
    const command = makeCommand({ ended: false });
    await runScriptText(`import { print } from "bpfts"; print("x");`, { command });
    expect(command.log).toEqual([]);
  });

  it("has what it caused delivered before the interrupt", async () => {
    const state = { ended: false };
    const batches = [record(1), record(2), record(3)];
    const result = await runScriptText(
      `import { BPF, print } from "bpfts";
      const b = new BPF({ text: "x" });
      b.table<never, Uint8Array>("events").open_ring_buffer((bytes) => print(bytes[0]));
      for (;;) b.ring_buffer_poll();`,
      {
        command: makeCommand(state),
        build: () => makeProgram({ maps: [{ name: "events", type: 27, maxEntries: 4096, flags: 0 }] }),
        kernel: {
          ringBufferOpen: () => 5,
          ringRead(ring, room) {
            state.ended = true;
            return answerBatches(batches)(ring, room, false);
          },
        },
      },
    );
    expect(result).toMatchObject({ exitCode: 0, error: undefined, stdout: "1\n2\n3\n" });
  });
});

describe("a script that sleeps", () => {
  it("gets the events that the command caused before the interrupt", async () => {
    const batches = [record(1), record(2)];
    const result = await runScriptText(
      `import { BPF, print, sleep } from "bpfts";
      const b = new BPF({ text: "x" });
      b.table<never, Uint8Array>("events").open_ring_buffer((bytes) => print(bytes[0]));
      for (;;) { sleep(1); print("slept"); }`,
      {
        command: makeCommand({ ended: true }),
        build: () => makeProgram({ maps: [{ name: "events", type: 27, maxEntries: 4096, flags: 0 }] }),
        kernel: { ringBufferOpen: () => 5, ringRead: answerBatches(batches) },
      },
    );
    expect(result).toMatchObject({ exitCode: 0, error: undefined, stdout: "1\n2\n" });
  });
});

function record(...bytes: readonly number[]): Uint8Array {
  const data = new Uint8Array(8 + ((bytes.length + 7) & ~7));
  new DataView(data.buffer).setUint32(0, bytes.length, true);
  data.set(bytes, 8);
  return data;
}
