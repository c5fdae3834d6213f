import { Profile } from "pprof-format";
import type { StackMessage, StackUnit } from "../../sdk/wire/stack-message.ts";

/** A stack of a file. */
export type ReadStack = Omit<StackMessage, "process">;

/** Units of pprof as ours: the unit, and how many of theirs one of ours is. */
const units: Readonly<Record<string, readonly [unit: StackUnit, divisor: bigint]>> = {
  nanoseconds: ["us", 1000n],
  microseconds: ["us", 1n],
  bytes: ["bytes", 1n],
};

/** Reads a profile of pprof, unpacked: its default type of sample, else the last one, as pprof itself shows. Source: profile.proto of github.com/google/pprof */
export function readPprof(bytes: Uint8Array): ReadStack[] {
  const profile = Profile.decode(bytes);
  const { strings } = profile.stringTable;
  const wanted = profile.sampleType.findIndex(({ type }) => type !== 0 && type === profile.defaultSampleType);
  const at = wanted >= 0 ? wanted : profile.sampleType.length - 1;
  const [unit, divisor] = units[strings[Number(profile.sampleType[at]?.unit ?? 0)] ?? ""] ?? (["count", 1n] as const);
  const functions = new Map(profile.function.map(({ id, name }) => [Number(id), strings[Number(name)] ?? ""]));
  const locations = new Map(
    profile.location.map(({ id, line, address }) => [
      Number(id),
      // What was inlined stands before its caller.
      line.length === 0
        ? [`0x${BigInt(address).toString(16)}`]
        : line.map(({ functionId }) => functions.get(Number(functionId)) ?? "[unknown]").reverse(),
    ]),
  );
  return profile.sample.flatMap(({ locationId, value }) => {
    const frames = [...locationId].reverse().flatMap((id) => locations.get(Number(id)) ?? ["[unknown]"]);
    const weight = BigInt(value[at] ?? 0) / divisor;
    return weight <= 0n || frames.length === 0 ? [] : [{ frames, value: String(weight), unit }];
  });
}
