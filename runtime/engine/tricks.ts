/**
 * What bpfts does with V8 and QuickJS beyond their documented interfaces, each to start or to run quicker. All of it stands in this folder,
 * and each trick can be turned off: the same scripts run without it, only slower.
 *
 * - `code`: V8's compiled code of the CLI is kept between runs.
 * - `image`: the guest's memory with the SDK in it is kept between runs.
 * - `call`: a call of the guest is taken before QuickJS's library makes objects for it.
 * - `flags`: V8 compiles QuickJS's interpreter anew later than it would by itself.
 * - `machine`: the machine code that V8 optimised of QuickJS is kept between runs.
 */
export const engineTricks = ["code", "image", "call", "flags", "machine"] as const;

export type EngineTrick = (typeof engineTricks)[number];

/** The environment variable that turns tricks off: names with commas, or `all`. */
export const PLAIN_ENGINE = "BPFTS_PLAIN_ENGINE";

/** Reads which tricks are turned off, and which names are no trick's. */
export function readPlainEngine(environment: Readonly<Record<string, string | undefined>>): {
  readonly without: ReadonlySet<EngineTrick>;
  readonly unknown: readonly string[];
} {
  const names = (environment[PLAIN_ENGINE] ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return {
    without: new Set(engineTricks.filter((trick) => names.includes(trick) || names.includes("all"))),
    unknown: names.filter((name) => name !== "all" && !(engineTricks as readonly string[]).includes(name)),
  };
}
