import type { LeftTable, TableRecord } from "../session/load/kept-tables.ts";

/** What the supervisor tells a version, one line of JSON each: first what it begins with, then that the version before has ended. */
export type OrderMessage =
  | { readonly kind: "begin"; readonly isFirst: boolean; readonly tables: readonly TableRecord[] }
  | { readonly kind: "go" };

/** What a version tells the supervisor, one line of JSON each. */
export type VersionMessage =
  | { readonly kind: "file"; readonly path: string }
  /** It is off all its places; its process ends soon. */
  | { readonly kind: "left" }
  | {
      readonly kind: "ready";
      readonly tables: readonly TableRecord[];
      readonly kept: readonly string[];
      readonly left: readonly LeftTable[];
    };

/** The descriptors of a version's process: orders come in by one, messages go out by the other. */
export const orderFd = 3,
  messageFd = 4;

/** Set in the environment of a version's process, and nowhere else. */
export const versionVariable = "BPFTS_WATCHED_VERSION";
