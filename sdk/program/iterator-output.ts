import { MAX, requireInteger, requireOptions, requireText } from "../checks/check-options.ts";
import { makeCodec } from "../codec/codec.ts";
import type { ContextOf } from "../ctypes/context-types.ts";
import type { RecordOf } from "../ctypes/record-types.ts";
import { makeArgumentError, makeDecodeError } from "../wire/errors.ts";
import { callHost } from "../wire/host.ts";
import type { IteratorArgument, IteratorReply } from "../wire/iterator-calls.ts";
import type { Layout } from "../wire/layout.ts";
import { decodeUtf8 } from "../wire/utf8.ts";
import { readLayoutAsNumbers, requireIntegers } from "./integers.ts";
import type { Integers, TableOptions } from "./integers.ts";

/** The orders in which an iterator walks through cgroups. Source: enum bpf_cgroup_iter_order. */
const cgroupOrders = {
  self_only: 1,
  descendants_pre: 2,
  descendants_post: 3,
  ancestors_up: 4,
} as const;

/**
 * What `read_iter` takes: where an iterator is to look. Without it, it walks through all of its objects.
 *
 * @example
 * import { print, type IteratorOptions } from "bpfts";
 * const options: IteratorOptions = { pid: 4711, u64: "number" };
 * print(options.pid); // 4711
 */
export interface IteratorOptions<U64 extends Integers = Integers> extends TableOptions<U64> {
  /** The table that `iter/bpf_map_elem` and `iter/bpf_sk_storage_map` walk through. */
  readonly map?: { readonly name: string } | undefined;
  /** Where `iter/cgroup` begins: the path of a cgroup of version 2; their root unless given. Since: Linux 6.1. */
  readonly cgroup?: string | undefined;
  /** How `iter/cgroup` goes on from there: `"descendants_pre"` unless given, a parent before its children. */
  readonly order?: keyof typeof cgroupOrders | undefined;
  /** The one process for `iter/task`, `iter/task_file` and `iter/task_vma`, with all of its threads. Since: Linux 6.1. */
  readonly pid?: number | undefined;
  /** The one thread for them. Since: Linux 6.1. */
  readonly tid?: number | undefined;
}

/** What an iterator of a program writes. */
export type RecordIn<Functions, Name extends string> = 0 extends 1 & Functions
  ? unknown
  : Functions extends { readonly text: infer Text extends string }
    ? RecordOf<Text, Name>
    : unknown;

/** What a function of a program takes as its context. */
export type ContextIn<Functions, Name extends string> = 0 extends 1 & Functions
  ? unknown
  : Functions extends { readonly text: infer Text extends string }
    ? ContextOf<Text, Name>
    : unknown;

/**
 * What an iterator's function writes about the kernel's objects. A loop goes through its records (`bpf_seq_write`), or through its lines where
 * it writes text (`BPF_SEQ_PRINTF`). Each loop and each call reads anew.
 *
 * @example
 * import { BPF, print } from "bpfts";
 * const b = new BPF({
 *   text: `
 * BPF_ITER(task) {
 *     struct task_struct *task = ctx->task;
 *     if (!task) BPF_SEQ_PRINTF(ctx->meta->seq, "%d tasks", ctx->meta->seq_num);
 *     return 0;
 * }`,
 * });
 * print(b.read_iter("bpf_iter__task").text().endsWith(" tasks")); // true
 */
export class IteratorOutput<Item> implements Iterable<Item> {
  readonly #program: number;
  readonly #name: string;
  readonly #options: IteratorArgument;
  readonly #integers: Integers;

  constructor(program: number, name: string, options: IteratorOptions) {
    this.#program = program;
    this.#name = name;
    this.#options = describeOptions(options);
    this.#integers = requireIntegers(options.u64);
  }

