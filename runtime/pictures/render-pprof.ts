import { gzipSync } from "node:zlib";
import { Function, Line, Location, Profile, Sample, StringTable, ValueType } from "pprof-format";
import type { StackUnit } from "../../sdk/wire/stack-message.ts";
import type { StackSums } from "./stack-store.ts";

/** What a value is, and in what; pprof scales the units that it knows. */
const valueTypes: Readonly<Record<StackUnit, readonly [type: string, unit: string]>> = {
  count: ["samples", "count"],
  us: ["time", "microseconds"],
  bytes: ["space", "bytes"],
};

/** A value is a signed number of 64 bits there. */
const MOST = 2n ** 63n - 1n;

/** A profile as pprof reads it, compressed. Source: profile.proto of github.com/google/pprof */
export function renderPprof({ unit, stacks }: StackSums, title: string): Uint8Array {
  const stringTable = new StringTable();
  const functions: Function[] = [];
  const locations: Location[] = [];
  const places = new Map<string, number>();
  const findPlace = (name: string): number => {
    const known = places.get(name);
    if (known !== undefined) return known;
    const id = places.size + 1;
    places.set(name, id);
    const text = stringTable.dedup(name);
    functions.push(new Function({ id, name: text, systemName: text }));
    locations.push(new Location({ id, line: [new Line({ functionId: id })] }));
    return id;
  };
  const sample = stacks.map(
    ({ names, value }) =>
      new Sample({ locationId: names.map(findPlace).reverse(), value: [value < MOST ? value : MOST] }),
  );
  const [type, unitName] = valueTypes[unit];
  const valueType = new ValueType({ type: stringTable.dedup(type), unit: stringTable.dedup(unitName) });
  const comment = [stringTable.dedup(title)];
  return gzipSync(
    new Profile({
      sampleType: [valueType],
      sample,
      location: locations,
      function: functions,
      stringTable,
      comment,
      timeNanos: BigInt(Date.now()) * 1_000_000n,
    }).encode(),
  );
}
