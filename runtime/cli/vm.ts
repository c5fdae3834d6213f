import { resolve, join } from "node:path";
import type { Command } from "commander";
import { BpftsError, UsageError, VmError, VmTimeoutError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { addGrantOptions, readGrants, renderGrants } from "./file-grants.ts";
import type { GrantFlags } from "./file-grants.ts";
import { defaultKernel, kernelRows, requireKernelRows } from "../vm/kernels.ts";
import type { BootKernel } from "../vm/kernel-store.ts";
import { describeOwnKernel, fetchKernel, findFetchedKernel, removeKernels } from "../vm/kernel-store.ts";
import type { VmOptions } from "../vm/prepare-vm.ts";
import { pickGuestEnvironment, prepareVm } from "../vm/prepare-vm.ts";
import { addAllowOptions, listAllowFlags } from "./allow-options.ts";
import { addPlaceOptions, renderPlaces } from "./place-grants.ts";
import type { PlaceFlags } from "./place-grants.ts";
import type { AllowFlags } from "./allow-options.ts";
import { runInVm } from "../vm/run-in-vm.ts";
import { openVmFolder } from "../vm/vm-folder.ts";

/** What the commands need of the CLI's main. */
export interface VmCommandDeps {
  /** The folder of the package: a guest runs its `dist/bpfts.cjs`. */
  readonly installFolder: string;
  openLog(options: { readonly verbose: boolean }): Log;
  /** What the process shall end with, once everything is written. */
  setExitStatus(status: number): void;
}

interface MachineFlags {
  readonly kernel?: string;
  readonly vmlinuz?: string;
  readonly memory?: number;
  readonly cpus?: number;
  readonly timeout?: number;
  readonly bootTimeout?: number;
  readonly accel?: string;
  readonly module?: readonly string[];
  readonly share?: readonly string[];
  readonly append?: string;
  readonly scratch?: string;
  readonly guestClang?: boolean;
  readonly env?: readonly string[];
  readonly verbose?: boolean;
}

/** Adds `vm run`, `vm exec`, `vm list`, `vm fetch` and `vm clean`. */
export function addVmCommands(program: Command, deps: VmCommandDeps): void {
  const vm = program
    .command("vm")
    .description("run scripts and commands on other kernels, in virtual machines on this machine's files");

  addPlaceOptions(addGrantOptions(addAllowOptions(addMachineOptions(vm.command("run")))))
    .description("run a script as `bpfts run` does, on another kernel")
    .argument("<script>", "the script")
    .argument("[args...]", "its arguments, after --")
    .option("-c, --command <command>", "start a command with the script, as `bpfts run -c` does")
    .option("--json-errors", "print errors as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  bpfts vm run --kernel 6.1 scripts/hello_fields.ts\n  bpfts vm run --kernel all -c 'mkdir /tmp/x' scripts/hello.ts\n",
    )
    .action(
      async (
        script: string,
        args: string[],
        flags: MachineFlags & AllowFlags & GrantFlags & PlaceFlags & { command?: string; jsonErrors?: boolean },
      ) => {
        readGrants(flags);
        const inner = ["run", ...listAllowFlags(flags), ...renderGrants(flags), ...renderPlaces(flags)];
        if (flags.command !== undefined) inner.push("-c", flags.command);
        if (flags.jsonErrors) inner.push("--json-errors");
        if (flags.verbose) inner.push("--verbose");
        await runOnKernels(
          [process.execPath, join(deps.installFolder, "dist/bpfts.cjs"), ...inner, script, "--", ...args],
          flags,
          deps,
        );
      },
    );

  addMachineOptions(vm.command("exec"))
    .description("run a command on another kernel; what it writes outside of shared folders is gone afterwards")
    .argument("<command...>", "the command and its arguments, after --")
    .addHelpText(
      "after",
      "\nExamples:\n  bpfts vm exec -- uname -r\n  bpfts vm exec --kernel 5.10 --share . -- make check\n",
    )
    .action(async (command: string[], flags: MachineFlags) => {
      await runOnKernels(command, flags, deps);
    });

  vm.command("list")
    .description("list the kernels, and which of them are in the cache")
    .action(() => {
      const folder = openVmFolder(process.env);
      for (const row of kernelRows) {
        const release = findFetchedKernel(folder, row)?.release ?? "not fetched";
        process.stdout.write(`${row.name.padEnd(8)} ${release.padEnd(26)} ${row.description}\n`);
      }
    });

  vm.command("fetch")
    .description("download kernels into the cache; nothing is installed")
    .argument("<kernel>", "a name from `vm list`, or all")
    .option("-v, --verbose", "say what is downloaded")
    .action(async (name: string, flags: { verbose?: boolean }) => {
      const folder = openVmFolder(process.env);
      for (const row of requireKernelRows(name)) {
        const kernel = await fetchKernel(folder, row, deps.openLog({ verbose: flags.verbose ?? false }));
        process.stdout.write(`${row.name.padEnd(8)} ${kernel.release}\n`);
      }
    });

  vm.command("clean")
    .description("remove kernels from the cache, and what was made from them")
    .argument("[kernel]", "a name from `vm list`; all when absent")
    .action((name: string | undefined) => {
      const removed = removeKernels(
        openVmFolder(process.env),
        name === undefined || name === "all" ? undefined : requireKernelRows(name),
      );
      process.stdout.write(removed.length === 0 ? "nothing to remove\n" : `removed ${removed.join(", ")}\n`);
    });
}

function addMachineOptions(command: Command): Command {
  return command
    .option("-k, --kernel <name>", `a kernel from \`vm list\`, or all (default: ${defaultKernel})`)
    .option("--vmlinuz <path>", "boot this kernel image; its modules are looked for around it")
    .option("--memory <mb>", "memory in MB (default: 3072)", parseCount)
    .option("--cpus <n>", "processors (default: 2, or 1 when they are emulated)", parseCount)
    .option("--timeout <seconds>", "end the command after so long, with status 124", parseCount)
    .option("--boot-timeout <seconds>", "how long the kernel may take to come up (default: 120)", parseCount)
    .option("--accel <kind>", "kvm or tcg (default: what a trial boot has shown)")
    .option("--module <name...>", "load kernel modules before the command")
    .option("--share <folder...>", "let the guest write to folders")
    .option("--append <words>", "more words for the kernel's command line")
    .option("--scratch <size>", "how much the guest may write elsewhere, as tmpfs takes it (default: 50%)")
    .option(
      "--guest-clang",
      "compile in the guest; else this machine's clang does it for the guest, with this machine's files",
    )
    .option("--env <name=value...>", "set variables for the command")
    .option("-v, --verbose", "say what is done; show a failed kernel's whole console");
}

async function runOnKernels(command: readonly string[], flags: MachineFlags, deps: VmCommandDeps): Promise<void> {
  if (flags.kernel !== undefined && flags.vmlinuz !== undefined)
    throw new UsageError("--kernel and --vmlinuz cannot be given together");
  const options = readVmOptions(flags);
  const log = deps.openLog({ verbose: flags.verbose ?? false });
  const folder = openVmFolder(process.env);
  const job = {
    command,
    workingFolder: process.cwd(),
    environment: { ...pickGuestEnvironment(process.env), ...readVariables(flags.env ?? []) },
  };
  const bootOne = async (kernel: BootKernel, isOnly: boolean): Promise<number> => {
    const spec = await prepareVm(folder, kernel, job, options, log);
    log.info(`booting ${kernel.release} (${spec.qemu.accelerator})`);
    try {
      return await runInVm(spec, {
        ...(isOnly ? { stdin: process.stdin } : {}),
        stdout: process.stdout,
        stderr: process.stderr,
      });
    } catch (error) {
      if ((error instanceof VmError || error instanceof VmTimeoutError) && error.detail !== undefined)
        writeConsole(error.detail, flags.verbose ?? false);
      throw error;
    }
  };

  if (flags.vmlinuz !== undefined)
    return deps.setExitStatus(await bootOne(describeOwnKernel(resolve(flags.vmlinuz)), true));
  const rows = requireKernelRows(flags.kernel ?? defaultKernel);
  if (rows.length === 1) return deps.setExitStatus(await bootOne(await fetchKernel(folder, rows[0]!, log), true));

  const results: { name: string; release: string; status: number; outcome: string }[] = [];
  for (const row of rows) {
    let release = "";
    try {
      const kernel = await fetchKernel(folder, row, log);
      release = kernel.release;
      process.stderr.write(`== ${row.name}: ${release}\n`);
      const status = await bootOne(kernel, false);
      results.push({ name: row.name, release, status, outcome: `status ${status}` });
      if (status > 128 && status !== 137) break;
    } catch (error) {
      // A kernel that cannot be had or booted is a row of the table, not the end of the others.
      if (!(error instanceof BpftsError) || error instanceof UsageError) throw error;
      results.push({ name: row.name, release, status: error.exitCode, outcome: error.message });
    }
  }
  for (const { name, release, outcome } of results)
    process.stderr.write(`${name.padEnd(8)} ${release.padEnd(26)} ${outcome}\n`);
  deps.setExitStatus(results.find(({ status }) => status !== 0)?.status ?? 0);
}

function readVmOptions(flags: MachineFlags): VmOptions {
  const { accel } = flags;
  if (accel !== undefined && accel !== "kvm" && accel !== "tcg")
    throw new UsageError(`Unknown accelerator "${accel}"`, { hint: "there are kvm and tcg" });
  return {
    ...(flags.memory === undefined ? {} : { memoryMb: flags.memory }),
    ...(flags.cpus === undefined ? {} : { cpus: flags.cpus }),
    ...(flags.timeout === undefined ? {} : { timeoutMs: flags.timeout * 1000 }),
    ...(flags.bootTimeout === undefined ? {} : { bootTimeoutMs: flags.bootTimeout * 1000 }),
    ...(accel === undefined ? {} : { accelerator: accel }),
    ...(flags.module === undefined ? {} : { modules: flags.module }),
    ...(flags.share === undefined ? {} : { shares: flags.share.map((folder) => resolve(folder)) }),
    ...(flags.append === undefined ? {} : { append: flags.append.split(/\s+/).filter(Boolean) }),
    ...(flags.guestClang === undefined ? {} : { compilesInGuest: flags.guestClang }),
    ...(flags.scratch === undefined ? {} : { scratch: flags.scratch }),
  };
}

function readVariables(settings: readonly string[]): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const setting of settings) {
    const equals = setting.indexOf("=");
    const name = equals < 0 ? setting : setting.slice(0, equals);
    const value = equals < 0 ? process.env[name] : setting.slice(equals + 1);
    if (value !== undefined) variables[name] = value;
  }
  return variables;
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isFinite(count) || count <= 0) throw new UsageError(`"${text}" is not a number above zero`);
  return count;
}

function writeConsole(text: string, isWhole: boolean): void {
  const lines = text.replaceAll("\r", "").trimEnd().split("\n");
  for (const line of isWhole ? lines : lines.slice(-12)) process.stderr.write(`console: ${line}\n`);
}
