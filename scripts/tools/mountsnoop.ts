// Prints a line for each mount() and umount(), with its arguments and result as in a C program.
// Subject: files
//
//   bpfts mountsnoop                                every mount and unmount
//   bpfts mountsnoop -P                             with the parent of who mounts
//   bpfts -c 'unshare -m umount /mnt' mountsnoop    those of one command
//
// Source: BCC's mountsnoop, whose options and columns these are.
import {
  BPF,
  RowPrinter,
  errno_name,
  filter_by_process,
  flag_names,
  json_output,
  parse_args,
  poll_events,
  tool_options,
} from "bpfts";

const args = parse_args({
  description: "trace mount() and umount() syscalls",
  examples: `
examples:
    bpfts mountsnoop       # trace mount() and umount() syscalls
    bpfts mountsnoop -P    # also snoop the parent process`,
  arguments: {
    parent_process: { flags: ["-P", "--parent_process"], help: "also snoop the parent process" },
    cgroupmap: { flags: ["--cgroupmap"], type: "string", help: "trace cgroups in this BPF map only" },
    mntnsmap: { flags: ["--mntnsmap"], type: "string", help: "trace mount namespaces in this BPF map only" },
    ...tool_options,
  },
});
json_output(args.json);

/** Source: include/uapi/linux/mount.h in the kernel's tree; the last two are the kernel's own. */
const mountFlags = {
  MS_RDONLY: 1,
  MS_NOSUID: 2,
  MS_NODEV: 4,
  MS_NOEXEC: 8,
  MS_SYNCHRONOUS: 16,
  MS_REMOUNT: 32,
  MS_MANDLOCK: 64,
  MS_DIRSYNC: 128,
  MS_NOSYMFOLLOW: 256,
  MS_NOATIME: 1024,
  MS_NODIRATIME: 2048,
  MS_BIND: 4096,
  MS_MOVE: 8192,
  MS_REC: 16384,
  MS_SILENT: 32768,
  MS_POSIXACL: 1 << 16,
  MS_UNBINDABLE: 1 << 17,
  MS_PRIVATE: 1 << 18,
  MS_SLAVE: 1 << 19,
  MS_SHARED: 1 << 20,
  MS_RELATIME: 1 << 21,
  MS_KERNMOUNT: 1 << 22,
  MS_I_VERSION: 1 << 23,
  MS_STRICTATIME: 1 << 24,
  MS_LAZYTIME: 1 << 25,
  MS_ACTIVE: 1 << 30,
  MS_NOUSER: 2 ** 31,
};
const umountFlags = { MNT_FORCE: 1, MNT_DETACH: 2, MNT_EXPIRE: 4, UMOUNT_NOFOLLOW: 8 };
/** Programs of the nineties pass it with the flags, and it says nothing. */
const MAGIC = 0xc0ed0000n;

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct event_t {
    u64 flags;
    u32 pid;
    u32 tid;
    u32 ppid;
    u32 mnt_ns;
    u32 is_mount;
    int ret;
    char comm[TASK_COMM_LEN];
    char pcomm[TASK_COMM_LEN];
    char source[PATH_MAX_KEPT];
    char target[PATH_MAX_KEPT];
    char type[PATH_MAX_KEPT];
    char data[PATH_MAX_KEPT];
};

BPF_HASH(calls, u32, struct event_t, 64);
BPF_PERCPU_ARRAY(scratch, struct event_t, 1);
BPF_PERF_OUTPUT(events);

static inline int on_enter(int is_mount, const char *source, const char *target, const char *type, u64 flags, const void *data) {
    u64 id = bpf_get_current_pid_tgid();
    u32 zero = 0, tid = id;
    struct event_t *event = scratch.lookup(&zero);
    if (process_should_be_filtered() || !event)
        return 0;
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    event->pid = id >> 32;
    event->tid = tid;
    event->ppid = task->real_parent->tgid;
    event->mnt_ns = task->nsproxy->mnt_ns->ns.inum;
    event->flags = flags;
    event->is_mount = is_mount;
    bpf_get_current_comm(&event->comm, sizeof(event->comm));
    bpf_probe_read_kernel_str(&event->pcomm, sizeof(event->pcomm), task->real_parent->comm);
    event->source[0] = event->target[0] = event->type[0] = event->data[0] = 0;
    bpf_probe_read_user_str(&event->source, sizeof(event->source), source);
    bpf_probe_read_user_str(&event->target, sizeof(event->target), target);
    bpf_probe_read_user_str(&event->type, sizeof(event->type), type);
    bpf_probe_read_user_str(&event->data, sizeof(event->data), data);
    calls.update(&tid, event);
    return 0;
}

static inline int on_exit(void *ctx, long ret) {
    u32 tid = bpf_get_current_pid_tgid();
    struct event_t *event = calls.lookup(&tid);
    if (!event)
        return 0;
    event->ret = ret;
    events.perf_submit(ctx, event, sizeof(*event));
    calls.delete(&tid);
    return 0;
}

TRACEPOINT_PROBE(syscalls, sys_enter_mount) {
    return on_enter(1, args->dev_name, args->dir_name, args->type, args->flags, args->data);
}
TRACEPOINT_PROBE(syscalls, sys_exit_mount) { return on_exit(args, args->ret); }
TRACEPOINT_PROBE(syscalls, sys_enter_umount) { return on_enter(0, NULL, args->name, NULL, args->flags, NULL); }
TRACEPOINT_PROBE(syscalls, sys_exit_umount) { return on_exit(args, args->ret); }
`,
  cflags: ["-DPATH_MAX_KEPT=412"],
});

interface MountEvent {
  readonly flags: bigint;
  readonly pid: number;
  readonly tid: number;
  readonly ppid: number;
  readonly mnt_ns: number;
  readonly is_mount: number;
  readonly ret: number;
  readonly comm: string;
  readonly pcomm: string;
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly data: string;
}

const quote = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;

function nameMountFlags(flags: bigint): string {
  if ((flags & 0xffff0000n) !== MAGIC) return flag_names(flags, mountFlags);
  return `MS_MGC_VAL|${flag_names(flags & 0xffffn, mountFlags)}`;
}

function renderCall(event: MountEvent): string {
  const result = event.ret < 0 ? `-${errno_name(event.ret)}` : String(event.ret);
  if (event.is_mount === 0)
    return `umount(${quote(event.target)}, ${flag_names(event.flags, umountFlags)}) = ${result}`;
  const { source, target, type, data } = event;
  return `mount(${quote(source)}, ${quote(target)}, ${quote(type)}, ${nameMountFlags(event.flags)}, ${quote(data)}) = ${result}`;
}

const rows = new RowPrinter<MountEvent>([
  { head: "COMM", format: "%-16s", value: "comm" },
  { head: "PID", format: "%-7d", value: "pid" },
  { head: "TID", format: "%-7d", value: "tid" },
  args.parent_process && { head: "PCOMM", format: "%-16s", value: "pcomm" },
  args.parent_process && { head: "PPID", format: "%-7d", value: "ppid" },
  { head: "MNT_NS", format: "%-11d", value: "mnt_ns" },
  { head: "CALL", format: "%s", value: renderCall },
]);

rows.print_header();
b.table<never, MountEvent>("events").open_perf_buffer((event) => rows.print(event), { by_time: true });
poll_events(args.duration);
