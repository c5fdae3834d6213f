import { describe, expect, it } from "vitest";
import { LossGauge } from "../../../../runtime/session/bridge/loss-gauge.ts";

/** Records of 56 bytes as the port hands them over, by CPU. */
function makeRecords(...cpus: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(64 * cpus.length));
  cpus.forEach((cpu, index) => {
    view.setUint32(index * 64, 56, true);
    view.setUint32(index * 64 + 4, cpu, true);
  });
  return new Uint8Array(view.buffer);
}

const none = new Uint8Array(0);
const general = ": the script read them too slowly (a larger buffer, or less work in the callback, helps)";

function open(kind: "perf" | "ring", eventBytes = 56): { gauge: LossGauge; pass: (ms: number) => void } {
  let time = 0;
  return {
    gauge: new LossGauge({ name: "events", kind, pages: 1, eventBytes }, () => time),
    pass: (ms) => void (time += ms),
  };
}

describe("the cause of a loss", () => {
  it("adds up what was read and what was lost of one burst, in bytes of the kernel's buffer", () => {
    const { gauge, pass } = open("ring");
    pass(250);
    // 63 records of 64 bytes fit into a page of which a byte stays free; 128 + 1 need three.
    gauge.note(makeRecords(...Array<number>(63).fill(0)), false, 66, true, true);
    expect(gauge.explain([0, 66])).toBe(
      " on CPU 1: the script read them too slowly, and 1 page filled up (BPF_RINGBUF_OUTPUT(events, 4) would have held the largest burst, of 0.25 s)",
    );
  });

  it("takes the largest burst, and losses that were counted after a read for the next one, too", () => {
    const { gauge } = open("ring");
    gauge.note(makeRecords(0), false, 100, true, true);
    gauge.note(makeRecords(0), false, 0, true, false);
    gauge.note(makeRecords(0), false, 30, true, true);
    // 101, then 100 + 2 + 30.
    expect(gauge.explain([130])).toContain("BPF_RINGBUF_OUTPUT(events, 4)");
    gauge.note(none, false, 0, true, true);
    expect(gauge.explain([130])).toContain("BPF_RINGBUF_OUTPUT(events, 4)");
  });

  it("asks perf buffers for the fullest CPU alone once events were lost", () => {
    const { gauge } = open("perf");
    gauge.note(none, false, 1, true, true);
    gauge.note(makeRecords(...Array<number>(40).fill(3), ...Array<number>(50).fill(1)), false, 0, true, true);
    // 50 events of 80 bytes with the lost one, in a page of which a byte stays free.
    expect(gauge.explain([0, 1, 0, 0])).toBe(` on CPU 1${general}`);
    gauge.note(makeRecords(...Array<number>(40).fill(3), ...Array<number>(50).fill(1)), false, 2, true, true);
    expect(gauge.explain([0, 2, 0, 1])).toBe(
      ", 66 % of them on CPU 1: the script read them too slowly, and 1 page a CPU filled up ({ page_cnt: 2 } would have held the largest burst, of 0.00 s)",
    );
  });

  it("names no size where none would have helped, or none is known", () => {
    const { gauge, pass } = open("perf");
    for (let i = 0; i < 4; i++) {
      pass(600);
      gauge.note(makeRecords(0), false, 10, false, true);
    }
    expect(gauge.explain([20, 20])).toBe(
      " on 2 CPUs: for 2.40 s more came than the script reads, so a larger buffer would have filled up, too (less work in the callback helps, or counting in C)",
    );
    const unknown = open("ring", 0).gauge;
    unknown.note(makeRecords(0), false, 10, true, true);
    expect(unknown.explain([])).toBe(general);
  });
});
