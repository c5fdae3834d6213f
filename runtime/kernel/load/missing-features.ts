import { release } from "node:os";
import { findKfuncVersion, isOlder, laterHelpers } from "../../base/bpf-since.ts";
import type { LaterHelper } from "../../base/bpf-since.ts";
import { UnsupportedFeatureError } from "../../base/errors.ts";
import type { SourceLocation } from "../../base/location.ts";
import { findSimilar } from "../../base/similar.ts";
import type { LineInfo } from "../../object/line-info.ts";
import { findHelperCall, listOutsideNames } from "../../object/outside-names.ts";
import { listKernelFunctions } from "../machine/kallsyms.ts";

/** What a refused object is looked at for. */
interface RefusedObject {
  readonly bytes: Uint8Array;
  /** From a line of the object's to the user's place. */
  place(line: LineInfo): SourceLocation;
}

const elsewhere = "or try it on another kernel: bpfts vm run";

/** What to do on kernels that lack a helper; for the others the other kernel is all there is. */
const instead: Readonly<Record<string, string>> = {
  bpf_loop: "write a loop with a constant bound (for (int i = 0; i < 64; i++))",
  bpf_for_each_map_elem: "go through the table in the script",
  bpf_strncmp: "compare the characters one by one in a loop with a constant bound",
  bpf_snprintf: "send the values and format them in the script",
  bpf_ktime_get_tai_ns: "use bpf_ktime_get_ns()",
  bpf_ktime_get_coarse_ns: "use bpf_ktime_get_ns()",
  bpf_get_current_task_btf: "use (struct task_struct *)bpf_get_current_task()",
  bpf_task_storage_get: "use a BPF_HASH with the thread's number as the key",
  bpf_cgrp_storage_get: "use a BPF_HASH with the cgroup's number as the key",
  bpf_get_func_ip: "use PT_REGS_IP(ctx)",
  bpf_get_func_arg: "name the arguments: KFUNC_PROBE(function, type name, …)",
  bpf_iter_num_new: "write a loop with a constant bound (for (int i = 0; i < 64; i++))",
  bpf_task_from_pid: "note the tasks in a table as they start, by their pid",
  bpf_rcu_read_lock: "read through the pointer with bpf_probe_read_kernel()",
  bpf_obj_new_impl: "keep data in a table: BPF_HASH, BPF_PERCPU_ARRAY",
  bpf_trace_vprintk: "print at most three values at a time",
};

function adviseInstead(name: string): string {
  return instead[name] === undefined ? "try it on another kernel: bpfts vm run" : `${instead[name]}, ${elsewhere}`;
}

/** What people write where a macro calls the function. */
function describeUse(name: string): string {
  if (name.startsWith("bpf_iter_num_")) return " (of bpf_for and bpf_repeat)";
  return /^bpf_iter_\w+_new$/.test(name) ? " (of bpf_for_each)" : "";
}

/** Turns a refusal that comes of what this kernel lacks into the name of that; undefined for others. */
export function describeMissing(
  object: RefusedObject,
  log: string,
  kernel: string = release(),
): UnsupportedFeatureError | undefined {
  const asked = /extern \((func|var) ksym\) '(\w+)'.*not found|extern '(\w+)' \(strong\): not resolved/.exec(log);
  if (asked !== null) return describeMissingSymbol(object, asked[2] ?? asked[3]!, asked[1] === "var", log, kernel);
  const config =
    /extern (?:\(kcfg\) )?'?(CONFIG_\w+|LINUX_\w+)'?.*(?:not found|failed to)|failed to find .*\b(CONFIG_\w+)/.exec(
      log,
    );
  if (config !== null) return describeMissingConfig(object, config[1] ?? config[2]!, log);
  const helper = findMissingHelper(object.bytes, log, kernel);
  return helper === undefined ? undefined : describeMissingHelper(object, helper, log, kernel);
}

function describeMissingSymbol(
  object: RefusedObject,
  name: string,
  isVariable: boolean,
  detail: string,
  kernel: string,
): UnsupportedFeatureError {
  const since = isVariable ? undefined : findKfuncVersion(name);
  if (since !== undefined && isOlder(kernel, since))
    return new UnsupportedFeatureError(
      "kfunc",
      `Cannot load the C text: this kernel (${kernel}) has no ${name}()${describeUse(name)}, which came with Linux ${since}`,
      { detail, since, hint: adviseInstead(name), ...locateName(object, name) },
    );
  const similar = isVariable ? undefined : findSimilar(name, listKernelFunctions(/^bpf_/));
  return new UnsupportedFeatureError(
    "ksym",
    `Cannot load the C text: this kernel has no ${isVariable ? "variable" : "function"} "${name}" that programs may use`,
    {
      detail,
      hint:
        similar === undefined
          ? `kernels differ in what they offer: declare it __weak and test it, if (bpf_ksym_exists(${name})) …, ${elsewhere}`
          : `did you mean "${similar}"?`,
      ...locateName(object, name),
    },
  );
}

function describeMissingConfig(object: RefusedObject, name: string, detail: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError(
    "kconfig",
    `Cannot load the C text: this kernel's configuration has no "${name}"`,
    {
      detail,
      hint: "declare it __weak: it is 0 then where the kernel has no such option",
      ...locateName(object, name),
    },
  );
}

/** The helper that the kernel's log speaks of; a callback is refused before its helper is looked at. */
function findMissingHelper(bytes: Uint8Array, log: string, kernel: string): LaterHelper | undefined {
  const said = /(?:invalid|unknown) func (?:unknown)?#(\d+)/.exec(log);
  if (said !== null) return laterHelpers.find(({ id }) => id === Number(said[1]));
  if (
    !/number of funcs in func_info|invalid bpf_ld_imm64|unrecognized bpf_ld_imm64|invalid insn idx .* func_info/.test(
      log,
    )
  )
    return undefined;
  return laterHelpers.find(({ id, since }) => isOlder(kernel, since) && findHelperCall(bytes, id) !== undefined);
}

function describeMissingHelper(
  object: RefusedObject,
  { name, id, since }: LaterHelper,
  detail: string,
  kernel: string,
): UnsupportedFeatureError {
  const line = findHelperCall(object.bytes, id);
  return new UnsupportedFeatureError(
    "helper",
    `Cannot load the C text: this kernel (${kernel}) has no ${name}(), which came with Linux ${since}`,
    {
      detail,
      since,
      hint: adviseInstead(name),
      ...(line !== undefined && { location: object.place(line) }),
    },
  );
}

function locateName(object: RefusedObject, name: string): { location?: SourceLocation } {
  const use = listOutsideNames(object.bytes).find((outside) => outside.name === name)?.use;
  return use === undefined ? {} : { location: object.place(use) };
}
