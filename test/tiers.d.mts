export declare const tiers: readonly {
  readonly name: "check" | "unit" | "golden" | "kernel" | "vm";
  readonly always: boolean;
  readonly touchesKernel: boolean;
  readonly setup: "--test" | "--vm";
  readonly testTimeoutMs: number;
}[];
