import { AttachError, PrivilegeError } from "../../base/errors.ts";
import type { BpftsError } from "../../base/errors.ts";
import { systemFiles } from "../door/system-files.ts";

/** Source: PF_KTHREAD of linux/sched.h. */
const kernelThread = 0x200000n;

/**
 * Makes sure that a process is there, runs a program and may be looked into, before anything is looked for in its view.
 *
 * @throws AttachError, PrivilegeError
 */
export function requireProcess(action: string, pid: number, files = systemFiles): void {
  let stat: string;
  try {
    stat = files.readText(`/proc/${pid}/stat`, "latin1");
  } catch (cause) {
    throw describeUnreadable(action, pid, cause);
  }
  // A name may have brackets and spaces.
  const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") {
    throw new AttachError(`${action}: process ${pid} (${name}) has ended; its parent has not taken notice yet`, {
      reason: "no_such_process",
      hint: "start it again and give its new pid, or leave pid out to trace every process",
    });
  }
  if ((BigInt(fields[6] ?? 0) & kernelThread) !== 0n) {
    throw new AttachError(`${action}: process ${pid} (${name}) is a thread of the kernel: it runs no program`, {
      reason: "not_traceable",
      hint: "its functions are the kernel's: attach a kprobe, a tracepoint or KFUNC_PROBE",
    });
  }
  try {
    files.readLink(`/proc/${pid}/exe`);
  } catch (cause) {
    throw describeUnreadable(action, pid, cause);
  }
}

/**
 * Makes sure that a number is that of a process, kernel threads too: what one does that is not there is nothing, without a word.
 *
 * @throws AttachError
 */
export function requirePid(action: string, pid: number, files = systemFiles): void {
  let status: string;
  try {
    status = files.readText(`/proc/${pid}/status`, "latin1");
  } catch (cause) {
    throw describeUnreadable(action, pid, cause);
  }
  const process = Number(/^Tgid:\s*(\d+)$/m.exec(status)?.[1] ?? pid);
  if (process !== pid)
    throw new AttachError(`${action}: ${pid} is a thread of process ${process}`, {
      reason: "no_such_process",
      hint: `give the process, ${process}; a condition chooses its thread: if (tid == ${pid})`,
    });
}

function describeUnreadable(action: string, pid: number, cause: unknown): BpftsError {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === "EACCES" || code === "EPERM") {
    return new PrivilegeError(`${action}: this user may not look into process ${pid}`, {
      cause,
      hint: "run bpfts as root, or as the user of that process",
    });
  }
  return new AttachError(`${action}: there is no process ${pid}: it has ended`, {
    reason: "no_such_process",
    cause,
    hint: "start it first, or leave pid out to trace every process; a pid of another container means nothing here",
  });
}
