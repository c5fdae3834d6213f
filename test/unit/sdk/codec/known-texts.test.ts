import { describe, expect, it } from "vitest";
import { readKnownText } from "../../../../sdk/codec/known-texts.ts";
import { decodeCString, encodeUtf8 } from "../../../../sdk/wire/utf8.ts";

const u8 = new Uint8Array(256);
const i32 = new Int32Array(u8.buffer);
let state = 1;
const random = (most: number): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) % most;

describe("readKnownText", () => {
  it("reads what decodeCString reads, of texts that it knows and of new ones", () => {
    const kinds = [() => 97 + random(2), () => random(256), () => 0x80 + random(128), () => random(3)];
    for (let round = 0; round < 40_000; round++) {
      const [start, length] = [random(8) * 4, random(50) * 4];
      const kind = kinds[random(kinds.length)]!;
      for (let at = start; at < start + length; at++) u8[at] = kind();
      u8[start + random(length + 1)] = 0;
      const read = (): string => readKnownText(u8, i32, start, start + length);
      const wanted = decodeCString(u8, start, start + length);
      expect([read(), read()]).toEqual([wanted, wanted]);
    }
  });

  it("does not look behind the NUL", () => {
    for (const rest of [0, 1, 255]) {
      u8.fill(rest).set(encodeUtf8("/etc/größe\0"));
      expect(readKnownText(u8, i32, 0, 64)).toBe("/etc/größe");
    }
  });

  it("tells texts apart that have the same hash", () => {
    // The hash is 31 times the first word and the second one.
    const read = (...words: number[]): string => {
      i32.set([...words, 0]);
      return readKnownText(u8, i32, 0, 4 * (words.length + 1));
    };
    const [low, high] = [0x61616161, 0x62626262];
    const texts = [read(low, high), read(low + 1, high - 31), read(low, high), read(low + 1, high - 31)];
    expect(texts).toEqual(["aaaabbbb", "baaaCbbb", "aaaabbbb", "baaaCbbb"]);
  });
});
