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
    work: `/usr/bin/python3 -c 'import socket
s = socket.create_server(("127.0.0.1", 0)); c = socket.create_connection(s.getsockname()); a, _ = s.accept()
c.send(b"unread"); a.close(); c.close()'`,
    replace: [clock, [/\+0x[0-9a-f]+/, ""], [/^\t?(?:b')?/, ""]],
    atLeast: 1,
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
    background: "trap 'exec $BIN/busy 3 1' USR1; while :; do sleep 0.1; done",
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
];
