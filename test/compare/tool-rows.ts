import { type RowRules, sumFolded, sumHistograms } from "./compare-rows.ts";

/** One tool beside BCC's: what both are asked, what happens meanwhile, and how their outputs compare. */
export interface ToolRow extends RowRules {
  readonly tool: string;
  /** Tells several rows of one tool apart. */
  readonly variant?: string;
  /** A shell command. $W is a folder of its own, $PROGRAMS the kernel tier's programs, $BIN those of them in C, built, $PID the background's. */
  readonly work: string;
  readonly prepare?: string;
  /** A shell command that runs all the while. */
  readonly background?: string;
  /** Arguments of both; $W and $PID are filled in. */
  readonly args?: readonly string[];
  /** Arguments of ours, where they have to differ. */
  readonly ours?: readonly string[];
  /** Also runs on this machine, with --here: its probes sit in programs of its own, or it looks at one process alone. */
  readonly isLocal?: boolean;
  /** How long both go on after the workload; 1.5 when absent. Units: seconds. */
  readonly after?: number;
  /** One after the other: they disturb each other, or cannot both attach. */
  readonly isApart?: boolean;
  /** So many rows must be equal at least: a comparison of nothing is none. */
  readonly atLeast: number;
  /** What Debian's tool says where it cannot run on this kernel. */
  readonly cannotRun?: RegExp;
}

const clock = [/\b\d\d:\d\d:\d\d\b/, "TIME"] as const;
/** A Python program that waits for `kill -USR1 $PID` and does its part then. */
const waiting = (part: string): string => `exec /usr/bin/python3 -c 'import os, signal, time
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1}); signal.sigwait({signal.SIGUSR1})
${part}
time.sleep(1000)'`;
const wake = "kill -USR1 $PID; sleep 1";
const routes = "$BIN/routes 10";

const sessions = "/usr/bin/python3 $PROGRAMS/sessions.py sessions";

/** Debian's kernel 6.1 has neither blk_account_io_start() nor the function behind it to attach to. */
const notTraceable = /kprobe b'blk_account_io_\w+', it's not traceable/;

/** A disk of 16 MB, and known requests around the page cache. */
const loopDevice = {
  prepare: "modprobe loop; truncate -s 16M $W/image; losetup -f --show $W/image >$W/disk",
  work: `dd if=$(cat $W/disk) of=/dev/null bs=4k count=25 iflag=direct status=none
dd if=/dev/zero of=$(cat $W/disk) bs=8k seek=64 count=3 oflag=direct status=none`,
} as const;

/** A file system of its own with known operations on one file. */
const ext4 = {
  prepare: `modprobe -a loop ext4; truncate -s 64M $W/image; mkfs.ext4 -q $W/image; mkdir $W/disk; mount -o loop $W/image $W/disk`,
  work: "/usr/bin/python3 $PROGRAMS/disk.py $W/disk",
} as const;

