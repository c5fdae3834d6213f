import type { Log } from "../../base/log.ts";
import type { KernelPort } from "../../kernel/door/port.ts";

/** How long the kernel takes to free the perf event of a probe. Units: milliseconds, measured on Linux 6.18 */
const FREE_MS = 50;

/** Shorter work is over before anybody looks for it. Units: milliseconds. */
const SILENT_MS = 2000;

/** Detaches the programs of all probes at once: one after another, the kernel takes up to 50 ms for each. */
export function detachProbes(port: KernelPort, log: Log): void {
  const perfEvents = port.detachProbes();
  if (perfEvents * FREE_MS < SILENT_MS) return;
  const seconds = Math.round((perfEvents * FREE_MS) / 1000);
  log.warn(
    `All programs are detached. The process bpfts-detach stays for about ${seconds} s, until the kernel has freed ${perfEvents} perf events`,
  );
}
