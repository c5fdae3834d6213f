import type { RowRules } from "./compare-rows.ts";

/** One tool beside BCC's: what both are asked, what happens meanwhile, and how their outputs compare. */
export interface ToolRow extends RowRules {
  readonly tool: string;
  /** Tells several rows of one tool apart. */
  readonly variant?: string;
  /** A shell command. $W is a folder of its own, $PROGRAMS the kernel tier's programs, $PID the background's. */
  readonly work: string;
  readonly prepare?: string;
  /** A shell command that runs all the while. */
  readonly background?: string;
  /** Arguments of both; $W and $PID are filled in. */
  readonly args?: readonly string[];
  /** Arguments of ours, where they have to differ. */
  readonly ours?: readonly string[];
  /** One after the other: they disturb each other, or cannot both attach. */
  readonly isApart?: boolean;
  /** So many rows must be equal at least: a comparison of nothing is none. */
  readonly atLeast: number;
  /** What Debian's tool says where it cannot run on this kernel. */
  readonly cannotRun?: RegExp;
}

const clock = [/\b\d\d:\d\d:\d\d\b/, "TIME"] as const;
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
    only: /PCOMM|nonexistent|ls|echo|sleep/,
    atLeast: 5,
  },
  {
    tool: "opensnoop",
    args: ["-e", "-U"],
    work: `/usr/bin/python3 -c 'import os
for path, flags in (("one", os.O_CREAT | os.O_RDWR), ("none", 0), ("one", os.O_WRONLY | os.O_APPEND), ("none/x", os.O_CREAT)):
    try: os.open("$W/" + path, flags, 0o640)
    except OSError: pass'`,
    only: /\/tmp\/compare\/opensnoop\/(?:one|none)|PATH/,
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
    atLeast: 5,
  },
  {
    tool: "statsnoop",
    work: "/usr/bin/python3 $PROGRAMS/calls.py $W/there $W/missing /mnt; stat $W/missing",
    prepare: "touch $W/there",
    only: /\/tmp\/compare|PATH/,
    atLeast: 4,
  },
  {
    tool: "syncsnoop",
    work: "touch $W/there; /usr/bin/python3 $PROGRAMS/calls.py $W/there $W/missing /mnt; sync; sync -f /tmp",
    replace: [[/^\d+\.\d+/, "TIME"]],
    atLeast: 3,
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
];
