import { EventEmitter } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { PassThrough, Readable } from "node:stream";
import { silentLog } from "../../runtime/base/log.ts";
import type { BootKernel } from "../../runtime/vm/kernel-store.ts";
import { fetchKernel } from "../../runtime/vm/kernel-store.ts";
import { requireKernelRows } from "../../runtime/vm/kernels.ts";
import type { VmOptions } from "../../runtime/vm/prepare-vm.ts";
import { pickGuestEnvironment, prepareVm } from "../../runtime/vm/prepare-vm.ts";
import { runInVm } from "../../runtime/vm/run-in-vm.ts";
import { openVmFolder } from "../../runtime/vm/vm-folder.ts";

export interface GuestRun {
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly stderrBytes: Buffer;
}

export interface GuestOptions extends VmOptions {
  readonly kernel?: BootKernel;
  readonly input?: Uint8Array;
  /** Called with each piece of output, the place where signals come from, and the stream it came through. */
  readonly onOutput?: (text: string, signals: EventEmitter, stdout: PassThrough) => void;
  readonly signals?: EventEmitter;
}

export const vmFolder = openVmFolder(process.env);

export async function requireKernel(name: string): Promise<BootKernel> {
  return fetchKernel(vmFolder, requireKernelRows(name)[0]!, silentLog);
}

/** Runs a command in a guest and collects what it wrote. */
export async function runGuest(command: readonly string[], options: GuestOptions = {}): Promise<GuestRun> {
  const { kernel = await requireKernel("6.1"), input, onOutput, signals = new EventEmitter(), ...machine } = options;
  const spec = await prepareVm(
    vmFolder,
    kernel,
    { command, workingFolder: process.cwd(), environment: pickGuestEnvironment(process.env) },
    { memoryMb: 1024, ...machine },
    silentLog,
  );
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  stdout.on("data", (chunk: Buffer) => {
    out.push(chunk);
    onOutput?.(chunk.toString(), signals, stdout);
  });
  stderr.on("data", (chunk: Buffer) => err.push(chunk));
  const status = await runInVm(
    spec,
    { ...(input === undefined ? {} : { stdin: Readable.from([input]) }), stdout, stderr },
    signals,
  );
  return { status, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString(), stderrBytes: Buffer.concat(err) };
}

/** The qemu processes that a process started, itself or its children. */
export function listQemus(parent = process.pid): number[] {
  const parents = new Map<number, number>();
  const qemus: number[] = [];
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const pid = Number(name);
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      parents.set(pid, Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
      if (readFileSync(`/proc/${name}/cmdline`, "utf8").includes("qemu-system-x86_64\0")) qemus.push(pid);
    } catch {
      // It ended while we looked.
    }
  }
  const belongs = (pid: number): boolean =>
    pid === parent || (parents.has(pid) && pid !== 0 && belongs(parents.get(pid)!));
  return qemus.filter(belongs);
}
