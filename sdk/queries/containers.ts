import { renderConstant } from "./render-constant.ts";
import { makeArgumentError } from "../wire/errors.ts";
import { callHost } from "../wire/host.ts";

/**
 * Whose events a tool is to see. Source: `--cgroupmap` and `--mntnsmap` of BCC's tools.
 *
 * @example
 * import { print, type ContainerFilter } from "bpfts";
 * const filter: ContainerFilter = { cgroup: ["/sys/fs/cgroup/web", "/sys/fs/cgroup/db"] };
 * print(filter.cgroup?.length); // 2
 */
export interface ContainerFilter {
  /** A pinned hash of u64 keys: the numbers of cgroups. */
  readonly cgroupmap?: string | undefined;
  /** A pinned hash of u64 keys and u32 values: the numbers of mount namespaces. */
  readonly mntnsmap?: string | undefined;
  /** Paths of cgroups: their processes, and those of the cgroups within them. */
  readonly cgroup?: string | readonly string[] | undefined;
}

/**
 * C text that defines `container_should_be_filtered()`: 1 for a process that none of the given options takes in, 0 always when none is given. Put it
 * before the program's own text and ask it first thing: `if (container_should_be_filtered()) return 0;`. `task_container_should_be_filtered(task)` asks about another
 * task than the current one. The cgroups and containers of `bpfts run --cgroup` and `--container` are taken in, too.
 *
 * Source: BCC's filter_by_containers. @throws BpfError when there is no such cgroup
 *
 * @example
 * import { BPF, argv, filter_by_containers } from "bpfts";
 * const b = new BPF({
 *   text: `${filter_by_containers({ cgroup: argv[0] })}
 * TRACEPOINT_PROBE(sched, sched_process_exec) {
 *     if (container_should_be_filtered()) return 0;
 *     bpf_trace_printk("exec");
 *     return 0;
 * }`,
 * });
 * b.trace_print();
 */
export function filter_by_containers(filter: ContainerFilter): string {
  isAsked = true;
  const given = typeof filter.cgroup === "string" ? [filter.cgroup] : (filter.cgroup ?? []);
  const cgroups = [...new Set([...given, ...wantedCgroups])];
  const parts = [
    ...(filter.cgroupmap === undefined ? [] : [filterByCgroupMap(filter.cgroupmap)]),
    ...(filter.mntnsmap === undefined ? [] : [filterByMountMap(filter.mntnsmap)]),
    ...(cgroups.length === 0 ? [] : [filterByCgroups(cgroups.map(cgroup_id))]),
  ];
  const calls = parts.map(({ name }) => `${name}(task)`).join(" || ");
  return `${parts.map(({ text }) => text).join("")}static inline int task_container_should_be_filtered(struct task_struct *task) { return ${calls === "" ? "0" : calls}; }
static inline int container_should_be_filtered(void) { return task_container_should_be_filtered((struct task_struct *)bpf_get_current_task()); }
`;
}

/** Paths of the cgroups whose processes the user wants to see; none for all. */
let wantedCgroups: readonly string[] = [];
let isAsked = false;

/** Takes the cgroups that the user chose for a run that begins. */
export function chooseCgroups(paths: readonly string[]): void {
  wantedCgroups = paths;
  isAsked = false;
}

/** @internal Refuses to run a program that shows more than the user wants. @throws BpfError when the user chose cgroups and the script has not asked for the filter */
export function requireCgroupFilter(): void {
  if (wantedCgroups.length === 0 || isAsked) return;
  throw makeArgumentError(
    "--cgroup and --container do not reach this script: its C does not ask whose events they are",
    "put ${filter_by_containers({})} before its C, and begin each function with: if (container_should_be_filtered()) return 0;",
  );
}

/**
 * Whether a filter chooses containers or cgroups, by its own options or by those of `bpfts run`.
 *
 * @example
 * import { have_container_filter, print } from "bpfts";
 * print(have_container_filter({ cgroup: [] })); // false
 */