/** A pattern is bytes in BCC's Python, and prints as such. */
const bytesInHeader = [
  { side: "bcc", row: /^Tracing .*"b'/, reason: "its header shows a pattern as Python's bytes" },
  { side: "ours", row: /^Tracing .*"[^b]/, reason: "the header shows the pattern as it was typed" },
] as const;

export const toolRows: readonly ToolRow[] = [
  {
    tool: "funccount",
    args: ["__x64_sys_getsi*"],
    work: `/usr/bin/python3 -c 'import os
for turn in range(137): os.getsid(0)'`,
    only: /getsid|FUNC|Tracing|Detach/,
    explained: bytesInHeader,
    atLeast: 3,
  },
  {
    tool: "oomkill",
    work: `c=/sys/fs/cgroup/compare; mkdir -p $c; echo +memory >/sys/fs/cgroup/cgroup.subtree_control
for turn in 1 2; do echo 20M >$c/memory.max
(echo $BASHPID >$c/cgroup.procs; exec /usr/bin/python3 -c 'a = b"x" * 100_000_000'); done; sleep 0.2; rmdir $c`,
    replace: [clock, [/loadavg: .*/, "loadavg: L"]],
    only: /OOM|Tracing/,
    atLeast: 2,
  },
  { tool: "tcpaccept", work: sessions, atLeast: 3 },
  {
    tool: "bashreadline",
    work: `/usr/bin/python3 -c 'import os, pty, time
pid, end = pty.fork()
if pid == 0: os.execv("/bin/bash", ["bash", "--norc", "-i"])
time.sleep(2)
for line in ("echo one", "true   # two", "", "exit"):
    os.write(end, line.encode() + b"\\n"); time.sleep(0.5)
try:
    while os.read(end, 1000): pass
except OSError: pass'`,
    replace: [clock],
    atLeast: 4,
  },
  {
    tool: "execsnoop",
    args: ["-x", "-U", "-q"],
    work: "sh -c 'ls -d /; /bin/echo \"a b\" c; /nonexistent/x; true'; PATH=/usr/bin:/bin sleep 0.1",
    only: /PCOMM|^0 +(?:sh|ls|echo|sleep) /,
    replace: [[/^(\d+) +/, "$1 "]],
    explained: [
      {
        side: "bcc",
        row: /""/,
        reason:
          "it reads arguments before the call, where a page that nobody has touched yet cannot be read, and prints them empty",
      },
      { side: "ours", row: /"-c"|"-d"|"a b"/, reason: "the arguments are read where they are there" },
    ],
    atLeast: 4,
  },
  {
    tool: "opensnoop",
    args: ["-e", "-U"],
    work: `/usr/bin/python3 -c 'import os
for path, flags in (("one", os.O_CREAT | os.O_RDWR), ("none", 0), ("one", os.O_WRONLY | os.O_APPEND), ("none/x", os.O_CREAT)):
    try: os.open(os.environ["W"] + "/" + path, flags, 0o640)
    except OSError: pass'`,
    only: /\/tmp\/compare\/opensnoop\/(?:one|none)|PATH/,
    // The column of modes came to BCC's after this version.
    replace: [
      [/FLAGS +MODE/, "FLAGS"],
      [/(\b\d{8}) +(?:n\/a|\d{4}) /, "$1 "],
    ],
    atLeast: 5,
  },
  {
    tool: "killsnoop",
    work: "sleep 30 & p=$!; kill -USR1 $$ 2>/dev/null & kill -0 $p; kill -TERM $p; kill -9 999999; true",
    only: /SIG|bash/,
    replace: [clock],
    atLeast: 3,
  },
  {
    tool: "exitsnoop",
    args: ["-t"],
    work: "true; false; sh -c 'exit 7'; sh -c 'kill -9 $$'; sleep 0.2",
    only: /PCOMM|true|false|sh|sleep/,
    replace: [[/^\s*\d\d:\d\d:\d\d\.\d+/, "TIME"]],
    near: /\b\d+\.\d\d\b/g,
    tolerance: { share: 0, slack: 0.02 },
    atLeast: 4,
  },
  {
    tool: "statsnoop",
    work: "/usr/bin/python3 $PROGRAMS/calls.py $W/there $W/missing /mnt; stat $W/missing",
    prepare: "touch $W/there",
    only: /\/tmp\/compare|PATH/,
    explained: [
      {
        side: "ours",
        row: /python3|stat/,
        reason: "this version of BCC's does not see newfstatat() and statx(), which today's C library calls",
      },
    ],
    atLeast: 1,
  },
  {
    tool: "syncsnoop",
    work: "touch $W/there; /usr/bin/python3 $PROGRAMS/calls.py $W/there $W/missing /mnt; sync; sync -f /tmp",
    // This version of BCC's names no process.
    replace: [
      [/^\d+\.\d+/, "TIME"],
      [/^TIME +\d+ +\S+ +/, "TIME "],
      [/PID +COMM +/, ""],
    ],
    explained: [
      { side: "ours", row: /fsync|fdatasync|msync|syncfs/, reason: "this version of BCC's sees sync() alone" },
    ],
    atLeast: 2,
  },
  {
    tool: "mountsnoop",
    work: "mkdir -p /mnt/one; mount -t tmpfs -o size=1m,noexec some /mnt/one; umount /mnt/one; umount /mnt/one; true",
    atLeast: 4,
  },
  {
    tool: "capable",
    args: ["-x"],
    work: "/usr/bin/python3 -c 'import os; os.chroot(\"/\"); os.setuid(0)'",
    only: /python3|PID/,
    replace: [clock],
    explained: [
      {
        side: "ours",
        row: / CAP_(?:BPF|PERFMON|SYS_RESOURCE) /,
        reason: "BCC's own process makes maps meanwhile, and each tool leaves itself out",
      },
    ],
    atLeast: 2,
  },
  {
    tool: "bindsnoop",
    work: "/usr/bin/python3 $PROGRAMS/binds.py",
    atLeast: 4,
  },
  { tool: "tcpconnect", args: ["-U"], work: `${sessions} refused`, atLeast: 4 },
  {
    tool: "tcplife",
    work: sessions,
    near: /\b\d+\.\d\d\b/g,
    tolerance: { share: 0.2, slack: 2 },
    atLeast: 5,
  },
  {
    tool: "tcptracer",
    work: `${sessions} refused reset`,
    replace: [[/^\d+\.\d+/, "TIME"]],
    atLeast: 9,
  },
  {
    tool: "tcpstates",
    work: sessions,
    near: /\b\d+\.\d\d\d\b/g,
    tolerance: { share: 0.2, slack: 2 },
    atLeast: 15,
  },
  {
    tool: "tcpretrans",
    args: ["-l"],
    prepare: "modprobe tun",
    work: "/usr/bin/python3 $PROGRAMS/sessions.py lost probe",
    replace: [clock],
    atLeast: 3,
  },
  {
    tool: "tcpdrop",
    // BCC's sees a packet only with its socket, so it must be dropped on its way out.
    prepare: "modprobe -a sch_ingress cls_matchall act_gact; ip link set lo up",
    work: `/usr/bin/python3 -c 'import os, socket, time
s = socket.create_server(("127.0.0.1", 0)); c = socket.create_connection(s.getsockname()); a, _ = s.accept()
os.system("tc qdisc add dev lo clsact; tc filter add dev lo egress matchall action drop")
c.send(b"lost"); time.sleep(0.5)
os.system("tc qdisc del dev lo clsact")'`,
    replace: [clock, [/\+0x[0-9a-f]+/, ""], [/^\t?(?:b')?/, ""], [/'$/, ""]],
    explained: [
      {
        side: "bcc",
        row: /^WARNING: tcp_drop\(\)/,
        reason: "it says that it has to take the tracepoint, as ours always does",
      },
    ],
    // BCC reads the names of the kernel at the first drop; Ctrl-C would cut off its stack.
    after: 8,
    atLeast: 5,
  },
  {
    tool: "gethostlatency",
    work: "getent hosts localhost; getent ahosts 127.0.0.1 | head -1",
    replace: [clock],
    near: /\b\d+\.\d+\b/g,
    tolerance: { share: 0.5, slack: 30 },
    atLeast: 2,
  },
  {
    tool: "funccount",
    variant: "program",
    args: ["$BIN/routes:by_*"],
    work: routes,
    explained: bytesInHeader,
    isLocal: true,
    atLeast: 4,
  },
  {
    tool: "funccount",
    variant: "tracepoint",
    args: ["-p", "$PID", "t:syscalls:sys_enter_getp*id"],
    background: waiting("for turn in range(300): os.getppid()"),
    work: wake,
    explained: bytesInHeader,
    isLocal: true,
    cannotRun: /'str' object has no attribute 'decode'/,
    atLeast: 3,
  },
  {
    tool: "bashreadline",
    variant: "copy",
    args: ["-s", "$BIN/bash"],
    work: `/usr/bin/python3 -c 'import os, pty, time
pid, end = pty.fork()
if pid == 0: os.execv(os.environ["BIN"] + "/bash", ["bash", "--norc", "-i"])
time.sleep(2)
for line in ("echo one", "true   # two", "", "exit"):
    os.write(end, line.encode() + b"\\n"); time.sleep(0.5)
try:
    while os.read(end, 1000): pass
except OSError: pass'`,
    replace: [clock],
    isLocal: true,
    atLeast: 5,
  },
  {
    tool: "stackcount",
    variant: "folded",
    args: ["-f", "-P", "$BIN/locks:take_*"],
    // It stays for four seconds: names of its functions are looked up while it is there.
    work: "$BIN/locks ordered & sleep 0.7",
    after: 0.5,
    replace: [[/^b'(\w+)'/, "$1"]],
    isLocal: true,
    atLeast: 3,
  },
  {
    tool: "stackcount",
    variant: "layout",
    args: ["-P", "$BIN/locks:take_*"],
    work: "$BIN/locks ordered & sleep 0.7",
    after: 0.5,
    // Its name of a process is Python's bytes.
    replace: [[/b'(\w+)'/, "$1"]],
    explained: bytesInHeader,
    isLocal: true,
    atLeast: 8,
  },
  {
    tool: "funclatency",
    args: ["-m", "-F", "$BIN/routes:by_*"],
    work: routes,
    transform: sumHistograms,
    near: /(?<=avg = |total: )\d+/g,
    tolerance: { share: 0.3, slack: 20 },
    explained: [
      ...bytesInHeader,
      { side: "bcc", row: /^Function = \[unknown\]/, reason: "it looks for names when the process has gone" },
      { side: "ours", row: /^Function = by_/, reason: "the names are those of the binary" },
    ],
    isLocal: true,
    atLeast: 5,
  },
  {
    tool: "funcslower",
    explained: [
      {
        side: "ours",
        row: /:deeper /,
        reason: "a thread that calls a traced function inside another has both timed; BCC's keeps one start a thread",
      },
    ],
    args: ["-m", "18", "-a", "1", "$BIN/routes:deeper", "$BIN/routes:nap"],
    work: routes,
    only: /deeper|nap|COMM|Tracing/,
    near: /\b\d+\.\d\d\b/g,
    tolerance: { share: 0.3, slack: 3 },
    isLocal: true,
    atLeast: 3,
  },
  {
    tool: "trace",
    args: ['p:$BIN/routes:nap(int ms) (ms > 10) "%d ms", ms', 'r:$BIN/routes:deeper "%d", retval'],
    work: routes,
    isLocal: true,
    atLeast: 5,
  },
  {
    tool: "trace",
    variant: "stack",
    args: ["-U", 'p:$BIN/routes:nap(int ms) (ms == 20) "%d", ms'],
    work: routes,
    isLocal: true,
    atLeast: 5,
  },
  {
    tool: "argdist",
    args: ["-i", "25", "-n", "1", "-C", "p:$BIN/routes:nap(int ms):int:ms", "-C", "r:$BIN/routes:deeper():int:$retval"],
    work: routes,
    after: 16,
    replace: [clock],
    isLocal: true,
    atLeast: 5,
  },
  {
    tool: "argdist",
    variant: "histogram",
    args: ["-i", "25", "-n", "1", "-H", "p:$BIN/routes:nap(int ms):int:ms"],
    work: routes,
    after: 16,
    replace: [clock],
    isLocal: true,
    atLeast: 5,
  },
  {
    tool: "syscount",
    args: ["-p", "$PID"],
    background: waiting('for turn in range(500): os.getppid()\nfor turn in range(13): os.access("/nonexistent", 0)'),
    work: wake,
    replace: [[/\b\d\d:\d\d:\d\d\b/, "TIME"]],
    isLocal: true,
    atLeast: 4,
  },
  {
    tool: "syscount",
    variant: "process",
    args: ["-p", "$PID", "-P", "-x"],
    background: waiting('for turn in range(13): os.access("/nonexistent", 0)'),
    work: wake,
    replace: [[/\b\d\d:\d\d:\d\d\b/, "TIME"]],
    isLocal: true,
    atLeast: 3,
  },
  {
    tool: "profile",
    args: ["-f", "-U", "-F", "99", "-p", "$PID"],
    // It naps on: names of its functions are looked up while it is there.
    background: "trap 'exec $BIN/busy 3 1500' USR1; while :; do sleep 0.1; done",
    work: "kill -USR1 $PID; sleep 4",
    // Its stacks are told apart by addresses, and come several times by one name.
    transform: sumFolded,
    only: /compute_deep/,
    near: /\d+$/g,
    tolerance: { share: 0.3, slack: 30 },
    isLocal: true,
    atLeast: 1,
  },
  {
    tool: "tplist",
    args: ["-v", "syscalls:sys_enter_open*"],
    work: "true",
    atLeast: 10,
  },
  {
    tool: "solisten",
    prepare: "ip link set lo up",
    work: `/usr/bin/python3 -c 'import socket
four = socket.socket(); four.bind(("127.0.0.1", 0)); four.listen(7)
six = socket.socket(socket.AF_INET6); six.bind(("::1", 0)); six.listen(3)
every = socket.socket(); every.listen(0)'`,
    only: /python3|PID/,
    atLeast: 4,
  },
  {
    tool: "shmsnoop",
    work: "touch $W/there; /usr/bin/python3 $PROGRAMS/calls.py $W/there $W/missing /mnt",
    only: /python3|PID/,
    atLeast: 5,
  },
  {
    tool: "filetop",
    args: ["-C", "-r", "1000", "60"],
    work: `/usr/bin/python3 -c 'import os
f = os.open(os.environ["W"] + "/known-file", os.O_RDWR | os.O_CREAT)
for _ in range(9): os.write(f, b"x" * 4096)
for _ in range(5): os.pread(f, 2048, 0)'`,
    only: /known-file|READS|Tracing|Detaching/,
    atLeast: 4,
  },
  {
    tool: "fileslower",
    // One process alone: without a threshold each tool would print what the other one prints.
    args: ["-a", "-p", "$PID", "0"],
    background: waiting(`import runpy, sys
sys.argv[1:] = [os.environ["W"] + "/known-file", os.environ["W"] + "/known-fifo"]
runpy.run_path(os.environ["PROGRAMS"] + "/files.py")`),
    work: wake,
    only: /known-|TIME|Tracing/,
    replace: [[/^\d+\.\d+ +/, "TIME "]],
    near: /\b\d+\.\d\d\b/g,
    tolerance: { share: 0.5, slack: 20 },
    explained: [
      { side: "bcc", row: / R 100 /, reason: "it prints how many bytes a read asks for" },
      { side: "ours", row: / R [04] /, reason: "a read is shown with the bytes that it has got" },
      { side: "ours", row: / [RW] 2048 /, reason: "BCC's sees neither readv() nor pwritev()" },
    ],
    atLeast: 10,
  },
  {
    tool: "vfsstat",
    args: ["-p", "$PID", "25", "1"],
    // Each counts the seconds of its interval from its own start.
    isApart: true,
    background: `exec /usr/bin/python3 -c 'import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
for tool in range(2):
  signal.sigwait({signal.SIGUSR1})
  f = os.open("/dev/zero", os.O_RDWR)
  for turn in range(1000): os.read(f, 1)
  for turn in range(700): os.write(f, b"x")
  for turn in range(300): os.close(os.open("/dev/null", 0))
signal.sigwait({signal.SIGUSR1})'`,
    work: wake,
    after: 24,
    replace: [clock],
    near: /\b\d+\b/g,
    // Ours divides by the time that passed, and rounds.
    tolerance: { share: 0.05, slack: 1 },
    atLeast: 2,
  },
  {
    tool: "vfscount",
    work: `/usr/bin/python3 -c 'import os
w = os.environ["W"]
for turn in range(17): os.mkdir(f"{w}/{turn}")
for turn in range(11): os.rmdir(f"{w}/{turn}")
for turn in range(5): os.symlink("x", f"{w}/s{turn}")'`,
    only: /vfs_(?:mkdir|rmdir|symlink)\b|FUNC|Tracing/,
    // Where a probe stops lies behind the start of the function.
    replace: [
      [/^[0-9a-f]{16}/, "ADDRESS"],
      [/b'(\w+)'/, "$1"],
    ],
    atLeast: 5,
  },
  {
    tool: "threadsnoop",
    // It stays for four seconds: the functions are looked up while it is there.
    work: "$BIN/locks ordered & sleep 2",
    only: /take_|FUNC/,
    replace: [
      [/^\d+ +/, "TIME "],
      [/b'(\w+)'/g, "$1"],
    ],
    atLeast: 4,
  },
  {
    tool: "tcptop",
    args: ["-C", "60"],
    // The process must still be there: BCC's asks /proc for its name.
    work: `/usr/bin/python3 -c 'import os, runpy, sys, time
sys.argv[1:] = ["sessions"]
runpy.run_path(os.environ["PROGRAMS"] + "/sessions.py"); time.sleep(12)' & sleep 5`,
    only: /127\.0\.0\.1|::1|LADDR|Tracing/,
    replace: [[/b'(\w+)'/, "$1"]],
    explained: [{ side: "bcc", row: /LADDR6/, reason: "it prints IPv6 as a table of its own; ours has one table" }],
    atLeast: 6,
  },
  {
    tool: "sofdsnoop",
    prepare: "touch $W/passed",
    work: `/usr/bin/python3 -c 'import os, runpy, sys, time
sys.argv[1:] = [os.environ["W"] + "/passed"]
runpy.run_path(os.environ["PROGRAMS"] + "/descriptors.py"); time.sleep(8)' & sleep 3`,
    replace: [[/\/tmp\/compare\/sofdsnoop\//, ""]],
    cannotRun: /Failed to compile BPF module/,
    atLeast: 3,
  },
  {
    tool: "biosnoop",
    ...loopDevice,
    replace: [[/^\d+\.\d+/, "TIME"]],
    near: /\b\d+\.\d\d\b/g,
    tolerance: { share: 0.5, slack: 20 },
    cannotRun: notTraceable,
    atLeast: 29,
  },
  { tool: "bitesize", ...loopDevice, atLeast: 4 },
  {
    tool: "biolatency",
    ...loopDevice,
    transform: sumHistograms,
    cannotRun: notTraceable,
    atLeast: 2,
  },
  {
    tool: "biotop",
    args: ["-C", "60"],
    ...loopDevice,
    only: /dd|COMM|Tracing|Detaching/,
    near: /\b\d+\.\d\d\b/g,
    tolerance: { share: 0.5, slack: 20 },
    cannotRun: notTraceable,
    atLeast: 5,
  },
  {
    tool: "ext4slower",
    args: ["-j", "0"],
    ...ext4,
    only: /disk-file|ENDTIME/,
    replace: [[/^\d+,/, "TIME,"]],
    near: /(?<=,)\d+(?=,disk-file)/g,
    tolerance: { share: 1, slack: 1000 },
    atLeast: 260,
  },
  {
    tool: "ext4dist",
    ...ext4,
    transform: sumHistograms,
    // Python opens files of this file system alone.
    atLeast: 9,
  },
  {
    tool: "runqlat",
    args: ["-p", "$PID"],
    background: waiting("for turn in range(60): time.sleep(0.01)"),
    work: wake,
    transform: sumHistograms,
    only: /Tracing|usecs: (?:[6-9]\d|\d{3})$/,
    near: /(?<=usecs: )\d+/g,
    tolerance: { share: 0, slack: 3 },
    atLeast: 2,
  },
  {
    tool: "offcputime",
    args: ["-f", "-U", "-p", "$PID"],
    background: "trap 'exec $BIN/busy 0.1 1500' USR1; while :; do sleep 0.1; done",
    // It naps on: names of its functions are looked up while it is there.
    work: "kill -USR1 $PID; sleep 3",
    transform: sumFolded,
    only: /nap_outer/,
    // BCC's takes another name of the same address.
    replace: [[/__GI___clock_nanosleep/, "clock_nanosleep"]],
    near: /\d+$/g,
    // It naps on until each of them ends, BCC's a second or more before ours.
    tolerance: { share: 0.3, slack: 300_000 },
    atLeast: 1,
  },
  {
    tool: "sslsniff",
    prepare: `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $W/key -out $W/certificate -days 2 -subj /CN=here 2>/dev/null
cat $W/key $W/certificate >$W/pem`,
    work: "/usr/bin/python3 $PROGRAMS/tls.py $W/pem",
    only: /python3|GET|FUNC|DATA/,
    replace: [[/(?<=^(?:READ\/RECV|WRITE\/SEND) +)\d+\.\d+/, "TIME"]],
    // Its C calls the kernel headers' min(), which became a function that BCC's compiler refuses.
    cannotRun: /Failed to compile BPF module/,
    atLeast: 9,
  },
  {
    tool: "memleak",
    args: ["-p", "$PID", "-T", "60", "25", "1"],
    // Each counts its seconds from its own start.
    isApart: true,
    background: "exec $BIN/allocs wait",
    work: "kill -USR1 $PID; sleep 1",
    after: 24,
    only: /\t(?:500|30000|10000|640) bytes in|leak_/,
    atLeast: 8,
  },
  {
    tool: "deadlock",
    args: ["$PID", "--binary", "/lib/x86_64-linux-gnu/libc.so.6"],
    // BCC's takes a while to name the functions of a cycle.
    after: 40,
    background: "exec $BIN/locks inverted wait",
    work: "kill -USR1 $PID; sleep 2",
    replace: [
      [/[0-9a-f]{16}/g, "ADDRESS"],
      [/b'(\w+)'/g, "$1"],
    ],
    atLeast: 10,
  },
  {
    tool: "dbslower",
    args: ["mysql", "-x", "$BIN/mysql57", "-m", "30"],
    work: "$BIN/mysql57",
    replace: [
      [/^\d+\.\d+/, "TIME"],
      [/b'(.*)'$/, "$1"],
    ],
    near: /\b\d+\.\d{3}\b/g,
    tolerance: { share: 0.2, slack: 20 },
    isLocal: true,
    atLeast: 4,
  },
];
