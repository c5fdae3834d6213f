// Shows what programs write to a terminal, as it appears there.
// Subject: security
//
//   bpfts ttysnoop 2               what appears on /dev/pts/2
//   bpfts ttysnoop /dev/console    on the system's console
//
// Source: BCC's ttysnoop, whose options these are. It takes the tracepoints of write() and writev(), so that no kprobes are needed. What is written through /dev/tty is shown, too; what the kernel echoes is shown by neither.
import {
  BPF,
  eprint,
  exit,
  files_by_descriptor,
  filter_by_process,
  flush,
  on_exit,
  parse_args,
  poll_events,
  positive_int,
  printf,
  read_file,
  terminal,
  tool_options,
  process_id,
} from "bpfts";

const { cgroup, duration } = tool_options;
const args = parse_args({
  description: "Snoop output from a pts or tty device, eg, a shell",
  examples: `
examples:
    bpfts ttysnoop /dev/pts/2          # snoop output from /dev/pts/2
    bpfts ttysnoop 2                   # snoop output from /dev/pts/2 (shortcut)
    bpfts ttysnoop /dev/console        # snoop output from the system console
    bpfts ttysnoop /dev/tty0           # snoop output from /dev/tty0
    bpfts ttysnoop /dev/pts/2 -s 1024  # snoop output from /dev/pts/2 with data size 1024
    bpfts ttysnoop /dev/pts/2 -c 2     # snoop output from /dev/pts/2 with 2 checks for 256 bytes of
                                       # data in buffer (potentially retrieving 512 bytes)`,
  arguments: {
    noclear: { flags: ["-C", "--noclear"], help: "don't clear the screen" },
    device: { help: "path to a tty device (eg, /dev/tty0) or pts number" },
    datasize: {
      flags: ["-s", "--datasize"],
      type: positive_int,
      default: 256,
      help: "size of the transmitting buffer (default 256)",
    },
    datacount: {
      flags: ["-c", "--datacount"],
      type: positive_int,
      default: 16,
      help: "number of times we check for 'data-size' data (default 16)",
    },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "show what this PID writes only" },
    cgroup,
    duration,
  },
});

/** The number of a device as the kernel has it. Pseudo-terminals have numbers by a rule, others are in /sys. Source: Documentation/admin-guide/devices.txt in the kernel's tree. */
function findDevice(name: string): number {
  const terminalNumber = /^(?:\/dev\/pts\/)?(\d+)$/.exec(name)?.[1];
  if (terminalNumber !== undefined) return (136 << 20) | Number(terminalNumber);
  try {
    const [major, minor] = read_file(`/sys/class/tty/${/^\/dev\/(\w+)$/.exec(name)![1]}/dev`)
      .split(":")
      .map(Number);
    return (major! << 20) | minor!;
  } catch {
    eprint(`Unable to read device ${name}. Exiting.`);
    return exit(1);
  }
}

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}${files_by_descriptor}
#define CONTROLLING_TERMINAL (5 << 20)

struct data_t {
    u32 size;
    u32 left;
    u8 bytes[DATA_SIZE];
};

struct work_t {
    const char *from;
    const struct iovec *parts;
    u64 left;
    u64 count;
    struct data_t data;
};

BPF_PERCPU_ARRAY(works, struct work_t, 1);
BPF_PERF_OUTPUT(events);

static inline int is_wanted(struct file *file) {
    u32 device = file->f_inode->i_rdev;
    if (device != CONTROLLING_TERMINAL)
        return device == DEVICE;
    struct tty_file_private *own = file->private_data;
    struct tty_struct *tty = own->tty;
    struct tty_driver *driver = tty->driver;
    u32 major = driver->major, minor = driver->minor_start + tty->index;
    return (major << 20 | minor) == DEVICE;
}

// Shows some bytes, and those of the parts of a vector. What is left to do lies in memory: in registers, the verifier would follow each way through the loop by itself.
static inline void show(void *ctx, const char *from, u64 left, const struct iovec *parts, u64 count) {
    u32 zero = 0;
    struct work_t *work = works.lookup(&zero);
    if (!work)
        return;
    *(volatile u64 *)&work->left = left;
    work->from = from;
    work->parts = parts;
    work->count = count;
    for (int turn = 0; turn < DATA_COUNT; turn++) {
        if (work->left == 0) {
            struct iovec part = {};
            if (work->count == 0 || bpf_probe_read_user(&part, sizeof(part), work->parts))
                return;
            work->parts++;
            work->count--;
            work->from = part.iov_base;
            *(volatile u64 *)&work->left = part.iov_len;
        }
        u64 size = *(volatile u64 *)&work->left;
        if (size > DATA_SIZE)
            size = DATA_SIZE;
        if (bpf_probe_read_user(&work->data.bytes, size, work->from))
            return;
        work->left -= size;
        work->from += size;
        work->data.size = size;
        work->data.left = turn < DATA_COUNT - 1 ? 0 : work->left + (work->count > 0);
        events.perf_submit(ctx, &work->data, sizeof(work->data));
    }
}

TRACEPOINT_PROBE(syscalls, sys_enter_write) {
    struct file *file = process_should_be_filtered() ? NULL : file_by_descriptor(args->fd);
    if (file && is_wanted(file))
        show(args, (const char *)args->buf, args->count, NULL, 0);
    return 0;
}

TRACEPOINT_PROBE(syscalls, sys_enter_writev) {
    struct file *file = process_should_be_filtered() ? NULL : file_by_descriptor(args->fd);
    if (file && is_wanted(file))
        show(args, NULL, 0, (const struct iovec *)args->vec, args->vlen);
    return 0;
}
`,
  cflags: [`-DDEVICE=${findDevice(args.device)}`, `-DDATA_SIZE=${args.datasize}`, `-DDATA_COUNT=${args.datacount}`],
});

interface Data {
  readonly size: number;
  readonly left: number;
  readonly bytes: Uint8Array;
}

let missed = 0;
if (!args.noclear && terminal().is_tty) printf("\x1b[H\x1b[2J");
b.table<never, Data>("events").open_perf_buffer(
  ({ size, left, bytes }) => {
    printf("%r", bytes.subarray(0, size));
    missed += left;
    flush();
  },
  { page_cnt: 64, by_time: true },
);
on_exit(() => {
  if (missed > 0) eprint(`ttysnoop: at least ${missed} bytes of long writes are not shown: take a larger -c or -s`);
});
poll_events(args.duration);
