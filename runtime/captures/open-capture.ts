import { closeSync, constants, fstatSync, ftruncateSync, openSync, unlinkSync, writeSync } from "node:fs";
import { isatty } from "node:tty";
import type { PacketMessage } from "../../sdk/wire/packet-message.ts";
import { ResourceError, UsageError } from "../base/errors.ts";
import { refuseFile } from "../base/refuse-file.ts";
import { encodeInterface, encodePacket, encodeSection } from "./pcapng-blocks.ts";

/** A capture that the user asked for. It is open before the script begins. */
export interface Capture {
  /** The descriptor that its bytes go to. */
  readonly fd: number;
  /** What the user called it. */
  readonly path: string;
  /** How many packets were encoded. */
  readonly count: number;
  /** The bytes that a packet adds: its block, behind what has to come before it. */
  encode(message: PacketMessage, data: Uint8Array): Uint8Array;
  /** Closes the file. One that has got no packet is a capture without packets when the script has ended well; else it goes, or keeps what was in it. */
  finish(hasEndedWell: boolean): void;
}

/** What stands for standard output. */
export const STANDARD_OUTPUT = "-";

/**
 * Opens the file of a capture. What is in it stays there until there is a packet. `output` is the descriptor of the file of `--output`.
 *
 * @throws UsageError for a file that cannot be written, one that has two names, and a terminal
 */
export function openCapture(path: string, output: number | undefined): Capture {
  const isOutput = path === STANDARD_OUTPUT;
  if (isOutput && isatty(1))
    throw new UsageError("--pcap - writes bytes that no terminal shows", {
      hint: "lead them somewhere: … --pcap - | tshark -r -",
    });
  const { fd, isNew } = isOutput ? { fd: 1, isNew: false } : openFile(path);
  if (!isOutput && output !== undefined && isSameFile(fd, output)) {
    closeSync(fd);
    throw new UsageError(`--output and --pcap name the same file "${path}"`, {
      hint: "the capture has a file of its own",
    });
  }
  // One reading, so that the packets keep the distances that the kernel's clock says.
  const bootNs = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
  const interfaces = new Map<string, number>();
  let count = 0;
  let hasBegun = false;
  const begin = (): Uint8Array => {
    hasBegun = true;
    if (!isOutput && fstatSync(fd).isFile()) ftruncateSync(fd);
    return encodeSection("bpfts");
  };
  return {
    fd,
    path: isOutput ? "standard output" : path,
    get count() {
      return count;
    },
    encode(message, data) {
      const blocks: Uint8Array[] = hasBegun ? [] : [begin()];
      let id = interfaces.get(message.ifname);
      if (id === undefined) {
        id = interfaces.size;
        interfaces.set(message.ifname, id);
        blocks.push(encodeInterface(message.ifname));
      }
      const timeNs = bootNs + (message.timeNs === null ? process.hrtime.bigint() : BigInt(message.timeNs));
      blocks.push(encodePacket(message, data, id, timeNs));
      count++;
      return Buffer.concat(blocks);
    },
    finish(hasEndedWell) {
      try {
        if (!hasBegun && hasEndedWell) writeSync(fd, begin());
      } catch (cause) {
        throw new ResourceError(
          `Cannot write the capture to ${isOutput ? "standard output" : path} (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`,
          { cause },
        );
      } finally {
        if (!isOutput) closeSync(fd);
        if (!isOutput && !hasBegun && isNew) unlinkSync(path);
      }
    },
  };
}

function openFile(path: string): { readonly fd: number; readonly isNew: boolean } {
  const flags = constants.O_WRONLY | constants.O_CREAT;
  try {
    return { fd: openSync(path, flags | constants.O_EXCL, 0o644), isNew: true };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw refuseFile("pcap", path, cause);
  }
  try {
    return { fd: openSync(path, flags, 0o644), isNew: false };
  } catch (cause) {
    throw refuseFile("pcap", path, cause);
  }
}

function isSameFile(one: number, other: number): boolean {
  const [a, b] = [fstatSync(one), fstatSync(other)];
  return a.isFile() && a.dev === b.dev && a.ino === b.ino;
}
