import type { StackUnit } from "../../sdk/wire/stack-message.ts";
import type { StackSums } from "./stack-store.ts";

/** Source: ValueUnit in speedscope's file-format-spec.ts */
const unitNames: Readonly<Record<StackUnit, string>> = { count: "none", us: "microseconds", bytes: "bytes" };

/** A profile as speedscope reads it. Source: https://www.speedscope.app/file-format-schema.json */
export function renderSpeedscope({ unit, stacks }: StackSums, title: string): string {
  const places = new Map<string, number>();
  const findPlace = (name: string): number => {
    const known = places.get(name);
    if (known !== undefined) return known;
    places.set(name, places.size);
    return places.size - 1;
  };
  const samples = stacks.map(({ names }) => names.map(findPlace));
  const weights = stacks.map(({ value }) => Number(value));
  return JSON.stringify({
    $schema: "https://www.speedscope.app/file-format-schema.json",
    exporter: "bpfts",
    name: title,
    activeProfileIndex: 0,
    shared: { frames: [...places.keys()].map((name) => ({ name })) },
    profiles: [
      {
        type: "sampled",
        name: title,
        unit: unitNames[unit],
        startValue: 0,
        endValue: weights.reduce((sum, weight) => sum + weight, 0),
        samples,
        weights,
      },
    ],
  });
}
