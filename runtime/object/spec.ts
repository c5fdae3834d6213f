import type { Layout } from "../../sdk/wire/layout.ts";

/** A compiled BPF object as inert data: the same for the same bytes on every machine. */
export interface ObjectSpec {
  readonly programs: readonly ProgramSpec[];
  readonly maps: readonly MapSpec[];
  /** Absent where there are none. */
  readonly structOps?: readonly StructOpsSpec[];
  /** Layouts of the structs that the unit declares itself, by their C name (`"struct data_t"` is `"data_t"`). */
  readonly structs: Readonly<Record<string, Layout>>;
  readonly license: string;
}

/** One BPF program (a C function in a section of its own). */
export interface ProgramSpec {
  readonly name: string;
  readonly section: string;
  /** What a system call program takes, where its parameter is a pointer to a type. */
  readonly context?: Layout;
}

/** A table of functions that the kernel calls once it is registered: a variable of `SEC(".struct_ops")`. */
export interface StructOpsSpec {
  readonly name: string;
  /** The struct's C name: `"tcp_congestion_ops"`. */
  readonly type: string;
  /** The members that are programs. */
  readonly members: readonly StructOpsMember[];
}

export interface StructOpsMember {
  readonly name: string;
  /** The C function. */
  readonly program: string;
}

/** One BPF map with the layouts of its keys and values. */
export interface MapSpec {
  readonly name: string;
  /** Source: enum bpf_map_type, as libbpf reads it from the map's definition. */
  readonly type: number;
  readonly maxEntries: number;
  readonly flags: number;
  /** Undefined where the map kind has no key (queues, ring buffers). */
  readonly key?: Layout;
  readonly value?: Layout;
  /** What lies in a map of maps, where its definition says so. */
  readonly inner?: InnerMapSpec;
}

/** The shape of the maps that lie in another. */
export interface InnerMapSpec extends MapSpec {
  /** The types of key and value in the object's BTF, 0 where they have none. */
  readonly keyType: number;
  readonly valueType: number;
}
