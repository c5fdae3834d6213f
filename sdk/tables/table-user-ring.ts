import { makeTableCodec } from "../codec/codec.ts";
import type { Codec } from "../codec/codec.ts";
import { makeArgumentError } from "../wire/errors.ts";
import { callHost } from "../wire/host.ts";
import type { MapReply } from "../wire/protocol.ts";
import { TableBase } from "./table-base.ts";
import type { TableOwner } from "./table-base.ts";

/**
 * A buffer that the script writes and its programs empty with `bpf_user_ringbuf_drain`: `BPF_USER_RINGBUF(name, pages, struct command)`. Since: Linux 6.1.
 *
 * @example
 * import { BPF, print } from "bpfts";
 * const b = new BPF({
 *   text: `
 * struct command { u32 pid; };
 * BPF_USER_RINGBUF(commands, 1, struct command);`,
 * });
 * print(b.tables.commands.output({ pid: 1 })); // true
 */
export class UserRingTable<Value = Uint8Array> extends TableBase {
  private readonly codec: Codec<Value> | undefined;

  constructor(info: MapReply, owner: TableOwner) {
    super(info, owner);
    this.codec = info.event === null ? undefined : makeTableCodec<Value>(info.event, `value for "${info.name}"`);
  }

  /**
   * Puts a value in, bytes where the C text names no type for them. Answers false when there is no room until a program has taken something out.
   *
   * @throws BpfError for a value of the wrong shape, or one that the buffer could never hold
   */
  output(value: Value): boolean {
    const map = this.requireOpen("write to");
    return callHost(
      "user_ring_write",
      { map },
      this.codec === undefined ? this.requireBytes(value) : this.codec.encode(value),
    );
  }

  private requireBytes(value: unknown): Uint8Array {
    if (value instanceof Uint8Array) return value;
    throw makeArgumentError(
      `Cannot write to "${this.name}": the C text names no type for its values, so they are Uint8Arrays`,
      `name one: BPF_USER_RINGBUF(${this.name}, pages, struct command)`,
    );
  }
}
