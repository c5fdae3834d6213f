import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { runNative } from "../support/native-child.ts";

describe("a signal", () => {
  it.each([
    ["SIGINT", 2],
    ["SIGTERM", 15],
    ["SIGHUP", 1],
  ] as const)(
    "%s ends a wait at once, is pending until it is taken, and does not end the process",
    async (signal, number) => {
      const child = runNative(`
      port.signalsCatch();
      say("ready");
      const start = performance.now();
      const ready = port.wait(20_000);
      const again = port.wait(20_000);
      say(JSON.stringify({ ready: ready > 0, again: again > 0, quick: performance.now() - start < 10_000, pending: port.signalPending(), taken: port.signalTake(), left: port.signalPending(), after: port.wait(20) }));
    `);
      await child.reads("ready");
      child.process.kill(signal);
      const end = await child.end;
      expect(JSON.parse(end.stdout.split("\n")[1]!)).toEqual({
        ready: true,
        again: true,
        quick: true,
        pending: number,
        taken: number,
        left: 0,
        after: 0,
      });
      expect(end.code).toBe(0);
    },
  );

  it("is seen while JavaScript runs and nothing waits", async () => {
    const child = runNative(`
      port.signalsCatch();
      say("ready");
      while (port.signalPending() === 0);
      say("saw " + port.signalTake());
    `);
    await child.reads("ready");
    child.process.kill("SIGINT");
    expect((await child.end).stdout).toBe("ready\nsaw 2\n");
  });

  it("that comes a second time while the first is still pending ends the process", async () => {
    const child = runNative(`port.signalsCatch(); say("ready"); for (;;);`);
    await child.reads("ready");
    child.process.kill("SIGINT");
    await sleep(400);
    child.process.kill("SIGINT");
    expect(await child.end).toMatchObject({ code: null, signal: "SIGINT" });
  });

  it("ends the process at once after signalsFinish", async () => {
    const child = runNative(
      `port.signalsCatch(); port.signalsFinish(); say("ready"); port.wait(20_000); say("went on");`,
    );
    await child.reads("ready");
    child.process.kill("SIGINT");
    expect(await child.end).toMatchObject({ code: null, signal: "SIGINT", stdout: "ready\n" });
  });

  it("that nobody takes ends guarded code, whatever it does, past its finally, and nothing else", async () => {
    const child = runNative(`
      port.signalsCatch();
      say("ready");
      const ended = port.runGuarded(() => { try { port.runGuarded(() => /(a+)+$/.test("a".repeat(60) + "b")); say("inner"); for (;;); } catch { say("caught"); } finally { say("finally"); } });
      say(JSON.stringify([ended, port.signalTake(), port.runGuarded(() => say("again"))]));
    `);
    await child.reads("ready");
    child.process.kill("SIGINT");
    expect(await child.end).toMatchObject({ code: 0, stdout: "ready\nagain\n[1,2,0]\n" });
  });

  it("lets the host's own work come to its end, and guarded code no longer", async () => {
    const child = runNative(`
      port.signalsCatch();
      say("ready");
      const spin = (ms) => { const start = performance.now(); while (performance.now() - start < ms); };
      const ended = port.runGuarded(() => {
        port.guardPause(1);
        while (port.signalPending() === 0);
        spin(1500);
        port.guardPause(0);
        say("worked");
        spin(100);
        say("a moment more");
        for (;;);
      });
      say(ended);
    `);
    await child.reads("ready");
    child.process.kill("SIGINT");
    expect(await child.end).toMatchObject({ code: 0, stdout: "ready\nworked\na moment more\n1\n" });
  });

  it("that npm passes on once more counts once", async () => {
    const child = runNative(`
      port.signalsCatch();
      say("ready");
      port.wait(20_000);
      say("took " + port.signalTake());
      port.wait(600);
      say("took " + port.signalTake());
    `);
    await child.reads("ready");
    child.process.kill("SIGINT");
    await child.reads("took 2");
    child.process.kill("SIGINT");
    expect(await child.end).toMatchObject({ code: 0, stdout: "ready\ntook 2\ntook 0\n" });
  });

  it("ends the process when another one was taken before", async () => {
    const child = runNative(`
      port.signalsCatch();
      say("ready");
      port.wait(20_000);
      say("took " + port.signalTake());
      for (;;) port.wait(20_000);
    `);
    await child.reads("ready");
    child.process.kill("SIGINT");
    await child.reads("took 2");
    child.process.kill("SIGTERM");
    expect(await child.end).toMatchObject({ code: null, signal: "SIGTERM", stdout: "ready\ntook 2\n" });
  });

  it("ends the process as before once signals are given back", async () => {
    const child = runNative(`
      port.signalsCatch();
      port.signalsCatch();
      port.signalsRelease();
      port.signalsRelease();
      say("ready");
      port.wait(20_000);
    `);
    await child.reads("ready");
    child.process.kill("SIGTERM");
    expect(await child.end).toMatchObject({ code: null, signal: "SIGTERM" });
  });

  it("ends a write that a reader keeps waiting", async () => {
    const child = runNative(`
      port.signalsCatch();
      const bytes = new Uint8Array(1 << 20).fill(46);
      writeSync(2, "ready\\n");
      const written = port.write(1, bytes, -1);
      process.stderr.write(JSON.stringify({ short: written > 0 && written < bytes.length, pending: port.signalPending() }), () => process.exit(0));
    `);
    child.process.stdout.pause();
    await once(child.process.stderr, "data");
    await sleep(100);
    child.process.kill("SIGINT");
    await sleep(200);
    child.process.stdout.resume();
    expect(JSON.parse((await child.end).stderr.replace("ready", ""))).toEqual({ short: true, pending: 2 });
  });
});

describe("a deadline", () => {
  it("ends guarded code and is over with it; errors of the code come out as they are", async () => {
    const { stdout } = await runNative(`
      port.signalsCatch();
      port.guardDeadline(50);
      say(port.runGuarded(() => { for (;;); }));
      say(port.runGuarded(() => { const start = performance.now(); while (performance.now() - start < 100); }));
      port.guardDeadline(50);
      port.guardDeadline(-1);
      say(port.runGuarded(() => { const start = performance.now(); while (performance.now() - start < 100); }));
      port.guardDeadline(50);
      port.guardPause(1);
      say(port.runGuarded(() => { const start = performance.now(); while (performance.now() - start < 300); port.guardPause(0); for (;;); }));
      try { port.runGuarded(() => { throw new RangeError("own"); }); } catch (error) { say(String(error)); }
    `).end;
    expect(stdout).toBe("1\n0\n0\n1\nRangeError: own\n");
  });
});
