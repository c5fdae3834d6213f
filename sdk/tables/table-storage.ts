import { makeBytesLayout, makeTableCodec } from "../codec/codec.ts";
import type { Codec } from "../codec/codec.ts";
import { makeMapError } from "../wire/errors.ts";
import { callHost } from "../wire/host.ts";
import type { KernelObject } from "../wire/kernel-object.ts";
import type { MapReply } from "../wire/protocol.ts";
import { isInt } from "./table-reference.ts";
import type { ReferenceKind } from "./table-reference.ts";
import { TableBase } from "./table-base.ts";
import type { TableOwner } from "./table-base.ts";
import { BPF_ANY } from "./table.ts";

/** Tasks by their pids. */
export const processOwner: ReferenceKind<number> = {
  wanted: "pids",
  describe: (target) => (isInt(target) && target > 0 ? { kind: "process", pid: target } : undefined),
};

/** Files by their paths. */
export const fileOwner: ReferenceKind<string> = {
  wanted: "paths of files",
  describe: (target) => (typeof target === "string" ? { kind: "file", path: target } : undefined),
};

/**
 * Values that hang on things of the kernel: tasks (`BPF_TASK_STORAGE`, by pid), sockets (`BPF_SK_STORAGE`, by `{ pid, fd }`), files
 * (`BPF_INODE_STORAGE`, by path) and cgroups (`BPF_CGRP_STORAGE`, by path). A value goes with its thing; nobody can list them all.
 *
 * @example
 * import { BPF, print, read_file } from "bpfts";
 * const b = new BPF({ text: `BPF_TASK_STORAGE(started, u64);` });
 * const [pid] = read_file("/proc/self/stat").split(" ");
 * b.tables.started.set(Number(pid), 1n);
 * print(b.tables.started.get(Number(pid))); // 1
 */
export class StorageTable<Target = unknown, Leaf = unknown> extends TableBase {
  private readonly targets: ReferenceKind<Target>;
  private readonly codec: Codec<Leaf>;

  constructor(info: MapReply, owner: TableOwner, targets: ReferenceKind<Target>) {
    super(info, owner);
    this.targets = targets;
    this.codec = makeTableCodec<Leaf>(info.value ?? makeBytesLayout(info.valueSize), `value of "${info.name}"`);
  }

  /** The value that hangs on a thing, undefined when there is none. @throws BpfError when the thing is not there */
  get(target: Target): Leaf | undefined {
    const bytes = callHost(
      "map_lookup",
      { map: this.requireOpen(), remove: false, key: this.describe(target) },
      new Uint8Array(this.info.keySize),
    );
    return bytes === undefined ? undefined : this.codec.decode(bytes);
  }

  /** Hangs a value on a thing. @throws BpfError when the thing is not there */
  set(target: Target, leaf: Leaf, flags: number = BPF_ANY): this {
    const bytes = new Uint8Array(this.info.keySize + this.codec.size);
    this.codec.encodeInto(leaf, new DataView(bytes.buffer), this.info.keySize);
    callHost("map_update", { map: this.requireOpen(), flags, key: this.describe(target) }, bytes);
    return this;
  }

  /** Whether a value hangs on a thing. @throws BpfError when the thing is not there */
  has(target: Target): boolean {
    return this.get(target) !== undefined;
  }

  /** Takes the value off a thing. Answers whether it had one. */
  delete(target: Target): boolean {
    return callHost(
      "map_delete",
      { map: this.requireOpen(), key: this.describe(target) },
      new Uint8Array(this.info.keySize),
    );
  }

  private describe(target: Target): KernelObject {
    const found = this.targets.describe(target);
    if (found === undefined) throw makeMapError(`Cannot use "${this.name}": its keys are ${this.targets.wanted}`);
    return found;
  }
}
