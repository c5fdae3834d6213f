/** A USDT probe of a binary. */
export interface UsdtProbeReply {
  readonly provider: string;
  readonly name: string;
  /** The binary in its users' view. */
  readonly path: string;
  readonly semaphore: string;
  readonly locations: readonly { readonly address: string; readonly arguments: readonly string[] }[];
}
