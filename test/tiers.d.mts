export declare const tiers: readonly {
  readonly name: "check" | "unit" | "golden" | "kernel" | "vm";
  /** The files that run at once. */
  readonly workers: number;
  readonly always: boolean;
  readonly touchesKernel: boolean;
  readonly setup: "--test" | "--vm";
  readonly testTimeoutMs: number;
}[];
