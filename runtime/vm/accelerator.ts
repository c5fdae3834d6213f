import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { release, version } from "node:os";
import { join } from "node:path";
import type { Log } from "../base/log.ts";
import type { Accelerator, QemuSpec } from "./qemu-command.ts";
import { startVm } from "./start-vm.ts";
import type { VmFolder } from "./vm-folder.ts";

/** A guest on hardware is up in two seconds; one that is not up by then never will be. */
const trialMs = 12_000;

/**
 * Chooses how a machine runs: KVM when a trial boot has shown on this kernel that it works, else emulation. `/dev/kvm` alone
 * says little: inside another virtual machine it may be there and boot nothing. The answer is kept in the cache.
 */
export async function chooseAccelerator(
  folder: VmFolder,
  qemu: Omit<QemuSpec, "accelerator">,
  name: string,
  log: Log,
): Promise<Accelerator> {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    return "tcg";
  }
  const file = join(folder.path, "kvm.json");
  const machine = `${release()} ${version()}`;
  const known = readVerdict(file);
  if (known?.machine === machine) return known.works ? "kvm" : "tcg";
  log.info("trying whether KVM boots a guest here");
  const works = await tryKvm({ ...qemu, shares: [], accelerator: "kvm" }, name);
  log.info(works ? "KVM works" : "KVM does not boot a guest here: machines are emulated");
  try {
    mkdirSync(folder.path, { recursive: true });
    writeFileSync(file, `${JSON.stringify({ machine, works })}\n`);
  } catch {
    // Then the next run tries again.
  }
  return works ? "kvm" : "tcg";
}

async function tryKvm(qemu: QemuSpec, name: string): Promise<boolean> {
  const vm = startVm({
    name,
    qemu,
    job: { command: ["/bin/true"], workingFolder: "/", environment: {}, shares: [], release: "" },
    servesClang: false,
    bootTimeoutMs: trialMs,
    timeoutMs: trialMs,
  });
  vm.stdout.resume();
  vm.stderr.resume();
  vm.stdin.end();
  try {
    return (await vm.exit) === 0;
  } catch {
    return false;
  } finally {
    vm.close();
  }
}

function readVerdict(file: string): { machine: string; works: boolean } | undefined {
  try {
    const verdict: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof verdict !== "object" || verdict === null || !("machine" in verdict) || !("works" in verdict))
      return undefined;
    return { machine: String(verdict.machine), works: verdict.works === true };
  } catch {
    return undefined;
  }
}
