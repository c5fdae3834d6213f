/** Why events of a buffer were lost. */
export interface LossReply {
  /** How many each CPU lost, of those that lost any; empty where the C text does not count it. */
  readonly cpus: readonly { readonly cpu: number; readonly lost: number }[];
  /** `burst`: more came at once than fits; `rate`: for long more came than the script reads; `unknown`: neither is known. */
  readonly cause: "burst" | "rate" | "unknown";
  /** Pages of the buffer, of each CPU for perf buffers. */
  readonly pages: number;
  /** What would have held the largest burst; null where no size would have, or none is known. */
  readonly neededPages: number | null;
  /** How long that burst was; null where none is known. Units: seconds. */
  readonly burstSeconds: number | null;
  /** The same in words, as the warning has it behind the number and the name. */
  readonly text: string;
}