  /** @throws BpfError when this kernel has no such iterator, or an option does not fit it */
  *[Symbol.iterator](): Generator<Item, void> {
    const { iterator, record } = this.#open();
    try {
      if (record === "mixed")
        throw makeArgumentError(
          `Cannot take apart what "${this.#name}" writes: the C text does not tell one type of its records`,
          `write one struct with bpf_seq_write, or take all bytes: b.read_iter(${JSON.stringify(this.#name)}).bytes()`,
        );
      yield* (record === "text" ? readLines(iterator) : this.#readRecords(iterator, record)) as Iterable<Item>;
    } finally {
      callHost("iterator_close", { iterator });
    }
  }

  /** All of it as text. */
  text(): string {
    return decodeUtf8(this.bytes());
  }

  /** All of it as it is. */
  bytes(): Uint8Array {
    const { iterator } = this.#open();
    try {
      const pieces: Uint8Array[] = [];
      for (const piece of readPieces(iterator)) pieces.push(piece);
      return joinPieces(pieces);
    } finally {
      callHost("iterator_close", { iterator });
    }
  }

  #open(): IteratorReply {
    return callHost("iterator_open", { program: this.#program, fnName: this.#name, options: this.#options });
  }

  *#readRecords(iterator: number, layout: Layout): Generator<unknown, void> {
    const label = `record of "${this.#name}"`;
    const codec = makeCodec(this.#integers === "number" ? readLayoutAsNumbers(layout, `the ${label}`) : layout, label);
    let rest: Uint8Array = new Uint8Array(0);
    for (const piece of readPieces(iterator)) {
      const bytes = joinPieces([rest, piece]);
      const read = codec.bind(bytes.buffer as ArrayBuffer);
      let at = 0;
      for (; at + codec.size <= bytes.length; at += codec.size) yield read(at);
      rest = bytes.slice(at);
    }
    if (rest.length > 0)
      throw makeDecodeError(
        `Cannot read the last record of "${this.#name}": it has ${codec.size} bytes, ${rest.length} came. The function writes something else, too`,
      );
  }
}

function describeOptions(options: IteratorOptions): IteratorArgument {
  requireOptions("read_iter()", options, ["map", "cgroup", "order", "pid", "tid", "u64"]);
  const { map, cgroup, order, pid, tid } = options;
  if (map !== undefined) requireText("read_iter()", "map", (map as { readonly name?: unknown } | null)?.name);
  if (cgroup !== undefined) requireText("read_iter()", "cgroup", cgroup);
  requireInteger("read_iter()", "pid", pid, 1, MAX.i32);
  requireInteger("read_iter()", "tid", tid, 1, MAX.i32);
  if (order !== undefined && !Object.hasOwn(cgroupOrders, order))
    throw makeArgumentError(
      `read_iter() has no order ${JSON.stringify(order)}`,
      `its orders are: ${Object.keys(cgroupOrders).join(", ")}`,
    );
  return {
    ...(map === undefined ? {} : { map: map.name }),
    ...(cgroup === undefined ? {} : { cgroup }),
    ...(order === undefined ? {} : { order: cgroupOrders[order] }),
    ...(pid === undefined ? {} : { pid }),
    ...(tid === undefined ? {} : { tid }),
  };
}

function* readPieces(iterator: number): Generator<Uint8Array, void> {
  for (;;) {
    const piece = callHost("iterator_read", { iterator });
    if (piece === undefined) return;
    yield piece;
  }
}

const NEWLINE = 10;

/** A character of several bytes may stand across two pieces, a line break never. */
function* readLines(iterator: number): Generator<string, void> {
  let rest: Uint8Array = new Uint8Array(0);
  for (const piece of readPieces(iterator)) {
    const bytes = joinPieces([rest, piece]);
    const end = bytes.lastIndexOf(NEWLINE);
    if (end >= 0) yield* decodeUtf8(bytes, 0, end).split("\n");
    rest = bytes.slice(end + 1);
  }
  if (rest.length > 0) yield decodeUtf8(rest);
}

function joinPieces(pieces: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
