import type { LeftTable } from "../session/load/kept-tables.ts";

/** What happened at a swap. */
export interface Swap {
  /** The files that were saved. */
  readonly files: readonly string[];
  readonly durationMs: number;
  /** Names of the tables that the new version goes on with. */
  readonly kept: readonly string[];
  /** Those that start empty although the version before had them. */
  readonly left: readonly LeftTable[];
  /** Names of the tables of the version before, and of the new one. */
  readonly before: readonly string[];
  readonly now: readonly string[];
}

/** Renders a swap as one sentence: "reloaded hello.ts in 143 ms, kept counts; dist is new". */
export function renderSwap({ files, durationMs, kept, left, before, now }: Swap): string {
  const changed = new Set([...kept, ...left.map(({ name }) => name)]);
  const fresh = now.filter((name) => !changed.has(name));
  const gone = before.filter((name) => !now.includes(name));
  return [
    `reloaded ${files.join(", ")} in ${Math.round(durationMs)} ms${kept.length === 0 ? "" : `, kept ${kept.join(", ")}`}`,
    ...left.map(({ name, reason }) => `${name} starts empty, because ${reason}`),
    ...(fresh.length === 0 ? [] : [`${fresh.join(", ")} ${fresh.length === 1 ? "starts" : "start"} empty`]),
    ...(gone.length === 0 ? [] : [`${gone.join(", ")} ${gone.length === 1 ? "is" : "are"} gone`]),
  ].join("; ");
}