export function have_container_filter({ cgroup = [], cgroupmap, mntnsmap }: ContainerFilter): boolean {
  return cgroupmap !== undefined || mntnsmap !== undefined || cgroup.length > 0 || wantedCgroups.length > 0;
}

/**
 * The number of a cgroup of version 2, as `bpf_get_current_cgroup_id()` gives it.
 *
 * @throws BpfError when there is none at that path
 *
 * @example
 * import { argv, cgroup_id, print } from "bpfts";
 * for (const path of argv) print(path, cgroup_id(path));
 */
export function cgroup_id(path: string): bigint {
  return BigInt(callHost("find_cgroup", { path }));
}

/**
 * The number of a process's mount namespace, as in `ls -L -i /proc/PID/ns/mnt`.
 *
 * @throws BpfError when there is no such process
 *
 * @example
 * import { mntns_id, print, read_file } from "bpfts";
 * const [pid] = read_file("/proc/self/stat").split(" ");
 * print(mntns_id(Number(pid)) > 0); // true
 */
export function mntns_id(pid: number): number {
  return callHost("find_namespace", { pid, kind: "mnt" });
}

/**
 * The number of a process's network namespace, as in `ls -L -i /proc/PID/ns/net` and, in C, `dev->nd_net.net->ns.inum`.
 *
 * @throws BpfError when there is no such process
 *
 * @example
 * import { netns_id, print, read_file } from "bpfts";
 * const [pid] = read_file("/proc/self/stat").split(" ");
 * print(netns_id(Number(pid)) > 0); // true
 */
export function netns_id(pid: number): number {
  return callHost("find_namespace", { pid, kind: "net" });
}

interface FilterPart {
  readonly name: string;
  readonly text: string;
}

function filterByCgroupMap(path: string): FilterPart {
  return {
    name: "bpfts_misses_cgroup_map",
    text: `BPF_TABLE_PINNED("hash", u64, u64, cgroupset, 1024, ${quotePath(path)});
static inline int bpfts_misses_cgroup_map(struct task_struct *task) {
    u64 group = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
    return cgroupset.lookup(&group) == NULL;
}
`,
  };
}

function filterByMountMap(path: string): FilterPart {
  return {
    name: "bpfts_misses_mount_map",
    text: `BPF_TABLE_PINNED("hash", u64, u32, mount_ns_set, 1024, ${quotePath(path)});
static inline int bpfts_misses_mount_map(struct task_struct *task) {
    u64 mounts = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
    return mount_ns_set.lookup(&mounts) == NULL;
}
`,
  };
}

/** A process is of a cgroup when that is its own or lies above its own. The way up is walked in the kernel's own structs, which old kernels allow, too. */
function filterByCgroups(ids: readonly bigint[]): FilterPart {
  return {
    name: "bpfts_is_outside",
    text: `${ids.map((id, at) => renderConstant("u64", `bpfts_cgroup_${at}`, id)).join("")}static inline int bpfts_is_outside(struct task_struct *task) {
    struct cgroup *group = BPF_CORE_READ(task, cgroups, dfl_cgrp);
    #pragma unroll
    for (int level = 0; level < ${MAX_LEVELS}; level++) {
        if (!group) return 1;
        u64 id = BPF_CORE_READ(group, kn, id);
        if (${ids.map((_, at) => `id == bpfts_cgroup_${at}`).join(" || ")}) return 0;
        struct cgroup_subsys_state *above = BPF_CORE_READ(group, self.parent);
        group = above ? BPF_CORE_READ(above, cgroup) : NULL;
    }
    return 1;
}
`,
  };
}

/** Containers in containers stay well below it. */
const MAX_LEVELS = 16;

function quotePath(path: string): string {
  if (!/^\/[^"\\\n]*$/.test(path))
    throw makeArgumentError(
      `Cannot use the pinned map "${path}": its whole path is wanted`,
      "a map that bpftool pinned lies below /sys/fs/bpf",
    );
  return `"${path}"`;
}
