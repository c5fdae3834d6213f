import type { KernelPort } from "../door/port.ts";
import { openView, readLiveInfo, readText } from "./live-object.ts";
import type { Room } from "./live-object.ts";

/** A program that exists in the kernel. Source: struct bpf_prog_info. */
export interface ProgramInfo {
  readonly id: number;
  /** Source: enum bpf_prog_type. */
  readonly type: number;
  /** The kernel keeps 15 characters of it. */
  readonly name: string;
  /** A hash of its instructions, in hexadecimal. */
  readonly tag: string;
  readonly uid: number;
  readonly isGpl: boolean;
  /** Units: ns since the machine began to run. */
  readonly loadTimeNs: bigint;
  /** Units: bytes. */
  readonly xlatedBytes: number;
  /** Units: bytes, 0 where the kernel interprets it. */
  readonly jitedBytes: number;
  readonly mapIds: readonly number[];
  /** The id of its type information, 0 for none. */
  readonly btfId: number;
  readonly runTimeNs: bigint;
  readonly runCount: bigint;
  /** Since: Linux 5.12 */
  readonly recursionMisses: bigint;
  /** Since: Linux 5.16 */
  readonly verifiedInstructions: number;
  /** The type of its first function in its type information, 0 for none. */
  readonly functionType: number;
}

/** What a program is made of. */
export interface ProgramCode {
  /** Instructions after the verifier's work; empty where the kernel keeps them to itself. */
  readonly xlated: Uint8Array;
  readonly jited: Uint8Array;
  /** Where each function's machine code lies in the kernel, and its size in bytes. */
  readonly functions: readonly {
    readonly address: bigint;
    readonly size: number;
    readonly type: number;
    readonly instruction: number;
  }[];
  /** Source: struct bpf_line_info: where a line's first instruction is, in instructions; `jited` is its address in the kernel. */
  readonly lines: readonly ProgramLine[];
}

/** The source line of an instruction. */
export interface ProgramLine {
  readonly instruction: number;
  /** Where the texts lie among the names of the program's type information. */
  readonly fileOffset: number;
  readonly textOffset: number;
  readonly line: number;
  readonly column: number;
  readonly address?: bigint;
}

/** Places in struct bpf_prog_info, in bytes. */
const at = {
  type: 0,
  tag: 8,
  jitedLength: 16,
  xlatedLength: 20,
  jited: 24,
  xlated: 32,
  loadTime: 40,
  uid: 48,
  mapCount: 52,
  maps: 56,
  name: 64,
  gpl: 84,
  symbolCount: 104,
  sizeCount: 108,
  symbols: 112,
  sizes: 120,
  btf: 128,
  functionBytes: 132,
  functions: 136,
  functionCount: 144,
  lineCount: 148,
  lines: 152,
  jitedLines: 160,
  jitedLineCount: 168,
  lineBytes: 172,
  jitedLineBytes: 176,
  runTime: 192,
  runCount: 200,
  recursionMisses: 208,
  verified: 216,
} as const;

const infoBytes = 232;
const functionRecordBytes = 8;
const lineRecordBytes = 16;
/** A program may use 64 maps by default, and as many as its instructions name. */
const maxMaps = 1024;

/** Reads what the kernel says of a program; undefined when it is gone. @throws PrivilegeError */
export function readProgramInfo(port: KernelPort, id: number): ProgramInfo | undefined {
  const found = readLiveInfo(port, "program", id, {
    size: infoBytes,
    counts: { [at.mapCount]: maxMaps, [at.functionCount]: 1, [at.functionBytes]: functionRecordBytes },
    rooms: [
      { at: at.maps, size: maxMaps * 4 },
      { at: at.functions, size: functionRecordBytes },
    ],
  });
  if (found === undefined) return undefined;
  const { info, parts } = found;
  const view = openView(info);
  const maps = openView(parts[0]!);
  return {
    id,
    type: view.getUint32(at.type, true),
    name: readText(info, at.name, 16),
    tag: Buffer.from(info.subarray(at.tag, at.tag + 8)).toString("hex"),
    uid: view.getUint32(at.uid, true),
    isGpl: (view.getUint32(at.gpl, true) & 1) === 1,
    loadTimeNs: view.getBigUint64(at.loadTime, true),
    xlatedBytes: view.getUint32(at.xlatedLength, true),
    jitedBytes: view.getUint32(at.jitedLength, true),
    mapIds: Array.from({ length: Math.min(view.getUint32(at.mapCount, true), maxMaps) }, (_, index) =>
      maps.getUint32(index * 4, true),
    ),
    btfId: view.getUint32(at.btf, true),
    runTimeNs: view.getBigUint64(at.runTime, true),
    runCount: view.getBigUint64(at.runCount, true),
    recursionMisses: view.getBigUint64(at.recursionMisses, true),
    verifiedInstructions: view.getUint32(at.verified, true),
    functionType: openView(parts[1]!).getUint32(4, true),
  };
}

