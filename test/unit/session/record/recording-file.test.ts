import { chmodSync, chownSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createRecording, parseRecording, readRecording } from "../../../../runtime/session/record/recording-file.ts";
import { sortEntries } from "../../../../runtime/session/record/recorded-calls.ts";
import { makeFolder } from "../../../support/run-cli.ts";

const folder = makeFolder();

function record(path: string, count: number, size: number): void {
  const file = createRecording(path);
  for (let i = 0; i < count; i++) file.add({ kind: "call", number: i, text: "ü\n" }, new Uint8Array(size).fill(i));
  file.finish();
  file.close();
}

const parse = (bytes: Uint8Array): unknown => parseRecording(Buffer.from(bytes), "x.bpfrec");

describe("the file of a recording", () => {
  it("gives back what was put in, in frames of any size", () => {
    const path = join(folder, "whole.bpfrec");
    record(path, 30, 100_000);
    const entries = readRecording(path);
    expect(entries.map(({ head }) => head)).toEqual(
      Array.from({ length: 30 }, (_, number) => ({ kind: "call", number, text: "ü\n" })),
    );
    expect(entries.every(({ bytes }, at) => bytes.length === 100_000 && bytes.every((byte) => byte === at))).toBe(true);
    // What is handed out may be copied by `slice`, which a Buffer has of its own.
    expect(entries[0]!.bytes.slice().buffer.byteLength).toBe(100_000);
    record(path, 0, 0);
    expect(readRecording(path)).toEqual([]);
  });

  it("says of each shorter file that it is cut off, and finds each changed byte", () => {
    const path = join(folder, "small.bpfrec");
    record(path, 3, 5);
    const whole = readFileSync(path);
    for (let size = 1; size < whole.length; size++)
      expect(() => parse(whole.subarray(0, size))).toThrow(/^The recording "x.bpfrec" is cut off after [03] entries$/);
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed[at]! ^= 0x55;
      expect(() => parse(changed), `byte ${at}`).toThrow(
        at < 16
          ? '"x.bpfrec" is no recording of bpfts'
          : at < 20
            ? /^"x.bpfrec" is a recording of format \d+, and this version of bpfts reads format 1$/
            : /^The recording "x.bpfrec" is (?:damaged at byte \d+|cut off after \d+ entries)$/,
      );
    }
    expect(() => parse(Buffer.concat([whole, Buffer.from("x")]))).toThrow(/is damaged/);
  });

  it("unpacks no file that says it is larger than memory", () => {
    const frame = Buffer.alloc(12 + 1);
    frame.writeUInt32LE(2 ** 30, 0);
    frame.writeUInt32LE(1, 4);
    const head = Buffer.from("bpfts recording\n\u0001\0\0\0", "latin1");
    const bomb = Buffer.concat([head, ...Array.from({ length: 20_000 }, () => frame)]);
    expect(() => parse(bomb)).toThrow(
      /^The recording "x.bpfrec" takes 20480000 MiB when it is unpacked, and a replay may take \d+/,
    );
  });

  it("takes a file that is there from all others, and refuses one of another user and a device", () => {
    const path = join(folder, "open.bpfrec");
    writeFileSync(path, "a longer text than a recording of nothing has, of another day and of no use");
    chmodSync(path, 0o664);
    record(path, 0, 0);
    expect([statSync(path).mode & 0o777, readRecording(path)]).toEqual([0o600, []]);
    expect(() => readRecording("/dev/zero")).toThrow('Cannot read the recording "/dev/zero": it is a device');
    if (process.getuid!() !== 0) return;
    writeFileSync(path, "theirs");
    chownSync(path, 65534, 65534);
    expect(() => createRecording(path)).toThrow("the file belongs to another user, who could read it");
    expect(readFileSync(path, "utf8")).toBe("theirs");
  });

  it.each([
    ["null", null],
    ["a text for times", { kind: "call", question: "now {}", clock: "xy" }],
    ["a time without a count", { kind: "call", question: "now {}", clock: [[1]] }],
    ["a warning that is no text", { kind: "warning", message: { a: 1 } }],
    ["a question that is none", { kind: "call", question: 5, answer: "=1" }],
    ["an answer that is none", { kind: "call", question: "now {}", answer: 5 }],
    ["an error that is none", { kind: "turn", question: "turn 1 0", answer: "!{" }],
    ["a wait without an end", { kind: "turn", question: "turn 1 0", isWait: true }],
    ["more records than bytes", { kind: "call", question: "poll {}", sections: [{ ring: 0, lost: 0, size: 5 }] }],
    ["less than nothing", { kind: "call", question: "poll {}", sections: [{ ring: 0, lost: 0, size: -5 }] }],
  ])("refuses entries that no run has written: %s", (_, head) => {
    const entries = [
      { head: { kind: "start", startMs: 1 }, bytes: new Uint8Array(4) },
      { head, bytes: new Uint8Array(4) },
    ];
    expect(() => sortEntries(entries as never, "x.bpfrec")).toThrow(
      'The recording "x.bpfrec" is damaged: entry 1 is none that bpfts writes',
    );
  });

  it("keeps a warning on one line", () => {
    const head = { kind: "warning", message: "lost\nerror: \u001b[1mrun this" };
    expect(sortEntries([{ head, bytes: new Uint8Array() }] as never, "x.bpfrec").warnings).toEqual([
      "lost\\nerror: \\x1b[1mrun this",
    ]);
  });

  it("refuses what is no recording, and what it cannot read or write", () => {
    for (const foreign of ["", "#!/bin/sh\n", '{"type":"event"}\n', "bpfts recorders\n\u0001\0\0\0"]) {
      const path = join(folder, "foreign");
      writeFileSync(path, foreign);
      expect(() => readRecording(path)).toThrow(`"${path}" is no recording of bpfts`);
    }
    expect(() => readRecording(join(folder, "none"))).toThrow(/^Cannot read the recording ".*\/none": no such file$/);
    expect(() => createRecording(join(folder, "none/x"))).toThrow(
      /^Cannot write --record ".*": there is no such folder$/,
    );
    const fds = readdirSync("/proc/self/fd").length;
    expect(() => createRecording("/dev/full")).toThrow(/^Cannot write the recording "\/dev\/full": ENOSPC$/);
    expect(readdirSync("/proc/self/fd").length).toBe(fds);
  });
});
