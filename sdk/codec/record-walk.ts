import { compileReader } from "./codec-reader.ts";
import type { BoundReader } from "./codec-reader.ts";
import type { ArrayLayout, Layout, MemberLayout, StructLayout } from "../wire/layout.ts";
import { decodeCString } from "../wire/utf8.ts";
import { alignUp } from "../wire/protocol.ts";
import { ReaderProgram } from "./reader-program.ts";

/** Where a walk through records stands; the walk keeps it up to date before each callback, which may throw, read on or end it. */
export interface RecordCursor {
  /** Units: byte offset of the next record: u32 size, u32 cpu, the bytes, padding to 8. */
  at: number;
  end: number;
}

/** Reads record after record and hands each to the callback. */
export type RecordWalk = (
  cursor: RecordCursor,
  callback: (value: unknown, cpu: number, size: number) => unknown,
) => void;

/** What a callback is known to do with its event: to name these fields, and no more. */
export interface FieldUse {
  readonly fields: ReadonlySet<string>;
  /** Whether it takes more than the event. */
  readonly takesCpu: boolean;
}

/** Records of one layout that were fetched together. */
export interface RecordSection extends RecordCursor {
  readonly buffer: ArrayBuffer;
}

/** Reads record after record when it is asked for the next, from one section after the other, until `nextSection` answers undefined. Calls `leave` however it ends. */
export type RecordSteps<Value> = (
  nextSection: () => RecordSection | undefined,
  leave: () => void,
) => Generator<Value, void>;

/** What a walk is made for besides the layout. */
export interface WalkOptions {
  readonly use?: FieldUse | undefined;
  /** The only members that events have, where the user names them; each event is an object of its own. */
  readonly only?: ReadonlySet<string> | undefined;
  /** Hears of a record that lacks more than a part of an array at its end, which programs leave out on purpose. */
  readonly noteShort?: ((size: number) => void) | undefined;
}

/**
 * Makes the walk through a buffer of records of one layout: the loop and the reading are one function, which
 * saves a call for each record. Records start at multiples of 8. A record shorter than the layout reads as if zeros followed it; a
 * flexible array member holds the rest of its record.
 * With `use`, one object carries all records of a walk, and the fields that are not named are not read: measured, making an object
 * costs QuickJS more than reading its fields.
 */
export function compileWalk(layout: Layout, options: WalkOptions = {}): (buffer: ArrayBuffer) => RecordWalk {
  const reading = planReading(layout, options);
  const { program } = reading;
  const cpu = program.element("u32", 2, "o", 4);
  const more = options.use?.takesCpu === false ? "" : `, ${cpu}, size`;
  const loop = reading.writeLoop((value) => `callback(${value}${more});`);
  const views = [...program.views].join(", ");
  // QuickJS reads parameters and variables of the function faster than those around it.
  const body = `
    return function (cursor, callback) { walk(cursor, callback${views === "" ? "" : `, ${views}`}); };
    function walk(cursor, callback${views === "" ? "" : `, ${views}`}) {
      ${reading.declareVariables()}
      var end = cursor.end;
      ${loop}
    }`;
  return program.wrap(body, reading.inner) as (buffer: ArrayBuffer) => RecordWalk;
}

/**
 * Makes the same for a loop that takes one record after the other. A record is read when the loop comes to it: measured, half of what a loop took
 * went into calling back for each record and keeping the object for the loop.
 */
export function compileSteps<Value>(layout: Layout, options: WalkOptions = {}): RecordSteps<Value> {
  const reading = planReading(layout, options);
  const { program } = reading;
  const loop = reading.writeLoop((value) => `yield ${value};`);
  const views = [...program.views];
  const body = `
    return function* (nextSection, leave) {
      ${reading.declareVariables()}
      var buffer, cursor, end, views${views.map((view) => `, ${view}`).join("")};
      try {
        while ((cursor = nextSection()) !== undefined) {
          buffer = cursor.buffer;
          end = cursor.end;
          views = setViews(buffer);
          ${views.map((view, index) => `${view} = views[${index}];`).join(" ")}
          ${loop}
        }
      } finally {
        leave();
      }
    };`;
  // Each loop has views of its own: two may be under way.
  const bind = program.wrapMovable(body, reading.inner) as () => RecordSteps<Value>;
  return (nextSection, leave) => bind()(nextSection, leave);
}

/** How records of one layout are read by generated code, of which what is done with each value is left open. */
interface Reading {
  readonly program: ReaderProgram;
  /** The loop from `cursor.at` to `end`. */
  writeLoop(take: (value: string) => string): string;
  /** The variables that the loop needs, once the loop is written. */
  declareVariables(): string;
  /** What the code calls. */
  readonly inner: Readonly<Record<string, unknown>>;
}

