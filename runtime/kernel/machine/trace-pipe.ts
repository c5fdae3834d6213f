import { listFolder } from "../../base/list-folder.ts";
import { AttachError, PrivilegeError } from "../../base/errors.ts";
import type { Closable } from "../../base/scope.ts";
import { errno, renderErrno } from "../door/errno.ts";
import type { Handle, KernelPort } from "../door/port.ts";
import { readPidNamespace } from "./pid-namespace.ts";
import { requireTracefs } from "./tracefs.ts";
import { systemFiles } from "../door/system-files.ts";

/** Where the lines of `bpf_trace_printk` come out. Owner: whoever opened it closes it. */
export interface TracePipe extends Closable {
  /** To be read with `fileRead`. A line of the script's that ends in a newline is followed by an empty one. */
  readonly file: Handle;
  /** False for the pipe that all programs on the machine share: a line that is read there is gone for everybody else. */
  readonly isPrivate: boolean;
}

const event = "events/bpf_trace/bpf_trace_printk/enable";
/** The kernel writes a task's name as `%16s`. Units: bytes. Source: trace_print_context */
const TASK_BYTES = 16;
let opened = 0;

/**
 * Opens a trace pipe of our own: a tracefs instance in which only the event of
 * `bpf_trace_printk` is on. Where the kernel has no instances, or has the event
 * not as an event (before 5.9), it is the global pipe.
 *
 * The lines of every BPF program on the machine come out of it, not only ours.
 *
 * @throws PrivilegeError, UnsupportedFeatureError when there is no tracefs.
 * @throws AttachError when the global pipe is all there is and somebody else reads it.
 */
export function openTracePipe(port: KernelPort): TracePipe {
  const root = requireTracefs(port);
  const instances = `${root}/instances`;
  removeStaleInstances(instances);
  const instance = makeInstance(instances);
  if (instance !== undefined) {
    const file = port.fileOpen(`${instance}/trace_pipe`);
    if (file >= 0) {
      return {
        file,
        isPrivate: true,
        close() {
          port.fileClose(file);
          removeInstance(instance);
        },
      };
    }
    removeInstance(instance);
  }
  return openGlobalPipe(port, `${root}/trace_pipe`);
}

/**
 * Names the tasks that the kernel printed as `<...>`: it learns a task's name when
 * that task is next scheduled out, and a quick reader is there before. Those that
 * ended meanwhile stay as they are. A name is bytes that its task chose: `decode` must be the one that decoded the lines.
 */
export function nameUnknownTasks(lines: string, decode: (bytes: Buffer) => string): string {
  return lines.replace(/^ *<\.\.\.>-(\d+)/gm, (unknown, pid: string) => {
    try {
      const name = escapeNewlines(systemFiles.readBytes(`/proc/${pid}/comm`).subarray(0, -1));
      return `${" ".repeat(Math.max(0, TASK_BYTES - name.length))}${decode(name)}-${pid}`;
    } catch {
      return unknown;
    }
  });
}

function escapeNewlines(name: Buffer): Buffer {
  return Buffer.from(name.toString("latin1").replaceAll("\n", "\\n"), "latin1");
}

function openGlobalPipe(port: KernelPort, path: string): TracePipe {
  const file = port.fileOpen(path);
  if (file >= 0) return { file, isPrivate: false, close: () => void port.fileClose(file) };
  const message = `Cannot open "${path}": ${renderErrno(file)}`;
  if (file === errno.EPERM || file === errno.EACCES) throw new PrivilegeError(message, { hint: "run as root" });
  throw new AttachError(message, {
    hint:
      file === errno.EBUSY
        ? "another program reads it: end that one first"
        : "bpfts doctor shows what this kernel offers",
  });
}

/** Process ids mean something in their own namespace only, so the name tells both: no container takes the other's instance for a dead one's. */
function nameInstance(): string {
  return `bpfts-${readPidNamespace()}-${process.pid}-${++opened}`;
}

function makeInstance(instances: string): string | undefined {
  const instance = `${instances}/${nameInstance()}`;
  try {
    systemFiles.makeFolder(instance);
  } catch {
    return undefined;
  }
  try {
    // What a global trace has switched off must not be off here: names of tasks, and waking the reader for a single line.
    writeOption(`${instance}/options/record-cmd`, "1");
    writeOption(`${instance}/buffer_percent`, "0");
    systemFiles.write(`${instance}/${event}`, "1");
    return instance;
  } catch {
    removeInstance(instance);
    return undefined;
  }
}

/** Older kernels lack some options and behave in the wanted way. */
function writeOption(path: string, value: string): void {
  if (systemFiles.exists(path)) systemFiles.write(path, value);
}

/** Best effort: what stays because it is in use is swept away by a later run. */
function removeInstance(instance: string): void {
  try {
    if (systemFiles.exists(`${instance}/${event}`)) systemFiles.write(`${instance}/${event}`, "0");
    systemFiles.removeFolder(instance);
  } catch {
    // Its owner may have been quicker, or it is still open in a process that is just ending.
  }
}

/** A run that was killed could not remove its instance: the next one does. */
function removeStaleInstances(instances: string): void {
  const namespace = readPidNamespace();
  for (const name of listFolder(instances)) {
    const match = /^bpfts-(\d+)-(\d+)-\d+$/.exec(name);
    if (match?.[1] === namespace && !systemFiles.exists(`/proc/${match[2]}`)) removeInstance(`${instances}/${name}`);
  }
}
