import { parseAddress, parseCidr } from "../addresses/parse-cidr.ts";
import { makeArgumentError } from "../wire/errors.ts";
import { callHost } from "../wire/host.ts";
import { BPF_ANY, Table } from "./table.ts";

/** Units: bytes of the number of bits at the start of a key. Source: struct bpf_lpm_trie_key. */
const LENGTH_BYTES = 4;

/**
 * A table of ranges (`BPF_LPM_TRIE`), of which the longest that an address lies in counts. Its keys begin with the number of bits, a `u32`; addresses as text are for those that hold one of IPv4 or IPv6 behind it and
 * nothing else, whatever the fields are called.
 *
 * @example
 * import { BPF, print } from "bpfts";
 * const b = new BPF({
 *   text: `
 * struct range { u32 prefixlen; __be32 addr; };
 * BPF_LPM_TRIE(owners, struct range, u32);`,
 * });
 * b.tables.owners.set_cidr("10.0.0.0/8", 1).set_cidr("10.1.0.0/16", 2);
 * print(b.tables.owners.match("10.1.2.3"), b.tables.owners.match("10.2.2.3"), b.tables.owners.match("11.0.0.1")); // 2 1 undefined
 */
export class LpmTable<Key = unknown, Leaf = unknown> extends Table<Key, Leaf> {
  /** The value of the longest range that an address lies in, undefined for none. @throws BpfError for what is no address of the family that the table has */
  match(address: string): Leaf | undefined {
    const bytes = parseAddress(requireAddressText("match()", address));
    const found = callHost(
      "map_lookup",
      { map: this.requireOpen(), remove: false },
      this.makeKey(bytes.length * 8, bytes),
    );
    return found === undefined ? undefined : this.leafCodec.decode(found);
  }

  /** Sets the value of a range, `"10.0.0.0/8"`, or of one address. @throws BpfError for a range with bits behind its prefix, and for one of the other family */
  set_cidr(range: string, leaf: Leaf, flags: number = BPF_ANY): this {
    const key = this.readRange("set_cidr()", range);
    const bytes = new Uint8Array(key.length + this.leafCodec.size);
    bytes.set(key);
    this.leafCodec.encodeInto(leaf, new DataView(bytes.buffer), key.length);
    callHost("map_update", { map: this.requireOpen(), flags }, bytes);
    return this;
  }

  /** Deletes the very range, not what lies in it. Answers whether it was there. @throws BpfError as `set_cidr` */
  delete_cidr(range: string): boolean {
    return callHost("map_delete", { map: this.requireOpen() }, this.readRange("delete_cidr()", range));
  }

  private readRange(call: string, range: string): Uint8Array {
    const { prefixLength, bytes } = parseCidr(requireAddressText(call, range));
    return this.makeKey(prefixLength, bytes);
  }

  private makeKey(bits: number, address: Uint8Array): Uint8Array {
    const { size } = this.keyCodec;
    if (size !== LENGTH_BYTES + address.length)
      throw makeArgumentError(
        `Table "${this.name}" has keys of ${size} bytes: an address of ${address.length === 4 ? "IPv4" : "IPv6"} makes ${LENGTH_BYTES + address.length}`,
        size === LENGTH_BYTES + 4 || size === LENGTH_BYTES + 16
          ? `its addresses are those of ${size === LENGTH_BYTES + 4 ? "IPv4" : "IPv6"}`
          : "keys with more than the number of bits and an address are written with set(), and the number of bits covers all of their fields",
      );
    const key = new Uint8Array(size);
    new DataView(key.buffer).setUint32(0, bits, true);
    key.set(address, LENGTH_BYTES);
    return key;
  }
}

function requireAddressText(call: string, text: unknown): string {
  if (typeof text === "string") return text;
  throw makeArgumentError(`${call} takes addresses as text: "10.0.0.1"`, "other keys are for get() and set()");
}
