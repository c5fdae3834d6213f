/** What is said of a packet for the capture as it crosses to the host; its bytes cross beside it. */
export interface PacketMessage {
  readonly ifname: string;
  /** How long the packet was. Units: bytes. */
  readonly length: number;
  readonly direction: "in" | "out" | null;
  /** By the clock of `monotonic_ns`, decimal; null for now. Units: nanoseconds. */
  readonly timeNs: string | null;
  /** What a program has decided about it; the action is decimal. */
  readonly verdict: { readonly kind: "xdp" | "tc"; readonly action: string } | null;
  readonly comment: string | null;
  /** Decimal. */
  readonly packetId: string | null;
  readonly queue: number | null;
}
