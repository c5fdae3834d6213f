import { AF_INET, AF_INET6, ArgumentError, htons, inet_pton } from "bpfts";
import { has_ports, protocol_numbers } from "./protocols.ts";

/** A network as `struct net_cidr` of bpfts_net.h has it. */
export interface Cidr {
  readonly prefixlen: number;
  readonly address: { readonly family: number; readonly bytes: Uint8Array };
}

/** A protocol with a port, as `struct net_port` has them. */
export interface ProtocolPort {
  readonly protocol: number;
  readonly port: number;
}

/** The type of an argument that is a network, `203.0.113.0/24` or `fd00::/8`, or one address. */
export function parse_cidr(text: string): Cidr {
  const [, address, length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = address?.includes(":") ? AF_INET6 : AF_INET;
  const bits = family === AF_INET6 ? 128 : 32;
  let bytes: Uint8Array | undefined;
  try {
    bytes = address === undefined ? undefined : inet_pton(family, address);
  } catch {
    // Said below, with the whole text.
  }
  const prefix = Number(length ?? bits);
  if (bytes === undefined || prefix > bits)
    throw new ArgumentError("BPFTS_ARGUMENT", `invalid network: '${text}' (203.0.113.0/24, fd00::/8, or an address)`);
  const whole = new Uint8Array(16);
  whole.set(bytes);
  const first = whole.map((byte, at) => byte & ~(0xff >> Math.min(8, Math.max(0, prefix - at * 8))));
  if (first.some((byte, at) => byte !== whole[at]))
    throw new ArgumentError(
      "BPFTS_ARGUMENT",
      `invalid network: '${text}' (bits behind the prefix of ${prefix} are set)`,
    );
  return { prefixlen: 32 + prefix, address: { family, bytes: whole } };
}

/** The type of an argument that is a protocol with a port: `tcp/22`. */
export function parse_port(text: string): ProtocolPort {
  const [, name, port] = /^([a-z]+)\/(\d{1,5})$/.exec(text) ?? [];
  const protocol = has_ports(name ?? "") ? protocol_numbers.get(name!) : undefined;
  if (protocol === undefined || Number(port) < 1 || Number(port) > 65535)
    throw new ArgumentError("BPFTS_ARGUMENT", `invalid port: '${text}' (tcp/22, udp/53, sctp/5060)`);
  return { protocol, port: htons(Number(port)) };
}

/** A type of arguments that keeps the text beside the value. */
export function keep_text<Value>(
  parse: (text: string) => Value,
): (text: string) => { readonly text: string; readonly value: Value } {
  return (text) => ({ text, value: parse(text) });
}
