import { loadModule } from "./load-module.ts";
import { makeArgumentError } from "../wire/errors.ts";
import type { Packet, PacketFields } from "../packets/packet-layers.ts";

/**
 * Makes the bytes of a packet from its layers, for `test_run` for example. Lengths, checksums and the types of what follows are made unless they are given; other fields that are left out are 0,
 * `ttl` and `hop_limit` 64, `tcp.flags` `"S"`.
 *
 * @throws BpfError for layers that do not fit together, and for fields that do not fit
 *
 * @example
 * import { make_packet, print } from "bpfts";
 * const packet = make_packet({ ipv4: { src: "10.0.0.1", dst: "10.0.0.2" }, udp: { dport: 53 }, payload: "hello" });
 * print(packet.length); // 47
 */
export function make_packet(fields: PacketFields): Uint8Array {
  return loadModule("make-packet").makePacket(fields);
}

/**
 * Takes the bytes of a packet apart, from its Ethernet header on. What is too short or wrong is told by `problem`, and is the `payload`.
 *
 * @example
 * import { decode_packet, make_packet, print } from "bpfts";
 * const packet = decode_packet(make_packet({ ipv4: { dst: "10.0.0.2" }, tcp: { dport: 80, flags: "SA" } }));
 * print(packet.ipv4?.dst, packet.tcp?.dport, packet.tcp?.flags, packet.tcp?.checksum_ok); // 10.0.0.2 80 SA true
 */
export function decode_packet(bytes: Uint8Array): Packet {
  if (!(bytes instanceof Uint8Array)) throw makeArgumentError("decode_packet() takes bytes (Uint8Array)");
  return loadModule("decode-packet").decodePacket(bytes);
}
