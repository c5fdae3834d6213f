import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createRecording, parseRecording, readRecording } from "../../../../runtime/session/record/recording-file.ts";
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

  it("refuses what is no recording, and what it cannot read or write", () => {
    for (const foreign of ["", "#!/bin/sh\n", '{"type":"event"}\n', "bpfts recorders\n\u0001\0\0\0"]) {
      const path = join(folder, "foreign");
      writeFileSync(path, foreign);
      expect(() => readRecording(path)).toThrow(`"${path}" is no recording of bpfts`);
    }
    expect(() => readRecording(join(folder, "none"))).toThrow(/^Cannot read the recording ".*\/none": ENOENT$/);
    expect(() => createRecording(join(folder, "none/x"))).toThrow(/^Cannot write the recording ".*": ENOENT$/);
    const fds = readdirSync("/proc/self/fd").length;
    expect(() => createRecording("/dev/full")).toThrow(/^Cannot write the recording "\/dev\/full": ENOSPC$/);
    expect(readdirSync("/proc/self/fd").length).toBe(fds);
  });
});
