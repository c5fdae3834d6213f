import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from "node:fs";
import { totalmem } from "node:os";
import { crc32, deflateRawSync, inflateRawSync } from "node:zlib";
import { ResourceError, UsageError } from "../../base/errors.ts";
import { refuseFile } from "../../base/refuse-file.ts";
import type { Closable } from "../../base/scope.ts";

/** One entry of a recording: what it says, and bytes that belong to it. */
export interface Entry {
  readonly head: Readonly<Record<string, unknown>>;
  readonly bytes: Uint8Array;
}

/** A recording that is being written. Owner: whoever opened it closes it. */
export interface RecordingWriter extends Closable {
  /** Adds an entry; its bytes are copied. @throws ResourceError when the file takes no more */
  add(head: Readonly<Record<string, unknown>>, bytes?: Uint8Array): void;
  /** Writes what is left and the mark of the end: without it a recording counts as cut off. @throws ResourceError */
  finish(): void;
}

/** Stands at the beginning of the file, with the number of the format behind it. */
const MAGIC = Buffer.from("bpfts recording\n", "latin1");
const FORMAT = 1;
const HEAD_BYTES = MAGIC.length + 4;
/** Before each frame: u32 bytes of entries, u32 bytes in the file, u32 the checksum of the entries. The last frame is empty and has the number of entries in the place of the checksum. */
const FRAME_BYTES = 12;
/** Before each entry: u32 bytes of JSON, u32 bytes behind it. */
const ENTRY_BYTES = 8;
/** What is packed together. Units: bytes. */
const PACK_BYTES = 256 * 1024;
/** More is no frame that this program wrote. Units: bytes. */
const MAX_FRAME_BYTES = 1024 * 1024 * 1024;
/** More objects are not what V8 has room for. */
const MAX_ENTRIES = 2_000_000;
const noBytes = new Uint8Array(0);

/** Opens a file that its owner alone may read, and empties it; a file that is there already loses the rights of others. @throws UsageError when it cannot be written, or is another user's */
function openPrivate(path: string): number {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NOCTTY, 0o600);
    const found = fstatSync(fd);
    if (!found.isFile()) return fd;
    if (found.uid !== process.geteuid!())
      throw new UsageError(
        `Cannot write the recording "${path}": the file belongs to another user, who could read it`,
        {
          hint: "give another file, or remove this one",
        },
      );
    if ((found.mode & 0o077) !== 0) fchmodSync(fd, 0o600);
    ftruncateSync(fd);
    return fd;
  } catch (cause) {
    if (fd !== undefined) closeSync(fd);
    if (cause instanceof UsageError) throw cause;
    throw refuseFile("record", path, cause);
  }
}

/** Opens a file for a recording, and empties it. @throws UsageError when it cannot be written */
export function createRecording(path: string): RecordingWriter {
  const fd = openPrivate(path);
  let parts: Buffer[] = [];
  let partBytes = 0;
  let count = 0;
  const write = (bytes: Uint8Array): void => {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    } catch (cause) {
      throw new ResourceError(
        `Cannot write the recording "${path}": ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`,
        { cause },
      );
    }
  };
  const writeFrame = (raw: number, packed: Uint8Array, check: number): void => {
    const head = Buffer.alloc(FRAME_BYTES);
    head.writeUInt32LE(raw, 0);
    head.writeUInt32LE(packed.length, 4);
    head.writeUInt32LE(check, 8);
    write(Buffer.concat([head, packed]));
  };
  const flush = (): void => {
    if (partBytes === 0) return;
    const raw = Buffer.concat(parts);
    parts = [];
    partBytes = 0;
    writeFrame(raw.length, deflateRawSync(raw, { level: 1 }), crc32(raw));
  };
  const head = Buffer.alloc(HEAD_BYTES);
  MAGIC.copy(head);
  head.writeUInt32LE(FORMAT, MAGIC.length);
  try {
    write(head);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return {
    add(entry, bytes = noBytes) {
      const text = Buffer.from(JSON.stringify(entry), "utf8");
      const sizes = Buffer.alloc(ENTRY_BYTES);
      sizes.writeUInt32LE(text.length, 0);
      sizes.writeUInt32LE(bytes.length, 4);
      parts.push(sizes, text, Buffer.from(bytes));
      partBytes += ENTRY_BYTES + text.length + bytes.length;
      count++;
      if (partBytes >= PACK_BYTES) flush();
    },
    finish() {
      flush();
      writeFrame(0, noBytes, count);
    },
    close: () => closeSync(fd),
  };
}

