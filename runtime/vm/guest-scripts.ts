import type { SharedFolder } from "./shared-folder.ts";

/** Where the agent lives in the guest: a tmpfs, so that it survives the change of root. */
export const guestFolder = "/run/bpfts-vm";

/** What the guest's scripts write on the console before they give up; the runner looks for it. */
export const consoleMark = "bpfts-vm:";

/** The ports between guest and host, by number. Port 0 is the console's and stays free. */
export const guestPorts = { stdin: 1, stdout: 2, stderr: 3, control: 4, clang: 5 } as const;

/**
 * The initramfs's `/init`: loads the modules, mounts the host's files read-only under an overlay and goes there.
 * Only busybox is at hand. The host's files come with `cache=loose`: what changes during a run may be seen old or new.
 */
export const initScript = `#!/bin/sh
fail() { echo "${consoleMark} $1" >/dev/console; reboot -f; }
mount -t devtmpfs dev /dev || mount -t tmpfs dev /dev
mount -t proc proc /proc
for m in $(cat /modules/order); do
  insmod "/modules/$m" 2>/dev/null || fail "cannot load the module $m"
done
mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=512000,cache=loose root /lower || fail "cannot mount this machine's files (9p)"
scratch=50%
for w in $(cat /proc/cmdline); do case $w in bpfts.scratch=*) scratch=\${w#*=};; esac; done
mount -t tmpfs -o "size=$scratch,mode=755" over /over || fail "cannot mount a tmpfs"
mkdir /over/up /over/work
mount -t overlay -o lowerdir=/lower,upperdir=/over/up,workdir=/over/work overlay /root || fail "cannot mount the overlay"
mount --move /dev /root/dev
mount --move /proc /root/proc
mount -t tmpfs -o mode=755 run /root/run
mkdir /root${guestFolder}
cp /bin/busybox /agent /root${guestFolder}
exec switch_root /root ${guestFolder}/busybox sh ${guestFolder}/agent
`;

/**
 * The guest's process 1 after the change of root. Takes a job from the control port, runs it, and answers with its status.
 *
 * - The command gets pipes, not ports: a port can be opened once only, and a program may open /dev/stdout again.
 * - It runs in the foreground of this shell: a shell lets what it starts in the background ignore SIGINT.
 * - What may block is opened and written in a subshell: the end of any child interrupts this shell, and ash gives up then.
 * - A mark at the end of each stream says that all of it is through; closing a port drops what the host has not taken yet.
 * - When the control port closes, the host's side is gone, and the machine goes too.
 */
export const agentScript = `
b=${guestFolder}/busybox
cd ${guestFolder}
fail() { echo "${consoleMark} $1" >/dev/console; $b reboot -f; }
$b mount -t sysfs sys /sys
$b mount -t cgroup2 cgroup /sys/fs/cgroup
$b mount -t bpf bpf /sys/fs/bpf
$b mount -t debugfs debug /sys/kernel/debug
$b mount -t tracefs trace /sys/kernel/tracing
$b mount -t securityfs security /sys/kernel/security
$b mkdir -p /dev/pts /dev/shm
$b mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
$b mount -t tmpfs -o mode=1777 shm /dev/shm
[ -e /dev/fd ] || { $b ln -s /proc/self/fd /dev/fd; $b ln -s /proc/self/fd/0 /dev/stdin; $b ln -s /proc/self/fd/1 /dev/stdout; $b ln -s /proc/self/fd/2 /dev/stderr; }
$b hostname bpfts-vm
$b ip link set lo up
ulimit -Hn 1048576
ulimit -Sn 4096
n=0
until [ -c /dev/vport0p${guestPorts.control} ]; do
  n=$((n+1)); [ $n -gt 200 ] && fail "the ports to the host did not appear"
  $b usleep 20000
done
exec 5<>/dev/vport0p${guestPorts.control} 6>/dev/vport0p${guestPorts.stdout} 7>/dev/vport0p${guestPorts.stderr} || fail "cannot open the ports to the host"
until read -r word size mark <&5; do $b usleep 10000; done
[ "$word" = job ] || fail "the host sent no job"
$b head -c "$size" <&5 >job
. ./job
prepare
$b mkfifo in out err
$b cat out >&6 & cat_out=$!
$b cat err >&7 & cat_err=$!
$b cat </dev/vport0p${guestPorts.stdin} >in & cat_in=$!
(
  while read -r word signal; do
    [ "$word" = signal ] && kill -s "$signal" -- "-$($b cat pid)" 2>/dev/null
  done
  $b reboot -f
) <&5 & reader=$!
beat() { while :; do $b sleep 5; echo alive >&5; done; }
beat & pulse=$!
( echo "ready $($b uname -r)" >&5 )
( exec $b setsid $shell ./command <in >out 2>err 5>&- 6>&- 7>&- )
status=$?
# The sweep has a pulse of its own: the other one's child would be swept.
kill -9 $pulse
# What the command left behind holds its streams open; it is swept until they end, as one sweep may miss what was just born.
(
  read -r self rest </proc/self/stat
  n=0
  while :; do
    for p in /proc/[0-9]*; do
      p=\${p#/proc/}
      case " $$ $self $cat_out $cat_err $cat_in $reader " in *" $p "*) ;; *) kill -9 "$p" 2>/dev/null;; esac
    done
    $b usleep 100000
    n=$((n+1)); [ $((n % 50)) = 0 ] && echo alive >&5
  done
) & sweeper=$!
wait $cat_out
wait $cat_err
kill -9 $sweeper
wait $sweeper
beat &
( printf %s "$mark" >&6 )
( printf %s "$mark" >&7 )
finish
( echo "exit $status" >&5 )
while :; do $b sleep 1000; done
`;

