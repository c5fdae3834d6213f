/**
 * What the value of a stack counts. Units: `us` microseconds, `bytes` bytes, `count` neither.
 *
 * @example
 * import { record_stack, type StackUnit } from "bpfts";
 * const unit: StackUnit = "us";
 * record_stack({ frames: ["schedule", "main"], value: 1200, unit });
 */
export type StackUnit = "count" | "us" | "bytes";

/** A stack with its value as it crosses to the host. */
export interface StackMessage {
  /** The process or task that the stack belongs to; the pictures show it below the outermost function. */
  readonly process: string | null;
  /** The outermost function first. */
  readonly frames: readonly string[];
  /** A decimal number, 0 or more. */
  readonly value: string;
  readonly unit: StackUnit;
}