/** Reads how often and how long a program has run; undefined when it is gone. Cheaper than the whole. */
export function readProgramRuns(
  port: KernelPort,
  id: number,
): { readonly runCount: bigint; readonly runTimeNs: bigint } | undefined {
  const found = readLiveInfo(port, "program", id, { size: infoBytes });
  if (found === undefined) return undefined;
  const view = openView(found.info);
  return { runCount: view.getBigUint64(at.runCount, true), runTimeNs: view.getBigUint64(at.runTime, true) };
}

/** Reads the instructions of a program with the source lines that they stand for; undefined when it is gone. @throws PrivilegeError */
export function readProgramCode(port: KernelPort, id: number): ProgramCode | undefined {
  const asked = readLiveInfo(port, "program", id, { size: infoBytes });
  if (asked === undefined) return undefined;
  const sizes = openView(asked.info);
  const count = (place: number): number => sizes.getUint32(place, true);
  const wanted: readonly (Room & { readonly count?: readonly [place: number, value: number] })[] = [
    { at: at.xlated, size: count(at.xlatedLength), count: [at.xlatedLength, count(at.xlatedLength)] },
    { at: at.jited, size: count(at.jitedLength), count: [at.jitedLength, count(at.jitedLength)] },
    { at: at.symbols, size: count(at.symbolCount) * 8, count: [at.symbolCount, count(at.symbolCount)] },
    { at: at.sizes, size: count(at.sizeCount) * 4, count: [at.sizeCount, count(at.sizeCount)] },
    {
      at: at.functions,
      size: count(at.functionCount) * functionRecordBytes,
      count: [at.functionCount, count(at.functionCount)],
    },
    { at: at.lines, size: count(at.lineCount) * lineRecordBytes, count: [at.lineCount, count(at.lineCount)] },
    { at: at.jitedLines, size: count(at.jitedLineCount) * 8, count: [at.jitedLineCount, count(at.jitedLineCount)] },
  ];
  const found = readLiveInfo(port, "program", id, {
    size: infoBytes,
    counts: {
      ...Object.fromEntries(wanted.map(({ count: entry }) => entry!)),
      [at.functionBytes]: functionRecordBytes,
      [at.lineBytes]: lineRecordBytes,
      [at.jitedLineBytes]: 8,
    },
    rooms: wanted.filter(({ size }) => size > 0),
  });
  if (found === undefined) return undefined;
  const byPlace = new Map(
    wanted.filter(({ size }) => size > 0).map(({ at: place }, index) => [place, found.parts[index]!]),
  );
  const part = (place: number): Uint8Array => byPlace.get(place) ?? new Uint8Array();
  const view = openView(found.info);
  // The kernel clears the pointer of what it does not hand out.
  const visible = (place: number): Uint8Array =>
    view.getBigUint64(place, true) === 0n ? new Uint8Array() : part(place);
  return {
    xlated: visible(at.xlated),
    jited: visible(at.jited),
    functions: readFunctions(visible(at.symbols), visible(at.sizes), part(at.functions)),
    lines: readLines(part(at.lines), visible(at.jitedLines)),
  };
}

function readFunctions(symbols: Uint8Array, sizes: Uint8Array, records: Uint8Array): ProgramCode["functions"] {
  const [addresses, lengths, types] = [openView(symbols), openView(sizes), openView(records)];
  const count = Math.max(symbols.length / 8, records.length / functionRecordBytes);
  return Array.from({ length: count }, (_, index) => ({
    address: index * 8 < symbols.length ? addresses.getBigUint64(index * 8, true) : 0n,
    size: index * 4 < sizes.length ? lengths.getUint32(index * 4, true) : 0,
    instruction: index * functionRecordBytes < records.length ? types.getUint32(index * functionRecordBytes, true) : 0,
    type: index * functionRecordBytes < records.length ? types.getUint32(index * functionRecordBytes + 4, true) : 0,
  }));
}

function readLines(records: Uint8Array, jited: Uint8Array): readonly ProgramLine[] {
  const view = openView(records);
  const addresses = openView(jited);
  return Array.from({ length: records.length / lineRecordBytes }, (_, index) => {
    const start = index * lineRecordBytes;
    const place = view.getUint32(start + 12, true);
    return {
      instruction: view.getUint32(start, true),
      fileOffset: view.getUint32(start + 4, true),
      textOffset: view.getUint32(start + 8, true),
      line: place >>> 10,
      column: place & 0x3ff,
      ...(index * 8 < jited.length && { address: addresses.getBigUint64(index * 8, true) }),
    };
  });
}
