import type { KernelCall } from "../object/list-calls.ts";
import type { PermissionName } from "./permissions.ts";

/** Something that acts on the rest of the machine. */
export interface Action {
  /** What does it, as the C text calls it: `"bpf_send_signal"`. */
  readonly name: string;
  /** What it does, the end of the sentence "the C text …". */
  readonly does: string;
  readonly permission: PermissionName;
}

const override = "changes what the kernel answers";

/** Helpers that act, by number: one row each. All others read, or write into the script's own maps and packets. Source: enum bpf_func_id of linux/bpf.h. */
const helpers: Readonly<Record<number, Action>> = {
  36: { name: "bpf_probe_write_user", does: "writes into the memory of processes", permission: "write-user" },
  58: { name: "bpf_override_return", does: override, permission: "override" },
  109: { name: "bpf_send_signal", does: "sends signals to processes", permission: "signal" },
  117: { name: "bpf_send_signal_thread", does: "sends signals to threads", permission: "signal" },
  159: { name: "bpf_bprm_opts_set", does: "changes how programs start", permission: "override" },
  166: { name: "bpf_sys_bpf", does: "makes system calls", permission: "all" },
  168: { name: "bpf_sys_close", does: "makes system calls", permission: "all" },
};

const decides = "decides for the kernel";

/** Kernel functions that only programs of struct_ops may call: they do to a connection or a task what the kernel asked the program for. */
const structOpsFunctions = /^(?:tcp_(?:reno|slow_start|cong_avoid|bbr)\w*|(?:cubictcp|dctcp|bbr)_\w+|scx_bpf_\w+)$/;

/** Kernel functions (kfuncs) that act. */
const kernelFunctions: Readonly<Record<string, Omit<Action, "name">>> = {
  bpf_send_signal_task: { does: "sends signals to processes", permission: "signal" },
  bpf_sock_destroy: { does: "closes sockets of processes", permission: "sockets" },
  bpf_set_dentry_xattr: { does: "changes attributes of files", permission: "all" },
  bpf_remove_dentry_xattr: { does: "changes attributes of files", permission: "all" },
  crash_kexec: { does: "crashes the kernel", permission: "all" },
};

/**
 * Kernel functions that only read, keep, compute, or work on the script's own things. A kernel brings new ones with every version, so a
 * function that no row knows counts as one that acts.
 */
const harmless = [
  /^__bpf_trap$/,
  /^bpf_(?:arena|cpumask|crypto|dynptr|list|obj|percpu_obj|rbtree|refcount|stream|wq)_\w+$/,
  /^bpf_str[ncr]?(?:case)?(?:cmp|len|chr|chrnul|str|spn)$/,
  /^bpf_iter_\w+_(?:new|next|destroy)$/,
  /^bpf_(?:cast_to_kern_ctx|rdonly_cast|throw|path_d_path|put_file|map_sum_elem_count|key_put)$/,
  /^bpf_(?:rcu_read|preempt|local_irq|res_spin)_\w+$/,
  /^bpf_(?:copy_from_user|probe_read_(?:user|kernel))_\w+$/,
  /^bpf_(?:get|lookup|session|verify)_\w+$/,
  /^bpf_task_(?:acquire|release|from_v?pid|get_cgroup1|under_cgroup)$/,
  /^bpf_cgroup_(?:acquire|ancestor|from_id|read_xattr|release)$/,
  /^bpf_(?:skb|xdp)_ct_lookup$|^bpf_ct_release$/,
  /^bpf_xdp_(?:metadata_\w+|get_xfrm_state|xfrm_state_release|pull_data)$/,
  /^c(?:ss|group)_rstat_(?:flush|updated)$/,
];

/** Finds what a call does to the rest of the machine, undefined when it only looks. */
export function findAction(call: KernelCall): Action | undefined {
  if (call.helper !== undefined) return helpers[call.helper];
  // What follows three underscores tells flavours of one function apart, as libbpf takes it.
  const name = (call.kernelFunction ?? "").replace(/___.*$/, "");
  const known = Object.hasOwn(kernelFunctions, name) ? kernelFunctions[name] : undefined;
  if (known !== undefined) return { name, ...known };
  if (structOpsFunctions.test(name)) return { name, does: decides, permission: "struct-ops" };
  if (harmless.some((pattern) => pattern.test(name))) return undefined;
  return {
    name: name === "" ? "a kernel function by its number" : name,
    does: "calls a kernel function that bpfts does not know",
    permission: "all",
  };
}