function planReading(layout: Layout, { use, only, noteShort }: WalkOptions): Reading {
  const program = new ReaderProgram(8, { hasIndices: true });
  const shares = use !== undefined && layout.kind === "struct";
  const used = shares ? narrowLayout(layout, use.fields) : undefined;
  const fill = shares ? program.assign(used!, "o", 8, "shared") : "";
  const shown = only !== undefined && layout.kind === "struct" ? narrowLayout(layout, only) : layout;
  const value = shares ? "shared" : program.read(shown, "o", 8);
  const size = program.element("u32", 2, "o", 0);
  const readPadded = "readShort(buffer, o + 8, size)";
  const tail = findTail(layout);
  const read = shares ? use.fields : only;
  const takesRest = tail?.layout.length === 0 && (read === undefined || read.has(tail.name));
  const set = (target: string): string => (takesRest ? `setRest(${target}, buffer, o + 8, size)` : target);
  const writeRecord = (take: (value: string) => string): string =>
    shares
      ? `if (size < ${layout.size}) Object.assign(shared, ${readPadded}); else { ${fill} } ${take(set("shared"))}`
      : take(set(`size < ${layout.size} ? ${readPadded} : ${value}`));
  let filled = 0;
  let readWhole: BoundReader | undefined;
  const padded = new Uint8Array(alignUp(layout.size));
  const least = tail?.offset ?? layout.size;
  const readShort = (buffer: ArrayBuffer, at: number, bytes: number): unknown => {
    if (bytes < least) noteShort?.(bytes);
    // Records differ in length where a text stands at their end: only what a longer record left behind this one is cleared.
    if (bytes < filled) padded.fill(0, bytes, filled);
    filled = bytes;
    padded.set(new Uint8Array(buffer, at, bytes));
    return (readWhole ??= compileReader(used ?? shown)(padded.buffer))(0);
  };
  const readRest = takesRest ? compileRest(tail.layout.element) : undefined;
  const setRest = (record: Record<string, unknown>, buffer: ArrayBuffer, at: number, bytes: number): unknown => {
    record[tail!.name] = readRest!(buffer, at + Math.min(bytes, tail!.offset), at + bytes);
    return record;
  };
  return {
    program,
    writeLoop: (take) => `
      while ((o = cursor.at) < end) {
        ${program.setIndices()}
        size = ${size};
        cursor.at = o + 8 + ((size + 7) & ~7);
        ${writeRecord(take)}
      }`,
    declareVariables: () =>
      `${program.declareVariables()} var o, size${shares ? ", shared = {}" : ""}, index1, index2, index3;`,
    inner: { readShort, setRest },
  };
}

/** Makes the `noteShort` of a table's walk: `warn` gets a sentence about the first record that is too short. */
export function openShortNote(name: string, layout: Layout, warn: (text: string) => void): (size: number) => void {
  let isTold = false;
  return (size) => {
    if (isTold) return;
    isTold = true;
    const type = layout.kind === "struct" && layout.name !== "" ? `struct ${layout.name}` : "its type";
    warn(`An event of "${name}" has ${size} bytes, and ${type} has ${layout.size}: what is missing reads as 0`);
  };
}

type Tail = MemberLayout & { readonly layout: ArrayLayout };

/** The array at the end of a struct. */
function findTail(layout: Layout): Tail | undefined {
  const last = layout.kind === "struct" ? layout.members.at(-1) : undefined;
  return last?.layout.kind === "array" && last.name !== "" ? (last as Tail) : undefined;
}

/** Makes the reader of as many elements as there are bytes for. Records have any length, so that no code is made for one. */
function compileRest(element: Layout): (buffer: ArrayBuffer, start: number, end: number) => unknown {
  const isByte = element.kind === "int" && element.size === 1;
  if (isByte && element.encoding === "char")
    return (buffer, start, end) => decodeCString(new Uint8Array(buffer, start, end - start), 0, end - start);
  if (isByte && !element.signed && element.encoding !== "bool")
    return (buffer, start, end) => new Uint8Array(buffer.slice(start, end));
  const bind = compileReader(element);
  return (buffer, start, end) => {
    const length = Math.floor((end - start) / element.size);
    const bytes = new Uint8Array(alignUp(end - start));
    bytes.set(new Uint8Array(buffer, start, end - start));
    const read = bind(bytes.buffer);
    return Array.from({ length }, (_, index) => read(index * element.size));
  };
}

/** The layout with only some of its members, of anonymous ones too. */
export function narrowLayout(layout: StructLayout, wanted: ReadonlySet<string>): StructLayout {
  const members = layout.members.flatMap((member) => {
    if (member.name !== "") return wanted.has(member.name) ? [member] : [];
    return "members" in member.layout ? [{ ...member, layout: narrowLayout(member.layout, wanted) }] : [];
  });
  return { ...layout, members };
}

/** Reads records as bytes, for events whose type is not known. */
export function* stepThroughBytes(
  nextSection: () => RecordSection | undefined,
  leave: () => void,
): Generator<Uint8Array, void> {
  try {
    for (let section = nextSection(); section !== undefined; section = nextSection()) {
      const words = new Uint32Array(section.buffer, 0, section.buffer.byteLength >> 2);
      while (section.at < section.end) {
        const size = words[section.at >> 2]!;
        const data = section.at + 8;
        section.at = data + ((size + 7) & ~7);
        yield new Uint8Array(section.buffer, data, size).slice();
      }
    }
  } finally {
    leave();
  }
}

/** Makes the walk that hands records out as bytes, for events whose type is not known. */
export function bindBytesWalk(buffer: ArrayBuffer): RecordWalk {
  const words = new Uint32Array(buffer, 0, buffer.byteLength >> 2);
  return (cursor, callback) => {
    const { end } = cursor;
    while (cursor.at < end) {
      const word = cursor.at >> 2;
      const size = words[word]!;
      const data = cursor.at + 8;
      cursor.at = data + ((size + 7) & ~7);
      callback(new Uint8Array(buffer, data, size).slice(), words[word + 1]!, size);
    }
  };
}
