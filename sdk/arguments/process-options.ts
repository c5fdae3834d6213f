import { makeArgumentError } from "../wire/errors.ts";
import { read_file } from "../guest/process.ts";

/**
 * The type of an argument that is the number of a process: pass it to `parse_args` as `type`. A filter by a process that is not there shows nothing, without a word.
 *
 * @throws BpfError for what is no number, and where no process, or only a thread, has it
 *
 * @example
 * import { parse_args, print, process_id } from "bpfts";
 * const args = parse_args({
 *   description: "Trace a process",
 *   arguments: { pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" } },
 * });
 * print(args.pid); // undefined
 */
export function process_id(text: string): number {
  const pid = readNumber(text);
  const process = findProcess(pid);
  if (process === undefined) {
    if (!isInitialNamespace()) return pid;
    throw makeArgumentError(`there is no process ${pid}`);
  }
  if (process !== pid) throw makeArgumentError(`${pid} is a thread of process ${process}: give ${process}`);
  return pid;
}

/**
 * The type of an argument that is the number of a thread.
 *
 * @throws BpfError for what is no number, and where no thread has it
 *
 * @example
 * import { parse_args, print, thread_id } from "bpfts";
 * const args = parse_args({
 *   description: "Trace a thread",
 *   arguments: { tid: { flags: ["-t", "--tid"], type: thread_id, help: "trace this TID only" } },
 * });
 * print(args.tid); // undefined
 */
export function thread_id(text: string): number {
  const tid = readNumber(text);
  if (findProcess(tid) !== undefined || !isInitialNamespace()) return tid;
  throw makeArgumentError(`there is no thread ${tid}`);
}

/** Whether /proc has the numbers that BPF programs see: kthreadd is process 2 in the initial PID namespace alone. */
function isInitialNamespace(): boolean {
  try {
    return /^Name:\s*kthreadd$/m.test(read_file("/proc/2/status"));
  } catch {
    return false;
  }
}

/** In the words of argparse. */
function readNumber(text: string): number {
  if (!/^\s*[-+]?\d[\d_]*\s*$/.test(text)) throw makeArgumentError(`invalid int value: '${text}'`);
  return Number(text.replaceAll("_", ""));
}

/** The process that a thread belongs to. */
function findProcess(tid: number): number | undefined {
  try {
    return Number(/^Tgid:\s*(\d+)$/m.exec(read_file(`/proc/${tid}/status`))?.[1] ?? tid);
  } catch {
    return undefined;
  }
}
