import { MAX, requireInteger } from "../checks/check-options.ts";
import { makeArgumentError } from "../wire/errors.ts";
import { callHost } from "../wire/host.ts";
import { eprint } from "../print/output.ts";
import { exit } from "../guest/process.ts";
import type { AttachArgument } from "../wire/attach-argument.ts";
import type { UsdtProbeReply } from "../wire/usdt-probe-reply.ts";

/**
 * Where USDT probes are looked for: in a running process and all it has loaded, in a binary, or in a binary as a process sees it.
 *
 * @example
 * import { print, type UsdtOptions } from "bpfts";
 * const options: UsdtOptions = { pid: 4711, path: "/usr/sbin/mysqld" };
 * print(options.path); // /usr/sbin/mysqld
 */
export interface UsdtOptions {
  /** A process: probes are looked for in its binary and libraries. */
  readonly pid?: number;
  /** A path, a library's short name (`"c"`), or a command. */
  readonly path?: string;
}

/**
 * A probe that a program's authors built into it.
 *
 * @example
 * import { print, type UsdtProbe } from "bpfts";
 * const show = ({ provider, name, num_arguments }: Pick<UsdtProbe, "provider" | "name" | "num_arguments">): string =>
 *   `${provider}:${name}/${num_arguments}`;
 * print(show({ provider: "mysql", name: "query__start", num_arguments: 5 })); // mysql:query__start/5
 */
export interface UsdtProbe {
  /** The group that the authors put it in. */
  readonly provider: string;
  /** The probe's own name. */
  readonly name: string;
  /** The binary that has it. */
  readonly bin_path: string;
  /** The address of the counter that switches the probe on, 0n when it is always on. */
  readonly semaphore: bigint;
  /** In how many places it stands. */
  readonly num_locations: number;
  /** How many values it hands over. */
  readonly num_arguments: number;
  /** Its places. */
  readonly locations: readonly UsdtProbeLocation[];
}

/**
 * One of a probe's places in the code.
 *
 * @example
 * import { print, type UsdtProbeLocation } from "bpfts";
 * const show = ({ address, arguments: list }: UsdtProbeLocation): string => `0x${address.toString(16)} ${list.join(" ")}`;
 * print(show({ address: 0x1140n, arguments: ["-4@%edi"] })); // 0x1140 -4@%edi
 */
export interface UsdtProbeLocation {
  /** In the binary's own numbering. */
  readonly address: bigint;
  /** Size and place of each argument in the assembler's words: `"-4@%edi"`. Negative sizes are signed. */
  readonly arguments: readonly string[];
}

/**
 * The USDT probes of a process or binary, some of which are enabled for functions of a C text:
 *
 *     const u = new USDT({ pid });
 *     u.enable_probe({ probe: "query__start", fn_name: "on_query" });
 *     const b = new BPF({ text, usdt_contexts: [u] });
 *
 * In the text `bpf_usdt_readarg(1, ctx, &value)` reads a probe's first argument.
 *
 * Source: BCC's class USDT
 *
 * @example
 * import { BPF, USDT, print } from "bpfts";
 * const probes = new USDT({ path: BPF.find_library("c") ?? "/usr/lib/libc.so.6" });
 * for (const { provider, name } of probes.enumerate_probes()) print(`${provider}:${name}`);
 */
export class USDT {
  /** The process whose probes these are. */
  readonly pid: number | undefined;
  /** The binary whose probes these are. */
  readonly path: string | undefined;
  private readonly enabled: { readonly probe: UsdtProbeReply; readonly fnName: string }[] = [];

  constructor(options: UsdtOptions) {
    if (options.pid === undefined && (options.path === undefined || options.path === ""))
      throw makeArgumentError("Cannot look for USDT probes: give pid, path, or both");
    requireInteger("A USDT", "pid", options.pid, 0, MAX.i32);
    this.pid = options.pid;
    this.path = options.path;
  }

  /** Every probe that is there. @throws BpfError when there is no such process or binary */
  enumerate_probes(): UsdtProbe[] {
    return this.find("").map((probe) => ({
      provider: probe.provider,
      name: probe.name,
      bin_path: probe.path,
      semaphore: BigInt(probe.semaphore),
      num_locations: probe.locations.length,
      num_arguments: probe.locations[0]?.arguments.length ?? 0,
      locations: probe.locations.map(({ address, arguments: list }) => ({ address: BigInt(address), arguments: list })),
    }));
  }

  /** Enables a probe, `"provider:probe"` or `"probe"` where one provider has it. @throws BpfError when there is no such probe, or several */
  enable_probe(options: { readonly probe: string; readonly fn_name: string }): this {
    for (const probe of this.find(options.probe)) this.enabled.push({ probe, fnName: options.fn_name });
    return this;
  }

  /** Enables a probe, or says why that cannot be and ends the script with status 1. */
  enable_probe_or_bail(options: { readonly probe: string; readonly fn_name: string }): this {
    try {
      return this.enable_probe(options);
    } catch (error) {
      const { message, hint } = error as { readonly message: string; readonly hint?: string };
      eprint(message);
      if (hint !== undefined) eprint(`hint: ${hint}`);
      return exit(1);
    }
  }

  /** What `new BPF(…)` attaches. `ignore_pid` traces every process that runs the binary. */
  describe_attachments(ignore_pid: boolean): AttachArgument[] {
    return this.enabled.map(({ probe, fnName }) => ({
      kind: "usdt",
      fnName,
      path: probe.path,
      provider: probe.provider,
      probe: probe.name,
      ...(this.pid === undefined ? {} : { pid: this.pid }),
      ...(ignore_pid ? { ignorePid: true } : {}),
    }));
  }

  private find(probe: string): readonly UsdtProbeReply[] {
    return callHost("find_usdt_probes", { probe, path: this.path ?? "", pid: this.pid ?? 0 });
  }
}
