import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { countFds, port } from "../support/live-object.ts";
import { buildProgram, runTool } from "../support/own-program.ts";
import { makeFolder } from "../support/run-cli.ts";

const folder = makeFolder();
const program = join(folder, "places");
const noEntry = -2,
  noExec = -8;

beforeAll(() => {
  buildProgram("places.c", program, "-Wl,--build-id");
});

describe("elfDescribe", () => {
  it("tells what readelf tells", () => {
    const info = port.elfDescribe(program);
    if (typeof info === "number") throw new Error(`${info}`);
    const segments = [
      ...runTool("readelf", "-lW", program).matchAll(/^ +LOAD +0x(\w+) 0x(\w+) 0x\w+ 0x(\w+) 0x\w+ (.{3})/gm),
    ];
    expect(info.segments).toEqual(
      segments.map(([, offset, address, size, flags]) => ({
        offset: BigInt(`0x${offset}`),
        address: BigInt(`0x${address}`),
        size: BigInt(`0x${size}`),
        executable: flags!.includes("E"),
      })),
    );
    expect(info.buildId).toBe(/Build ID: (\w+)/.exec(runTool("readelf", "-n", program))![1]);
    expect(info).toMatchObject({ type: 3, wordSize: 8, debugLink: "" });
  });

  it("answers an errno for what is no binary, and waits for no pipe", () => {
    const before = countFds();
    const other = join(folder, "text");
    writeFileSync(other, "#!/bin/sh\n");
    runTool("mkfifo", join(folder, "pipe"));
    mkdirSync(join(folder, "folder"));
    const names = ["text", "nothing", "pipe", "folder"].map((name) => join(folder, name));
    expect(names.map((name) => port.elfDescribe(name))).toEqual([noExec, noEntry, noExec, noExec]);
    expect(names.map((name) => port.elfSymbols([name], null))).toEqual([noExec, noEntry, noExec, noExec]);
    expect(names.map((name) => port.elfUsdtNotes(name))).toEqual([noExec, noEntry, noExec, noExec]);
    expect(countFds()).toBe(before);
  });
});

describe("elfSymbols", () => {
  const count = (paths: readonly string[], image: Uint8Array | null = null): number => {
    const table = port.elfSymbols(paths, image);
    return typeof table === "number" ? table : table.count;
  };

  it("lists functions once each, out of a file as out of memory", () => {
    // nm calls weak data a W, too, and lists the compiler's marks.
    const functions = runTool("nm", "--defined-only", program)
      .split("\n")
      .filter((line) => / [tTwW] (?!data_start$|\.)/.test(line)).length;
    expect(count([program])).toBe(functions);
    expect(count([program, program])).toBe(functions);
    expect(count([], new Uint8Array(readFileSync(program)))).toBe(functions);
    expect(count([])).toBe(0);
  });

  it("survives files that end anywhere and bytes that are wrong", () => {
    const whole = readFileSync(program);
    const broken = join(folder, "broken");
    for (let i = 0; i < 300; i++) {
      const bytes = Buffer.from(whole);
      // A small generator of its own: a failure must come again.
      for (let k = 0, seed = i + 1; k < 12; k++) {
        seed = (seed * 1103515245 + 12345) & 0x7fffffff;
        const near = k % 2 === 0 ? 64 + (seed % 700) : bytes.length - 1 - (seed % 2400);
        bytes[near] = seed >> 8;
      }
      writeFileSync(broken, i % 3 === 0 ? bytes.subarray(0, (bytes.length * i) / 300) : bytes);
      for (const answer of [
        port.elfDescribe(broken),
        port.elfSymbols([broken], null),
        port.elfUsdtNotes(broken),
        port.elfSymbols([], new Uint8Array(bytes)),
      ]) {
        expect(typeof answer === "number" ? answer < 0 : true).toBe(true);
      }
    }
  });

  it("takes nothing but paths and bytes", () => {
    const call = port.elfSymbols as (...args: readonly unknown[]) => unknown;
    expect(() => call("path", null)).toThrow(TypeError);
    expect(() => call([program], "bytes")).toThrow(TypeError);
    expect(() => (port.demangle as (...args: readonly unknown[]) => unknown)(1)).toThrow(TypeError);
  });
});

describe("fileCrc32", () => {
  it("is the checksum of the whole file", () => {
    expect(port.fileCrc32(program)).toBe(crc32(readFileSync(program)));
    expect(port.fileCrc32(join(folder, "nothing"))).toBe(noEntry);
  });
});
