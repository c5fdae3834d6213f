import { requireText } from "../checks/check-options.ts";
import { makeArgumentError } from "../wire/errors.ts";
import { AF_INET, AF_INET6, inet_ntop, inet_pton } from "./ip-address.ts";

/** A range of addresses: those that begin with the same bits. */
export interface AddressRange {
  /** Units: bits. */
  readonly prefixLength: number;
  /** Four bytes of IPv4, or 16 of IPv6. */
  readonly bytes: Uint8Array;
}

/** The bytes of an address of either family. @throws BpfError when it is none */
export function parseAddress(text: string): Uint8Array {
  return inet_pton(text.includes(":") ? AF_INET6 : AF_INET, text);
}

/** A range as people write it: `"10.0.0.0/8"`, or one address. @throws BpfError when it is none, or an address within one */
export function parseCidr(text: string): AddressRange {
  requireText("cidr()", "a range of addresses", text);
  const [address = "", length, ...more] = text.split("/");
  const bytes = parseAddress(address);
  const bits = bytes.length * 8;
  const prefixLength = length === undefined ? bits : Number(length);
  if (more.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length)) || prefixLength > bits)
    throw makeArgumentError(
      `${JSON.stringify(text)} is no range of addresses`,
      `behind the slash stands a number of bits from 0 to ${bits}: ${address}/${bits === 32 ? 24 : 64}`,
    );
  const network = bytes.map((byte, index) => byte & maskByte(prefixLength - index * 8));
  if (network.some((byte, index) => byte !== bytes[index]))
    throw makeArgumentError(
      `${JSON.stringify(text)} has bits behind its prefix`,
      `the range is ${inet_ntop(bits === 32 ? AF_INET : AF_INET6, network)}/${prefixLength}`,
    );
  return { prefixLength, bytes };
}

/** A byte of which this many bits from the highest on are set. */
function maskByte(bits: number): number {
  return bits >= 8 ? 0xff : bits <= 0 ? 0 : (0xff00 >> bits) & 0xff;
}
