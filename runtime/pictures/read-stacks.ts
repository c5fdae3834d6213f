import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { UsageError } from "../base/errors.ts";
import type { StackUnit } from "../../sdk/wire/stack-message.ts";
import { readPprof } from "./read-pprof.ts";
import type { ReadStack } from "./read-pprof.ts";

/**
 * Reads the stacks of a file, of standard input for `-`: lines of folded stacks, a profile of pprof, or one of speedscope. What the file begins with says which.
 *
 * @throws UsageError for a file that cannot be read, or is none of these
 */
export function readStacks(path: string): readonly ReadStack[] {
  const bytes = readBytes(path);
  try {
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) return readPprof(gunzipSync(bytes));
    const text = bytes.toString("utf8");
    // A profile of pprof begins with the field of its first sample type.
    if (bytes[0] === 0x0a && bytes.includes(0)) return readPprof(bytes);
    return /^\s*\{/.test(text) ? readSpeedscope(text) : readFolded(text);
  } catch (cause) {
    throw new UsageError(`Cannot read stacks of "${path}": ${(cause as Error).message}`, {
      cause,
      hint: "it takes folded stacks (main;read 12), profiles of pprof, and JSON of speedscope",
    });
  }
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path === "-" ? 0 : path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new UsageError(`Cannot read "${path}": ${code === "ENOENT" ? "no such file" : (code ?? message)}`, { cause });
  }
}

function readFolded(text: string): ReadStack[] {
  return text.split("\n").flatMap((line, index) => {
    if (/^\s*(?:#|$)/.test(line)) return [];
    const [, names, value] = /^(.*\S)\s+(\d+)\s*$/.exec(line) ?? [];
    if (names === undefined || value === undefined)
      throw new UsageError(`line ${index + 1} is no folded stack: ${JSON.stringify(line.slice(0, 60))}`);
    return [{ frames: names.split(";"), value, unit: "count" as const }];
  });
}

/** Units of speedscope as ours: the unit, and how many of ours one is. */
const speedscopeUnits: Readonly<Record<string, readonly [unit: StackUnit, factor: number]>> = {
  none: ["count", 1],
  nanoseconds: ["us", 1e-3],
  microseconds: ["us", 1],
  milliseconds: ["us", 1e3],
  seconds: ["us", 1e6],
  bytes: ["bytes", 1],
};

interface SpeedscopeFile {
  readonly shared?: { readonly frames?: readonly { readonly name?: unknown }[] };
  readonly profiles?: readonly {
    readonly type?: unknown;
    readonly unit?: unknown;
    readonly samples?: readonly (readonly number[])[];
    readonly weights?: readonly number[];
  }[];
}

function readSpeedscope(text: string): ReadStack[] {
  const { shared, profiles } = JSON.parse(text) as SpeedscopeFile;
  const names = shared?.frames?.map(({ name }) => String(name));
  if (names === undefined || !Array.isArray(profiles)) throw new UsageError("this JSON is no profile of speedscope");
  return (profiles as NonNullable<SpeedscopeFile["profiles"]>).flatMap(({ type, unit, samples = [], weights = [] }) => {
    if (type !== "sampled")
      throw new UsageError(`a profile of the type "${String(type)}" has no stacks, only "sampled" has`);
    const [ours, factor] = speedscopeUnits[String(unit)] ?? ["count", 1];
    return samples.map((sample, index) => ({
      frames: sample.map((frame) => names[frame] ?? "[unknown]"),
      value: String(Math.max(0, Math.round((weights[index] ?? 1) * factor))),
      unit: ours,
    }));
  });
}
