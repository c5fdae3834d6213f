import { describe, expect, it } from "vitest";
import { openLineStopper } from "../../../runtime/live/line-stopper.ts";
import type { LineStopper } from "../../../runtime/live/line-stopper.ts";

function open(): { stopper: LineStopper; clock: { now: number; signal: number } } {
  const clock = { now: 0, signal: 0 };
  const port = { signalPending: () => clock.signal, guardPause: () => 0 };
  const stopper = openLineStopper(port, () => clock.now);
  stopper.begin();
  return { stopper, clock };
}

describe("the stopper of a session", () => {
  it("stops a line some time after a signal, and not the next one", () => {
    const { stopper, clock } = open();
    expect(stopper.shouldStop()).toBe(false);
    clock.signal = 2;
    expect(stopper.shouldStop()).toBe(false);
    clock.now = 299;
    expect(stopper.shouldStop()).toBe(false);
    clock.now = 300;
    expect(stopper.shouldStop()).toBe(true);
    clock.signal = 0;
    stopper.begin();
    expect(stopper.shouldStop()).toBe(false);
  });

  it("takes no account of the host's own work", () => {
    const { stopper, clock } = open();
    clock.signal = 2;
    stopper.shouldStop();
    stopper.excuse(() => (clock.now = 1000));
    expect(stopper.shouldStop()).toBe(false);
    clock.now = 1300;
    expect(stopper.shouldStop()).toBe(true);
  });

  it("stops what takes longer than it may", () => {
    const { stopper, clock } = open();
    stopper.begin(2000);
    clock.now = 1999;
    expect([stopper.shouldStop(), stopper.findTimeLeft(), stopper.wasTooLong]).toEqual([false, 1, false]);
    clock.now = 2000;
    expect([stopper.shouldStop(), stopper.findTimeLeft(), stopper.wasTooLong]).toEqual([true, 0, true]);
  });

  it("answers no calls from where a script would wait, nor after exit(), but at the end", () => {
    const { stopper } = open();
    stopper.stopHere();
    expect([stopper.isStopped(), stopper.shouldStop(), stopper.wasStoppedHere]).toEqual([true, true, true]);
    stopper.begin();
    expect([stopper.isStopped(), stopper.wasStoppedHere]).toEqual([false, false]);
    stopper.stop({ kind: "exit", code: 3 });
    stopper.stop({ kind: "closed-output" });
    stopper.begin();
    expect([stopper.isStopped(), stopper.reason]).toEqual([true, { kind: "exit", code: 3 }]);
    stopper.beginEnd(100);
    expect([stopper.isStopped(), stopper.reason]).toEqual([false, undefined]);
  });
});
