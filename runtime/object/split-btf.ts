import { btfKind, measureExtra } from "./btf.ts";

const namedKinds = new Set<number>([btfKind.struct, btfKind.union, btfKind.enum, btfKind.enum64, btfKind.typedef]);

/**
 * Finds which of some names the types of a module declare: structs, unions, enums,
 * typedefs and enumerators. `module` is split BTF, whose names may stand in `base`.
 * The records are walked over raw, since a kernel has a hundred modules.
 *
 * Source: Documentation/bpf/btf.rst in the kernel's tree.
 */
export function findDeclaredNames(module: Uint8Array, base: Uint8Array, wanted: readonly string[]): string[] {
  const own = readHeader(module);
  const baseStrings = readHeader(base);
  if (own === undefined || baseStrings === undefined) return [];
  const byOffset = new Map<number, string>();
  for (const name of wanted) {
    const inBase = findString(baseStrings.strings, name);
    const inOwn = findString(own.strings, name);
    if (inBase !== undefined) byOffset.set(inBase, name);
    // Names of its own are counted on from the end of the base's.
    if (inOwn !== undefined) byOffset.set(baseStrings.strings.length + inOwn, name);
  }
  if (byOffset.size === 0) return [];
  const found = new Set<string>();
  const note = (offset: number): void => {
    const name = byOffset.get(offset);
    if (name !== undefined) found.add(name);
  };
  const { view } = own;
  for (let at = own.typesStart; at < own.typesEnd; ) {
    const info = view.getUint32(at + 4, true);
    const kind = (info >>> 24) & 0x1f;
    const count = info & 0xffff;
    if (namedKinds.has(kind)) note(view.getUint32(at, true));
    const step = kind === btfKind.enum ? 8 : 12;
    if (kind === btfKind.enum || kind === btfKind.enum64)
      for (let part = 0; part < count; part++) note(view.getUint32(at + 12 + part * step, true));
    at += 12 + measureExtra(kind, count);
  }
  return [...found];
}

interface Header {
  readonly view: DataView;
  readonly typesStart: number;
  readonly typesEnd: number;
  readonly strings: Buffer;
}

function readHeader(bytes: Uint8Array): Header | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 24 || view.getUint16(0, true) !== 0xeb9f) return undefined;
  const size = view.getUint32(4, true);
  const typesStart = size + view.getUint32(8, true);
  const stringsStart = size + view.getUint32(16, true);
  return {
    view,
    typesStart,
    typesEnd: typesStart + view.getUint32(12, true),
    strings: Buffer.from(bytes.buffer, bytes.byteOffset + stringsStart, view.getUint32(20, true)),
  };
}

function findString(strings: Buffer, name: string): number | undefined {
  const at = strings.indexOf(`\0${name}\0`);
  if (at >= 0) return at + 1;
  // A module's own names begin without the empty one.
  return strings.subarray(0, name.length + 1).toString("latin1") === `${name}\0` ? 0 : undefined;
}