/** Reads a whole recording. @throws UsageError for a file that is none, of another format, cut off or damaged */
export function readRecording(path: string): readonly Entry[] {
  let file: Buffer;
  try {
    const found = statSync(path);
    // It would be read until it ends.
    if (found.isCharacterDevice() || found.isBlockDevice())
      throw new UsageError(`Cannot read the recording "${path}": it is a device`, { hint: "name a file, or a pipe" });
    file = readFileSync(path);
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    const isMissing = code === "ENOENT";
    throw new UsageError(
      `Cannot read the recording "${path}": ${isMissing ? "no such file" : (code ?? String(cause))}`,
      {
        cause,
        ...(isMissing && { hint: "bpfts run --record FILE SCRIPT writes one" }),
      },
    );
  }
  return parseRecording(file, path);
}

/** The same for bytes; `path` is what errors call them. @throws UsageError */
export function parseRecording(file: Buffer, path: string): readonly Entry[] {
  const isStart = file.length < MAGIC.length && file.equals(MAGIC.subarray(0, file.length)) && file.length > 0;
  if (!isStart && !file.subarray(0, MAGIC.length).equals(MAGIC))
    throw new UsageError(`"${path}" is no recording of bpfts`, { hint: "bpfts run --record FILE SCRIPT writes one" });
  const entries: Entry[] = [];
  const cut = (): UsageError =>
    new UsageError(`The recording "${path}" is cut off after ${entries.length} entries`, {
      hint: "the run that wrote it did not come to its end, or the file was not copied whole: record it anew",
    });
  const damaged = (at: number, cause?: unknown): UsageError =>
    new UsageError(`The recording "${path}" is damaged at byte ${at}`, {
      cause,
      hint: "copy it anew, or record it anew",
    });
  if (file.length < HEAD_BYTES) throw cut();
  const format = file.readUInt32LE(MAGIC.length);
  if (format !== FORMAT)
    throw new UsageError(
      `"${path}" is a recording of format ${format}, and this version of bpfts reads format ${FORMAT}`,
      {
        hint: "replay it with the version of bpfts that recorded it",
      },
    );
  requireRoom(file, path);
  for (let at = HEAD_BYTES; ; ) {
    if (at + FRAME_BYTES > file.length) throw cut();
    const [raw, packed, check] = [file.readUInt32LE(at), file.readUInt32LE(at + 4), file.readUInt32LE(at + 8)];
    const start = at + FRAME_BYTES;
    if (raw === 0 && packed === 0) {
      if (check !== entries.length || start !== file.length) throw damaged(at);
      return entries;
    }
    if (raw > MAX_FRAME_BYTES || packed > MAX_FRAME_BYTES) throw damaged(at);
    if (start + packed > file.length) throw cut();
    let frame: Buffer;
    try {
      frame = inflateRawSync(file.subarray(start, start + packed), { maxOutputLength: Math.max(1, raw) });
    } catch (cause) {
      throw damaged(at, cause);
    }
    if (frame.length !== raw || crc32(frame) !== check) throw damaged(at);
    try {
      splitFrame(frame, entries);
    } catch (cause) {
      throw damaged(at, cause);
    }
    if (entries.length > MAX_ENTRIES)
      throw new UsageError(
        `The recording "${path}" has more than ${MAX_ENTRIES} entries, more than a replay can hold`,
        { hint: shorter },
      );
    at = start + packed;
  }
}

const shorter = "record a shorter run: --duration, or what the script prints less often";

/** A file from somebody else may unpack to a thousand times its size: what its frames say of that is added up first. @throws UsageError */
function requireRoom(file: Buffer, path: string): void {
  let total = 0;
  for (let at = HEAD_BYTES; at + FRAME_BYTES <= file.length; at += FRAME_BYTES + file.readUInt32LE(at + 4)) {
    const raw = file.readUInt32LE(at);
    // Told at its place.
    if (raw > MAX_FRAME_BYTES) return;
    total += raw;
  }
  if (total <= findRoom()) return;
  const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);
  throw new UsageError(
    `The recording "${path}" takes ${mebibytes(total)} MiB when it is unpacked, and a replay may take ${mebibytes(findRoom())} on this machine`,
    { hint: shorter },
  );
}

/** Half of what this process may have at all. Units: bytes. */
function findRoom(): number {
  const limit = process.constrainedMemory();
  return Math.min(totalmem(), limit > 0 ? limit : Infinity) / 2;
}

function splitFrame(frame: Buffer, into: Entry[]): void {
  for (let at = 0; at < frame.length; ) {
    const text = at + ENTRY_BYTES;
    const bytes = text + frame.readUInt32LE(at);
    const end = bytes + frame.readUInt32LE(at + 4);
    if (end > frame.length) throw new RangeError("an entry is longer than its frame");
    into.push({
      head: JSON.parse(frame.toString("utf8", text, bytes)) as Entry["head"],
      // A Buffer's own slice is no copy, and whoever gets these bytes may want one.
      bytes: new Uint8Array(frame.buffer, frame.byteOffset + bytes, end - bytes),
    });
    at = end;
  }
}
