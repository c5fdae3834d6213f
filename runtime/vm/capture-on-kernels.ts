import { availableParallelism } from "node:os";
import { PassThrough } from "node:stream";
import { BpftsError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { KernelRow } from "./kernels.ts";
import { fetchKernel } from "./kernel-store.ts";
import type { VmOptions } from "./prepare-vm.ts";
import { pickGuestEnvironment, prepareVm } from "./prepare-vm.ts";
import { runInVm } from "./run-in-vm.ts";
import type { VmFolder } from "./vm-folder.ts";

/** What a command answered on one kernel. */
export interface KernelAnswer {
  /** The row's name. */
  readonly kernel: string;
  /** Empty when the kernel could not be had. */
  readonly release: string;
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Why there is no answer: no such package, a panic, a hang. */
  readonly error?: BpftsError;
}

/**
 * Runs one command on several kernels, up to two at a time, and collects what it wrote. A kernel that fails is an answer too.
 * Shape: in the order of the rows.
 */
export async function captureOnKernels(
  folder: VmFolder,
  rows: readonly KernelRow[],
  command: readonly string[],
  options: VmOptions,
  log: Log,
): Promise<KernelAnswer[]> {
  const answers = new Array<KernelAnswer>(rows.length);
  const waiting = rows.map((row, at) => ({ row, at }));
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      answers[next.at] = await captureOne(folder, next.row, command, options, log);
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work));
  return answers;
}

async function captureOne(
  folder: VmFolder,
  row: KernelRow,
  command: readonly string[],
  options: VmOptions,
  log: Log,
): Promise<KernelAnswer> {
  let release = "";
  const stdout = collectText();
  const stderr = collectText();
  try {
    const kernel = await fetchKernel(folder, row, log);
    release = kernel.release;
    const spec = await prepareVm(
      folder,
      kernel,
      { command, workingFolder: process.cwd(), environment: pickGuestEnvironment(process.env) },
      options,
      log,
    );
    log.info(`booting ${release} (${spec.qemu.accelerator})`);
    const status = await runInVm(spec, { stdout: stdout.stream, stderr: stderr.stream });
    return { kernel: row.name, release, status, stdout: stdout.read(), stderr: stderr.read() };
  } catch (error) {
    if (!(error instanceof BpftsError)) throw error;
    return { kernel: row.name, release, status: error.exitCode, stdout: stdout.read(), stderr: stderr.read(), error };
  }
}

function collectText(): { readonly stream: PassThrough; read(): string } {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return { stream, read: () => Buffer.concat(chunks).toString() };
}
