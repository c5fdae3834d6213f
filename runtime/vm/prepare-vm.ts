import { totalmem } from "node:os";
import type { Log } from "../base/log.ts";
import { chooseAccelerator } from "./accelerator.ts";
import { prepareInitramfs } from "./initramfs.ts";
import { prepareKernelImage } from "./kernel-image.ts";
import type { BootKernel } from "./kernel-store.ts";
import type { Accelerator } from "./qemu-command.ts";
import type { VmSpec } from "./start-vm.ts";
import type { VmFolder } from "./vm-folder.ts";
import { requireVmTools } from "./vm-tools.ts";

/** What the user may choose about a machine; what is absent has a default. */
export interface VmOptions {
  /** Units: MiB. 3072, or half of this machine's when that is less. */
  readonly memoryMb?: number;
  /** When absent 2, and 1 when it is emulated: a second one makes it no quicker, and qemu less reliable. */
  readonly cpus?: number;
  /** None when absent. */
  readonly timeoutMs?: number;
  /** Two minutes when absent: a busy machine emulates slowly. */
  readonly bootTimeoutMs?: number;
  /** KVM or emulation; when absent, what a trial boot has shown. */
  readonly accelerator?: Accelerator;
  /** Modules that are loaded before the command starts. Others are loaded by modprobe in the guest. */
  readonly modules?: readonly string[];
  /** Folders that the guest may write to, besides bpfts' cache. */
  readonly shares?: readonly string[];
  readonly append?: readonly string[];
  /** How much the guest may write elsewhere, as tmpfs takes it. Half of the memory when absent. */
  readonly scratch?: string;
  /** Runs clang in the guest; when absent, this machine does it for the guest, which is quicker by far under emulation. */
  readonly compilesInGuest?: boolean;
}

/** Makes everything ready that a boot needs, so that only `startVm` is left. @throws VmError, ToolchainError */
export async function prepareVm(
  folder: VmFolder,
  kernel: BootKernel,
  job: {
    readonly command: readonly string[];
    readonly workingFolder: string;
    readonly environment: Readonly<Record<string, string>>;
  },
  options: VmOptions,
  log: Log,
): Promise<VmSpec> {
  requireVmTools("boot");
  const initramfs = await prepareInitramfs(folder, kernel, options.modules ?? []);
  const shares = [
    { path: folder.guest, hasOwnOwners: process.getuid?.() !== 0 },
    ...[...new Set(options.shares ?? [])]
      .filter((path) => path !== folder.guest)
      .map((path) => ({ path, hasOwnOwners: false })),
  ];
  const qemu = {
    kernelImage: await prepareKernelImage(folder, kernel.vmlinuz),
    initramfs,
    memoryMb: options.memoryMb ?? Math.min(3072, Math.floor(totalmem() / 2 ** 21)),
    cpus: options.cpus ?? 1,
    shares,
    append: options.append ?? [],
    scratch: options.scratch ?? "50%",
  };
  const accelerator = options.accelerator ?? (await chooseAccelerator(folder, qemu, kernel.name, log));
  return {
    name: kernel.name,
    // Seen with qemu 7.2 and two emulated processors: node crashed or hung in three of twenty boots, with one in none.
    qemu: { ...qemu, accelerator, cpus: options.cpus ?? (accelerator === "kvm" ? 2 : 1) },
    job: {
      ...job,
      // What is compiled in the guest is there for the next one.
      environment: { ...job.environment, BPFTS_CACHE: folder.guest },
      shares,
      release: kernel.release,
      ...(kernel.modules === undefined ? {} : { modules: kernel.modules }),
      ...(kernel.config === undefined ? {} : { config: kernel.config }),
    },
    servesClang: options.compilesInGuest !== true,
    bootTimeoutMs: options.bootTimeoutMs ?? 120_000,
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  };
}

/** What a guest's command gets of this process's environment: enough to run the same programs in the same language. */
export function pickGuestEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const wanted =
    /^(?:PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TERM|TZ|NO_COLOR|FORCE_COLOR|XDG_CACHE_HOME|NODE_\w+|BPFTS_\w+)$/;
  const picked: Record<string, string> = {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/root",
  };
  for (const [name, value] of Object.entries(environment))
    if (value !== undefined && wanted.test(name)) picked[name] = value;
  return picked;
}
