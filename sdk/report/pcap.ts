import { requireInteger, requireOptions, requireText, showValue } from "../checks/check-options.ts";
import { isPacketWanted } from "../guest/process.ts";
import { makeArgumentError } from "../wire/errors.ts";
import { callHost } from "../wire/host.ts";
import { encodeUtf8 } from "../wire/utf8.ts";

/**
 * A packet for the capture file of the command line.
 *
 * @example
 * import { make_packet, pcap, type CapturedPacket } from "bpfts";
 * const packet: CapturedPacket = { data: make_packet({ arp: {} }), ifname: "node1/eth0", direction: "in", verdict: { xdp: 1 } };
 * pcap.write(packet);
 */
export interface CapturedPacket {
  /** The frame from its Ethernet header on, or its beginning. */
  readonly data: Uint8Array;
  /** How long the whole frame was. Units: bytes. @default data.length */
  readonly len?: number | undefined;
  /** The interface, as it is shown; one of another network namespace may have it in front: `node1/eth0`. @default "unknown" */
  readonly ifname?: string | undefined;
  /** Whether the interface took it in or gave it out. */
  readonly direction?: "in" | "out" | undefined;
  /** When that was, by the clock of `bpf_ktime_get_ns` and `monotonic_ns`; now where it is not given. Units: nanoseconds. */
  readonly time_ns?: bigint | undefined;
  /** What an XDP program, or one of traffic control, has returned: `{ xdp: 1 }` is XDP_DROP, `{ tc: 2 }` TC_ACT_SHOT. */
  readonly verdict?: { readonly xdp: number } | { readonly tc: number } | undefined;
  /** A remark that Wireshark shows with the packet. */
  readonly comment?: string | undefined;
  /** What a packet has in common with other captures of it. */
  readonly packet_id?: bigint | number | undefined;
  /** The number of the interface's queue. */
  readonly queue?: number | undefined;
}

const CALL = "pcap.write()";
const fields = ["data", "len", "ifname", "direction", "time_ns", "verdict", "comment", "packet_id", "queue"] as const;
const MAX_U32 = 2 ** 32 - 1;
const MAX_U64 = 2n ** 64n - 1n;
/** Units: bytes of UTF-8 in an option of a capture. */
const MAX_TEXT = 65535;

/**
 * The capture file that the user asked for on the command line: `bpfts run --pcap FILE script.ts`, or `--pcap -` for standard output. The script names no file.
 *
 * @example
 * import { make_packet, pcap, print } from "bpfts";
 * const data = make_packet({ ipv4: { src: "10.0.0.1", dst: "10.0.0.2" }, udp: { dport: 53 }, payload: "hello" });
 * print(pcap.wanted, pcap.write({ data, ifname: "eth0", direction: "in", verdict: { tc: 2 }, comment: "denied by rule 3" })); // false false
 */
export const pcap = {
  /** Whether the user asked for a capture. */
  get wanted(): boolean {
    return isPacketWanted;
  },

  /**
   * Adds a packet to the capture.
   *
   * @returns false when the user asked for none; nothing is written then
   * @throws BpfError for what is no packet; ResourceError when the file takes no more
   */
  write(packet: CapturedPacket): boolean {
    requireOptions(CALL, packet, fields);
    const { data, len, ifname = "unknown", direction, time_ns, verdict, comment, packet_id, queue } = packet;
    if (!(data instanceof Uint8Array))
      throw makeArgumentError(`${CALL} takes data as bytes (Uint8Array), got ${showValue(data)}`);
    requireInteger(CALL, "len", len, data.length, MAX_U32);
    requireShort("ifname", ifname);
    if (comment !== undefined) requireShort("comment", comment);
    if (direction !== undefined && direction !== "in" && direction !== "out")
      throw makeArgumentError(`${CALL} takes direction as "in" or "out", got ${showValue(direction)}`);
    requireInteger(CALL, "queue", queue, 0, MAX_U32);
    const message = {
      ifname,
      length: len ?? data.length,
      direction: direction ?? null,
      timeNs: readU64("time_ns", time_ns),
      verdict: verdict === undefined ? null : readVerdict(verdict),
      comment: comment ?? null,
      packetId: readU64("packet_id", packet_id),
      queue: queue ?? null,
    };
    if (!isPacketWanted) return false;
    callHost("record_packet", message, data);
    return true;
  },
} as const;

function requireShort(what: string, text: unknown): void {
  requireText(CALL, what, text);
  if (encodeUtf8(text as string).length > MAX_TEXT)
    throw makeArgumentError(`${CALL} takes ${what} of at most ${MAX_TEXT} bytes`);
}

function readU64(what: string, value: unknown): string | null {
  if (value === undefined) return null;
  const isNumber = typeof value === "bigint" || Number.isSafeInteger(value);
  if (isNumber && BigInt(value as bigint) >= 0n && BigInt(value as bigint) <= MAX_U64) return String(value);
  throw makeArgumentError(`${CALL} takes ${what} as a whole number from 0 to 2^64 - 1, got ${showValue(value)}`);
}

function readVerdict(verdict: { readonly xdp?: number; readonly tc?: number }) {
  const kinds = Object.keys(verdict);
  const kind = kinds[0];
  if (kinds.length !== 1 || (kind !== "xdp" && kind !== "tc"))
    throw makeArgumentError(
      `${CALL} takes verdict as { xdp: … } or { tc: … }, got ${showValue(verdict)}`,
      "the number is what the program has returned",
    );
  const action = verdict[kind];
  if (!Number.isSafeInteger(action))
    throw makeArgumentError(`${CALL} takes verdict.${kind} as a whole number, got ${showValue(action)}`);
  return { kind, action: String(action) } as const;
}
