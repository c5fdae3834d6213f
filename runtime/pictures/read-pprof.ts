import { Profile } from "pprof-format";
import { weighStack } from "./weigh-stack.ts";
import type { FileStack } from "./weigh-stack.ts";

/** Reads a profile of pprof, unpacked: its default type of sample, else the last one, as pprof itself shows. Source: profile.proto of github.com/google/pprof */
export function readPprof(bytes: Uint8Array): FileStack[] {
  const profile = Profile.decode(bytes);
  const { strings } = profile.stringTable;
  const wanted = profile.sampleType.findIndex(({ type }) => type !== 0 && type === profile.defaultSampleType);
  const at = wanted >= 0 ? wanted : profile.sampleType.length - 1;
  const unit = strings[Number(profile.sampleType[at]?.unit ?? 0)] ?? "";
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
    // The library reads an int64 without its sign.
    return frames.length === 0 ? [] : [weighStack(frames, BigInt.asIntN(64, BigInt(value[at] ?? 0)), unit)];
  });
}
