import { btfKind } from "./btf.ts";

/** Answers whether structs of one BTF blob have fields, without reading more of it than that takes. */
export interface StructFields {
  /** 1 when a struct or union of that name has the field, in an anonymous member too; 0 when not; -1 when there is no such struct. */
  haveField(struct: string, field: string): 1 | 0 | -1;
}

const HEAD_SIZE = 12;
const MEMBER_SIZE = 12;

/** Bytes after a record's head: the same for each of its parts, or once. */
const partSizes: Readonly<Record<number, number>> = {
  [btfKind.struct]: MEMBER_SIZE,
  [btfKind.union]: MEMBER_SIZE,
  [btfKind.dataSection]: 12,
  [btfKind.enum64]: 12,
  [btfKind.enum]: 8,
  [btfKind.functionPrototype]: 8,
};
const fixedSizes: Readonly<Record<number, number>> = {
  [btfKind.int]: 4,
  [btfKind.variable]: 4,
  [btfKind.declarationTag]: 4,
  [btfKind.array]: 12,
};

/**
 * Opens a BTF blob for questions about fields. One walk notes where the records stand (a few ms for a kernel's
 * 150,000); names are compared as offsets into the string table.
 */
export function openStructFields(bytes: Uint8Array): StructFields {
  const blob = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerSize = blob.readUInt32LE(4);
  const typesStart = headerSize + blob.readUInt32LE(8);
  const typesEnd = typesStart + blob.readUInt32LE(12);
  const strings = blob.subarray(headerSize + blob.readUInt32LE(16));
  const places = findRecords(blob, typesStart, typesEnd);

  const readKind = (at: number): number => (blob.readUInt32LE(at + 4) >>> 24) & 0x1f;
  const isStruct = (at: number): boolean => readKind(at) === btfKind.struct || readKind(at) === btfKind.union;

  /** A string table has each name once. */
  const findName = (name: string): number => {
    const found = strings.indexOf(`\0${name}\0`, 0, "latin1");
    return found < 0 ? -1 : found + 1;
  };

  /** Follows an anonymous member's type through qualifiers. */
  const resolve = (id: number): number | undefined => {
    let at = places[id - 1];
    while (at !== undefined && (readKind(at) === btfKind.const || readKind(at) === btfKind.volatile))
      at = places[blob.readUInt32LE(at + 8) - 1];
    return at;
  };

  const haveMember = (at: number, field: number): boolean => {
    const count = blob.readUInt32LE(at + 4) & 0xffff;
    for (let member = at + HEAD_SIZE; member < at + HEAD_SIZE + count * MEMBER_SIZE; member += MEMBER_SIZE) {
      const name = blob.readUInt32LE(member);
      if (name === field) return true;
      if (name !== 0) continue;
      const inner = resolve(blob.readUInt32LE(member + 4));
      if (inner !== undefined && isStruct(inner) && haveMember(inner, field)) return true;
    }
    return false;
  };

  return {
    haveField(struct, field) {
      const structName = findName(struct);
      if (structName < 0) return -1;
      const candidates = [...places].filter((at) => blob.readUInt32LE(at) === structName && isStruct(at));
      if (candidates.length === 0) return -1;
      const fieldName = findName(field);
      return fieldName >= 0 && candidates.some((at) => haveMember(at, fieldName)) ? 1 : 0;
    },
  };
}

function findRecords(blob: Buffer, start: number, end: number): Uint32Array {
  const places = new Uint32Array((end - start) / HEAD_SIZE);
  let count = 0;
  for (let at = start; at < end; ) {
    places[count++] = at;
    const info = blob.readUInt32LE(at + 4);
    const kind = (info >>> 24) & 0x1f;
    at += HEAD_SIZE + (fixedSizes[kind] ?? (partSizes[kind] ?? 0) * (info & 0xffff));
  }
  return places.slice(0, count);
}
