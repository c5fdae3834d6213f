import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder, startCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
let last = 0;
const start = (body: string, before = ""): ReturnType<typeof startCli> =>
  startCli([
    "run",
    writeScript(
      folder,
      `ends-${++last}.ts`,
      `import { BPF, exit, on_exit, print, sleep } from "bpfts"; void [BPF, exit, sleep];
on_exit(() => print("bye"));
${before}
print("ready");
sleep(0.001);
${body}`,
    ),
  ]);

/** What ends takes half a second of its own and a moment of a busy machine. Units: milliseconds. */
const SOON_MS = 4000;

/** Loops within QuickJS, or within the host, that ask nobody whether they are to end. */
const loops: readonly (readonly [name: string, body: string])[] = [
  ["a join", `new Array(2 ** 31).join("");`],
  ["a search that finds nothing", `[].indexOf.call({ length: 2 ** 53 - 1 }, 5);`],
  ["a search in a text", `const s = "ab".repeat(1e6); for (;;) s.indexOf("ab".repeat(5e5) + "c");`],
  ["a power", `for (;;) (7n ** 300000n).toString();`],
  ["a sort", `const a = Array.from({ length: 3e5 }, (_, i) => (i * 7919) % 300007); for (;;) a.sort();`],
  ["JSON", `let x: unknown = []; for (let i = 0; i < 24; i++) x = [x, x]; JSON.stringify(x);`],
  ["a regular expression", `/^(([a-z])+.)+[A-Z]([a-z])+$/.test("a".repeat(60));`],
  ["promises", `for (;;) await null;`],
  ["promises on promises", `const again = (): Promise<void> => Promise.resolve().then(again); await again();`],
  ["nothing but turns", `for (;;);`],
];

describe("the first Ctrl-C", () => {
  it.each(loops)("ends %s, and the end handlers run", async (_, body) => {
    const run = start(body);
    await run.waitFor("ready");
    await new Promise((resolve) => setTimeout(resolve, 300));
    const signalled = performance.now();
    run.child.kill("SIGINT");
    const result = await run.ended;
    expect(performance.now() - signalled).toBeLessThan(SOON_MS);
    expect(result).toMatchObject({ status: 0, signal: null, stdout: "ready\nbye\n" });
    expect(result.stderr).toMatch(/^(?:warning: A signal ended the script within one long operation, .*\n)?$/);
  });

  it("does not wait for a pattern of the script's", async () => {
    const run = start(`print(BPF.get_tracepoints("(([a-z_:]+)+)+[0-9]Z").length);`);
    expect(await run.ended).toMatchObject({ status: 0, stdout: "ready\n0\nbye\n" });
  });

  it.each([
    "sleep(99999999);",
    "sleep(Infinity);",
    "setInterval(() => undefined, 1e12);",
    "await new Promise((done) => setTimeout(done, Infinity));",
  ])("ends a wait of any length: %s", async (body) => {
    const run = start(body);
    await run.waitFor("ready");
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(run.child.exitCode).toBeNull();
    run.child.kill("SIGINT");
    expect(await run.ended).toMatchObject({ status: 0, stdout: "ready\nbye\n", stderr: "" });
  });

  it("leaves a check without a result", async () => {
    const run = startCli([
      "check",
      writeScript(
        folder,
        "checked.ts",
        `import { eprint, flush } from "bpfts"; eprint("ready"); flush(); const until = Date.now() + 60_000; while (Date.now() < until);`,
      ),
    ]);
    await run.waitFor("ready");
    run.child.kill("SIGINT");
    const result = await run.ended;
    expect([result.stdout, result.status]).toEqual(["", 130]);
  });
});

/** Answers whether a process runs. One that has ended and was not reaped does not. */
const isRunning = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
};

describe("the second Ctrl-C", () => {
  // The same signal again within a quarter of a second is npm's echo of the first.
  const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 400));

  it("ends a script that takes each Interrupt and goes on", async () => {
    const run = start("for (;;) { try { print(`waiting`); sleep(99); } catch { print(`taken`); } }");
    await run.waitFor("waiting");
    run.child.kill("SIGINT");
    await run.waitFor("taken");
    await later();
    run.child.kill("SIGINT");
    expect(await run.ended).toMatchObject({ status: null, signal: "SIGINT" });
  });

  it("ends what the command started, but its daemons", async () => {
    const names = ["started", "background", "own-session", "daemon"];
    const files = names.map((name) => join(folder, name));
    const shell = (file: string, rest: string): string => `sh -c 'trap "" INT TERM; echo $$ > ${file}; ${rest}'`;
    const line = join(folder, "tree.sh");
    const wait = "while :; do sleep 1; done";
    const [started, background, ownSession, daemon] = files.map((file) => shell(file, wait));
    writeFileSync(
      line,
      `(setsid ${daemon} >/dev/null 2>&1 &)\n${background} &\nsetsid --wait ${ownSession} &\n${started}\n`,
    );
    const run = startCli([
      "run",
      "-c",
      `sh ${line}`,
      writeScript(
        folder,
        "holds.ts",
        `import { print, sleep } from "bpfts"; print("ready"); for (;;) try { sleep(99); } catch {}`,
      ),
    ]);
    await run.waitFor("ready");
    await expect.poll(() => files.every((file) => existsSync(file) && readFileSync(file, "utf8") !== "")).toBe(true);
    const pids = files.map((file) => Number(readFileSync(file, "utf8")));
    try {
      expect(pids.map(isRunning)).toEqual([true, true, true, true]);
      run.child.kill("SIGINT");
      await later();
      run.child.kill("SIGINT");
      expect(await run.ended).toMatchObject({ status: null, signal: "SIGINT" });
      expect(pids.map(isRunning)).toEqual([false, false, false, true]);
    } finally {
      for (const pid of pids.filter(isRunning)) process.kill(pid, "SIGKILL");
    }
  });
});

describe("an end handler", () => {
  it("that registers itself again and exits ends in its time", async () => {
    const run = start("sleep(99);", `on_exit(function again() { on_exit(again); exit(7); });`);
    await run.waitFor("ready");
    const signalled = performance.now();
    run.child.kill("SIGINT");
    expect((await run.ended).status).toBe(7);
    expect(performance.now() - signalled).toBeLessThan(SOON_MS);
  });

  it("that does not end is ended", async () => {
    const run = start("sleep(99);", `on_exit(() => { new Array(2 ** 31).join(""); });`);
    await run.waitFor("ready");
    run.child.kill("SIGINT");
    expect(await run.ended).toMatchObject({ status: 0, signal: null });
  });

  it("is cut off by a second Ctrl-C, which ends the process", async () => {
    const run = start("sleep(99);", `on_exit(() => { console.error("ending"); sleep(0.01); for (;;); });`);
    await run.waitFor("ready");
    run.child.kill("SIGINT");
    await run.waitFor("ending");
    // Later than an echo of the first one.
    await new Promise((resolve) => setTimeout(resolve, 300));
    run.child.kill("SIGINT");
    expect(await run.ended).toMatchObject({ status: null, signal: "SIGINT" });
  });
});
