import { describe, expect, it } from "vitest";
import { escapeJson, escapeText, quoteText, showText } from "../../../../sdk/wire/escape-text.ts";
import { compileFormat, formatC } from "../../../../sdk/print/format.ts";
import { formatPositions } from "../../../../sdk/print/format-positions.ts";
import { buildLog2Histogram, renderHistogramJson } from "../../../../sdk/tables/histogram.ts";
import { renderValue } from "../../../../sdk/print/render-value.ts";
import { decodeUtf8, encodeUtf8 } from "../../../../sdk/wire/utf8.ts";

const attack = "a\x1b[2J\x07\x9b31m\u202egnp.exe\x7f\n\r\t\udcff\ud800\u2028";
const shown = "a\\x1b[2J\\x07\\x9b31m\\u202egnp.exe\\x7f\\n\\r\\t\\xff\\ud800\\u2028";

describe("text that comes from who is traced", () => {
  it("is written without anything that a terminal acts on, and otherwise as it is", () => {
    for (const write of [escapeText, showText, showText]) {
      expect(write(attack)).toBe(shown);
      for (const plain of ["", "bash", "C:\\x1b", "größe 日本語 😀 é", "kworker/0:1H-kblockd"])
        expect(write(plain)).toBe(plain);
    }
    expect(escapeText("one\n\ttwo\x1b", "\n\t")).toBe("one\n\ttwo\\x1b");
    expect(quoteText('say "\\"\n')).toBe('"say \\"\\\\\\"\\n"');
  });

  it("has no character left that is a control, turns the direction or is half a pair, whichever it is", () => {
    for (let code = 0; code < 0x10000; code++) {
      const text = escapeText(String.fromCharCode(code));
      const isActive =
        code < 0x20 ||
        (code >= 0x7f && code < 0xa0) ||
        /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Cs}/u.test(String.fromCharCode(code));
      expect(/^[ -~]+$/.test(text) && text.startsWith("\\"), code.toString(16)).toBe(isActive || code === 0x5c);
    }
  });

  it("goes through %s and %c escaped, through %r as it is; the format stays as it is", () => {
    expect(formatC("\x1b[1m%s\x1b[0m\n", [attack])).toBe(`\x1b[1m${shown}\x1b[0m\n`);
    expect(formatC("%-6s|%4s|%.5s|%2$%".replace("%2$", "%"), ["\x1b", "\n", "\x1b\x1b"])).toBe("\\x1b  |  \\n|\\x1b|%");
    expect(formatC("%c%c%c", [27, "\x9b", "x"])).toBe("\\x1b\\x9bx");
    expect(formatC("%r %-3r|", [attack, "b"])).toBe(`${attack} b  |`);
    expect(formatC("%s", [{ toString: () => "\x1b" }])).toBe("\\x1b");
    expect([...encodeUtf8(formatC("%r", [Uint8Array.from([0x1b, 0xff])]))]).toEqual([0x1b, 0xff]);
    const twice = compileFormat("%s %s %s\n");
    for (let i = 0; i < 2; i++) expect(twice([attack, attack, "b"])).toBe(`${shown} ${shown} b\n`);
    expect(formatPositions("\x1b{0} {1:>5} {1}", [attack, "\x1b"])).toBe(`\x1b${shown}  \\x1b \\x1b`);
  });

  it("is drawn in objects, sections of histograms and errors without it", () => {
    expect(renderValue({ [attack]: attack, list: [attack] })).toBe(`{ "${shown}": "${shown}", list: ["${shown}"] }`);
    expect(renderValue(new Map([[attack, 1]]))).toBe(`Map {"${shown}" => 1}`);
    expect(renderValue(new RangeError("one\n\x1b two"))).toBe("RangeError: one\n\\x1b two");
    expect(renderValue(attack)).toBe(attack);
    const slots = [[{ disk: attack, slot: 1 }, 2n]] as const;
    expect(buildLog2Histogram(slots, "n", "disk", {})[0]).toContain(`\ndisk = ${shown}\n`);
    expect(buildLog2Histogram(slots, "n", "disk", { section_print_fn: () => attack })[0]).toContain(
      `\ndisk = ${shown}\n`,
    );
    const [json] = renderHistogramJson(slots, "n", "disk", {});
    expect(json).toMatch(/^[ -~]+$/);
    expect((JSON.parse(json!) as { disk: string }).disk).toBe(attack);
  });

  it("is JSON still where JSON is written, and of the same value", () => {
    const json = escapeJson(JSON.stringify({ attack, plain: "日本" }));
    expect(json).toMatch(/^[ -~日本]+$/);
    expect(JSON.parse(json)).toEqual({ attack, plain: "日本" });
  });

  it("keeps every byte from the kernel to the script and back", () => {
    const bytes = Uint8Array.from({ length: 512 }, (_, i) => (i < 256 ? i : (i * 7) & 0xff));
    expect([...encodeUtf8(decodeUtf8(bytes))]).toEqual([...bytes]);
    expect(decodeUtf8(encodeUtf8("größe 日本語 😀"))).toBe("größe 日本語 😀");
    expect([...encodeUtf8("\ud800x\udfff")]).toEqual([0xef, 0xbf, 0xbd, 0x78, 0xef, 0xbf, 0xbd]);
  });
});
