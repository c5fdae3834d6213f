import type { RowChoice } from "./row-choice.ts";

/** What a script is started with. */
export interface StartReply {
  /** The name of the script's file, without its folder and ending. */
  readonly script: string;
  readonly argv: readonly string[];
  /** The child of `-c`. */
  readonly command: { readonly pid: number; readonly isShell: boolean } | null;
  /** Whether the user asked for pictures of stacks. */
  readonly wantsStacks: boolean;
  /** Whether the user asked for a heat map of histograms. */
  readonly wantsHistograms: boolean;
  /** Whether the user asked for a capture of packets. */
  readonly wantsPackets: boolean;
  /** Whether somebody reads records of what the script shows, and how often reports send their tables; null when nobody does. Units: milliseconds, 0 for no more often than they print them. */
  readonly records?: { readonly everyMs: number } | null;
  readonly rows: RowChoice;
  /** How many events the script may show; null for any number. */
  readonly maxEvents: number | null;
  /** Paths of the cgroups whose processes the user wants to see; none for all. */
  readonly cgroups: readonly string[];
  readonly possibleCpus: number;
  /** The clock of `now` when the script began. */
  readonly monotonicNs: string;
  /** Four random numbers of 32 bits. */
  readonly seed: readonly [number, number, number, number];
}
