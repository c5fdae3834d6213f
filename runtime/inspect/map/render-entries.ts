import { renderJson } from "../../../sdk/print/render-json.ts";
import { buildLinearHistogram, buildLog2Histogram } from "../../../sdk/tables/histogram.ts";
import { MapError } from "../../base/errors.ts";
import { withCodecErrors } from "./codec-errors.ts";
import type { MapEntry } from "./map-entries.ts";
import type { OpenedMap } from "./open-map.ts";
import { renderTyped } from "./render-typed.ts";
import type { NameAddress } from "./render-typed.ts";

/** Renders entries, a line each; where a key has a value for each CPU, those that are not zero have lines of their own. */
export function renderEntries(map: OpenedMap, entries: readonly MapEntry[], nameAddress: NameAddress): string {
  return entries
    .map(
      ({ key, values }) =>
        `${renderTyped(map.key!.layout, key, nameAddress)} => ${renderValues(map, values, nameAddress)}\n`,
    )
    .join("");
}

/** Renders the values of one key: one, or a line for each CPU. */
export function renderValues(map: OpenedMap, values: readonly unknown[], nameAddress: NameAddress): string {
  if (map.kind?.keys === "value") return values[0] === true ? "it may be there" : "it is not there";
  const texts = values.map((value) => renderTyped(map.value!.layout, value, nameAddress));
  return texts.length === 1 ? texts[0]! : texts.map((text, cpu) => `\n  cpu ${cpu}: ${text}`).join("");
}

/** Renders entries as JSON: `{ key, value }`, or `{ key, values: [{ cpu, value }] }`, as bpftool does. */
export function renderEntriesJson(map: OpenedMap, entries: readonly MapEntry[]): string {
  return `${renderJson(
    entries.map(({ key, values }) => ({ key, ...describeValues(map, values) })),
    2,
  )}\n`;
}

/** The values of one key in JSON. */
export function describeValues(map: OpenedMap, values: readonly unknown[]): object {
  return map.kind?.isPerCpu === true ? { values: values.map((value, cpu) => ({ cpu, value })) } : { value: values[0] };
}

/**
 * Renders a map as histograms: its keys are slots, or structs of a bucket and a slot. The values of the CPUs are added up.
 *
 * @throws MapError when it is no histogram
 */
export function renderHistogram(map: OpenedMap, entries: readonly MapEntry[], unit: string, isLinear: boolean): string {
  const slots = entries.map(({ key, values }) => {
    if (!values.every((value) => typeof value === "number" || typeof value === "bigint"))
      throw new MapError(`Cannot draw "${map.name}" as a histogram: its values are no counts`, {
        reason: "wrong_type",
        hint: `bpfts map dump ${map.id} shows them`,
      });
    return [key, values.reduce<bigint>((sum, value) => sum + BigInt(value as number | bigint), 0n)] as const;
  });
  const build = isLinear ? buildLinearHistogram : buildLog2Histogram;
  return `${withCodecErrors(() => build(slots, unit, "bucket", {})).join("\n")}\n`;
}
