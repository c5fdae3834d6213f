import { compileReader } from "./codec-reader.ts";
import type { BoundReader } from "./codec-reader.ts";
import { compileWriter } from "./codec-writer.ts";
import type { Writer } from "./codec-writer.ts";
import { compileBoundWriter } from "./writer-program.ts";
import type { BoundWriter } from "./writer-program.ts";
import { makeDecodeError } from "../wire/errors.ts";
import type { Layout } from "../wire/layout.ts";

/** Turns the bytes of one C type into values and back. */
export interface Codec<T = unknown> {
  readonly size: number;
  /** What it was made from, where that says all. */
  readonly layout?: Layout;
  /** A reader of many values in one buffer. Offsets are multiples of the size, or of 8. */
  bind(buffer: ArrayBuffer): (offset: number) => T;
  /** @throws BpfError when there are fewer bytes than the type has */
  decode(bytes: Uint8Array): T;
  /** @throws BpfError that names the field and its limit */
  encode(value: T): Uint8Array;
  encodeInto(value: T, view: DataView, offset: number): void;
  /** A writer of many values into one buffer of zeros. Offsets as those of `bind`. */
  bindWriter(buffer: ArrayBuffer): BoundWriter;
}

/**
 * Makes the codec of a layout. Generated once for each layout and label; compiling happens on first use.
 * `label` names the whole in messages, for example `key of "counts"`.
 */
export function makeCodec<T = unknown>(layout: Layout, label: string): Codec<T> {
  let labels = codecs.get(layout);
  if (labels === undefined) codecs.set(layout, (labels = new Map()));
  let codec = labels.get(label);
  if (codec === undefined) labels.set(label, (codec = openCodec(layout, label, false)));
  return codec as Codec<T>;
}

/** Those that were made, by layout and label: a call that is made for each event, or for each run of a program, compiles once. */
const codecs = new WeakMap<Layout, Map<string, Codec>>();

/** The same for keys and values of tables: what it decoded it encodes to the same bytes, all of them. */
export function makeTableCodec<T = unknown>(layout: Layout, label: string): Codec<T> {
  return openCodec(layout, label, true);
}

function openCodec<T>(layout: Layout, label: string, keeps: boolean): Codec<T> {
  let reader: ((buffer: ArrayBuffer) => BoundReader) | undefined;
  let writer: ReturnType<typeof compileWriter> | undefined;
  const bind = (buffer: ArrayBuffer): ((offset: number) => T) =>
    (reader ??= compileReader(layout, keeps))(buffer) as (offset: number) => T;
  let boundWriter: ((buffer: ArrayBuffer) => BoundWriter) | undefined;
  const encodeInto = (value: T, view: DataView, offset: number): void =>
    (writer ??= compileWriter(layout, label))(value, view, offset);
  const compileBound = (): ((buffer: ArrayBuffer) => BoundWriter) =>
    compileBoundWriter(layout, encodeInto as Writer, (inner, member) => compileWriter(inner, `${label}${member}`)) ??
    ((buffer) => {
      const view = new DataView(buffer);
      return (value, offset) => encodeInto(value as T, view, offset);
    });
  return {
    size: layout.size,
    layout,
    bind,
    decode(bytes) {
      if (bytes.byteLength < layout.size) {
        throw makeDecodeError(`Cannot read ${label}: it has ${layout.size} bytes, ${bytes.byteLength} came`);
      }
      const aligned = bytes.byteOffset % 8 === 0 && bytes.byteLength === bytes.buffer.byteLength;
      const buffer = (aligned ? bytes.buffer : bytes.slice().buffer) as ArrayBuffer;
      return bind(buffer)(0);
    },
    encode(value) {
      const bytes = new Uint8Array(layout.size);
      encodeInto(value, new DataView(bytes.buffer), 0);
      return bytes;
    },
    encodeInto,
    bindWriter: (buffer) => (boundWriter ??= compileBound())(buffer),
  };
}

/** A layout for maps and events whose C type is not known: the raw bytes. */
export function makeBytesLayout(size: number): Layout {
  return { kind: "array", size, length: size, element: { kind: "int", name: "unsigned char", size: 1, signed: false } };
}
