import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import path from "node:path";

import { openStderrLog } from "../../runtime/base/log.ts";
import { describeMachine } from "../../runtime/kernel/machine/machine.ts";
import type { KernelSource } from "../../runtime/session/build/open-builder.ts";
import { captureOnKernels } from "../../runtime/vm/capture-on-kernels.ts";
import { requireKernelRows } from "../../runtime/vm/kernels.ts";
import { fetchKernel } from "../../runtime/vm/kernel-store.ts";
import { openVmFolder } from "../../runtime/vm/vm-folder.ts";
import type { KernelFacts } from "./classify.ts";

/** Another kernel as far as compiling for it and judging failures ask. */
export interface KernelSnapshot {
  readonly name: string;
  readonly source: KernelSource;
  readonly facts: Omit<KernelFacts, "types">;
}

/** Modules whose types or tracepoints BCC's tools ask for; a machine that runs those tools has them loaded. */
export const guestModules = ["nfs", "nfsv4", "rdma_ucm", "xfs", "btrfs", "ext4", "f2fs", "kvm", "md_mod"];

/** Describes a kernel, from the cache or by booting it once. */
export async function openSnapshot(name: string, scriptFolder: string): Promise<KernelSnapshot> {
  const log = openStderrLog({ verbose: false });
  const vm = openVmFolder(process.env);
  const row = requireKernelRows(name)[0]!;
  const { release } = await fetchKernel(vm, row, log);
  const folder = path.join(vm.cache, "bcc", "kernels", release);
  if (!existsSync(path.join(folder, "formats"))) {
    const work = `${folder}.${process.pid}`;
    mkdirSync(work, { recursive: true });
    try {
      const [answer] = await captureOnKernels(
        vm,
        [row],
        ["sh", path.join(scriptFolder, "describe-kernel.sh"), work, ...guestModules],
        { memoryMb: 1024 },
        log,
      );
      if (answer === undefined || answer.status !== 0)
        throw answer?.error ?? new Error(`kernel ${name} cannot be described: ${answer?.stderr ?? ""}`);
      renameSync(work, folder);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  return readSnapshot(name, folder);
}

function readSnapshot(name: string, folder: string): KernelSnapshot {
  const read = (file: string): string => readFileSync(path.join(folder, file), "utf8");
  const formats = parseFormats(read("formats"));
  const machine = describeMachine({
    arch: "x86",
    release: read("release").trim(),
    version: read("version").trim(),
    notes: readFileSync(path.join(folder, "notes")).toString("hex"),
    onlineCpus: read("online"),
    possibleCpus: read("possible"),
    readConfig: () => read("config"),
  });
  return {
    name,
    source: {
      machine,
      btfFolder: path.join(folder, "btf"),
      readTracepointFormat: (category, event) => formats.get(`${category}:${event}`),
      listTracepoints: () => [...formats.keys()],
    },
    facts: {
      tracepoints: new Set(formats.keys()),
      symbols: new Set([...read("kallsyms").matchAll(/^\S+ \S (\S+)/gm)].map((match) => match[1]!)),
    },
  };
}

/** What `grep -r "" --include=format events` writes: each line with the path of its file. */
function parseFormats(text: string): Map<string, string> {
  const lines = new Map<string, string[]>();
  for (const match of text.matchAll(/^events\/([^/]+)\/([^/]+)\/format:(.*)$/gm)) {
    const event = `${match[1]}:${match[2]}`;
    const known = lines.get(event);
    if (known === undefined) lines.set(event, [match[3]!]);
    else known.push(match[3]!);
  }
  return new Map([...lines].map(([event, own]) => [event, `${own.join("\n")}\n`]));
}
