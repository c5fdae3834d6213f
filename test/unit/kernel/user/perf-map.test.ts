import { appendFileSync, chownSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cleanJitName, openPerfMap } from "../../../../runtime/kernel/user/perf-map.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bpfts-test-"));
  path = join(folder, "perf-1.map");
});
afterEach(() => rmSync(folder, { recursive: true }));

const owner = process.getuid!();
const nameAt = (address: number, map = openPerfMap(path, owner)): string | undefined => map?.find(address)?.name;

describe("openPerfMap", () => {
  it("finds what an address lies in, and nothing beside it", () => {
    writeFileSync(path, "1000 10 first\n0x2000 0x20 second one\n");
    expect([0xfff, 0x1000, 0x100f, 0x1010, 0x2000, 0x201f, 0x2020].map((address) => nameAt(address))).toEqual([
      undefined,
      "first",
      "first",
      undefined,
      "second one",
      "second one",
      undefined,
    ]);
  });

  it("takes the later of two that lie over each other, before and after it sorts them", () => {
    writeFileSync(path, "1000 100 old\n1080 10 new\n");
    expect(nameAt(0x1084)).toBe("new");
    const many = Array.from(
      { length: 600 },
      (_, index) => `${(0x10000 + index * 16).toString(16)} 10 f${index}\n`,
    ).join("");
    appendFileSync(path, many);
    expect(nameAt(0x1084)).toBe("new");
    // The old one's memory was used again: no part of it is left.
    expect(nameAt(0x1000)).toBeUndefined();
    expect(nameAt(0x10000 + 599 * 16 + 15)).toBe("f599");
  });

  it("reads what is added, also when a line came in two pieces, and starts anew for another file", () => {
    writeFileSync(path, "1000 10 first\n20");
    const map = openPerfMap(path, owner)!;
    expect(nameAt(0x2000, map)).toBeUndefined();
    appendFileSync(path, "00 10 sécond\n");
    map.refresh();
    expect([nameAt(0x1000, map), nameAt(0x2000, map)]).toEqual(["first", "sécond"]);
    writeFileSync(path, "3000 10 c\n");
    map.refresh();
    expect([nameAt(0x1000, map), nameAt(0x3000, map)]).toEqual([undefined, "c"]);
  });

  it("passes over lines that are none", () => {
    writeFileSync(path, "nonsense\n\n1000 zz f\n1000 10 \n2000 10 g\n");
    expect([nameAt(0x1000), nameAt(0x2000)]).toEqual([undefined, "g"]);
  });

  it("believes nobody but the process's user and root", () => {
    expect(openPerfMap(path, owner)).toBeUndefined();
    writeFileSync(path, "1000 10 first\n");
    symlinkSync(path, join(folder, "link"));
    expect(openPerfMap(join(folder, "link"), owner)).toBeUndefined();
    expect(openPerfMap(folder, owner)).toBeUndefined();
    if (owner !== 0) return;
    chownSync(path, 1234, 1234);
    expect(openPerfMap(path, 1234)).toBeDefined();
    expect(openPerfMap(path, 0)).toBeUndefined();
  });
});

describe("cleanJitName", () => {
  it.each([
    ["LazyCompile:*parse /app/x.js:3:14", "parse /app/x.js:3:14"],
    ["LazyCompile:~parse /app/x.js:3:14", "parse /app/x.js:3:14"],
    ["Function:^run /app/x.js:1:1", "run /app/x.js:1:1"],
    ["JS:+run file:///x.js:1:1", "run file:///x.js:1:1"],
    ["Script:~/app/x.js:1:1", "/app/x.js:1:1"],
    ["LazyCompile:~ /app/x.js:9:2", "(anonymous) /app/x.js:9:2"],
    ["Builtin:ArrayMap", "Builtin:ArrayMap"],
    ["RegExp:^a+$", "RegExp:^a+$"],
    ["Lcom/shop/Basket;::add", "Lcom/shop/Basket;::add"],
  ])("makes %s %s", (written, clean) => {
    expect(cleanJitName(written)).toBe(clean);
  });
});