/** What the guest is asked to do. */
export interface GuestJob {
  readonly command: readonly string[];
  readonly workingFolder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Folders that are mounted writable at the same path; tag \`share0\`, \`share1\`… */
  readonly shares: readonly SharedFolder[];
  readonly release: string;
  readonly modules?: string;
  readonly config?: string;
}

/** Renders a job as the shell text that the agent reads: \`prepare\`, \`finish\`, and the file \`command\`. */
export function renderGuestJob(job: GuestJob): string {
  const lines = ["prepare() {"];
  job.shares.forEach(({ path: folder, hasOwnOwners }, at) => {
    lines.push(
      `$b mkdir -p ${quoteShell(folder)}`,
      `$b mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=mmap share${at} ${quoteShell(folder)} || fail ${quoteShell(`cannot mount the shared folder "${folder}"`)}`,
    );
    // bpfts trusts a cache folder whose levels belong to root or to its user; in the overlay that is for the guest to say.
    if (hasOwnOwners) {
      const above = '[ "$d" != / ]; do $b chown 0:0 "$d" 2>/dev/null; d=$($b dirname "$d"); done';
      lines.push(`d=${quoteShell(folder)}; while ${above}`);
    }
  });
  if (job.modules !== undefined)
    lines.push(
      "$b mkdir -p /lib/modules",
      `$b rm -rf /lib/modules/${job.release}`,
      `$b ln -s ${quoteShell(job.modules)} /lib/modules/${job.release}`,
    );
  if (job.config !== undefined)
    lines.push("$b mkdir -p /boot", `$b ln -sf ${quoteShell(job.config)} /boot/config-${job.release}`);
  lines.push('shell=/bin/sh; [ -x /bin/sh ] || shell="$b sh"', "}", "finish() {");
  for (const { path: folder } of [...job.shares].reverse())
    lines.push(`$b umount ${quoteShell(folder)} 2>/dev/null || $b sync`);
  lines.push(":", "}", `printf %s ${quoteShell(renderCommand(job))} >command`);
  return `${lines.join("\n")}\n`;
}

function renderCommand(job: GuestJob): string {
  const lines = [`echo $$ >${guestFolder}/pid`];
  for (const [name, value] of Object.entries(job.environment))
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) lines.push(`export ${name}=${quoteShell(value)}`);
  const folder = quoteShell(job.workingFolder);
  lines.push(`cd ${folder} || exit 125`, `exec ${job.command.map(quoteShell).join(" ")}`);
  return `${lines.join("\n")}\n`;
}

function quoteShell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
