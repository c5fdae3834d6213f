/** One BCC tool and the argument sets to run it with. */
export interface ToolRow {
  readonly tool: string;
  /** One command line each: "" is the tool without arguments; $PID is a process of ours, $DISK a disk, $LIBC the C library. */
  readonly runs: readonly string[];
  /** "cpu:vendor", and symbols and "category:event" tracepoints to take as present: they belong to modules that need not be loaded. */
  readonly assume?: string;
  /** The USDT probes, as provider:name, that a process is said to have. */
  readonly usdt?: string;
}

const containers = "--cgroupmap /sys/fs/bpf/test01 --mntnsmap /sys/fs/bpf/test02";

export const toolRows: readonly ToolRow[] = [
  {
    tool: "argdist",
    runs: [
      "-C 'p::do_sys_open(int dfd, const char *filename):char*:filename'",
      "-H 'p::vfs_write(struct file *file, const char *buf, size_t count):size_t:count'",
      "-C 'r::vfs_read():int:$retval'",
      "-H 'r::vfs_read(void *file, void *buf, size_t count):size_t:$entry(count):$latency > 1000000'",
      "-C 'r::vfs_read():u64:$latency/1000'",
      "-H 't:block:block_rq_complete():u32:args->nr_sector'",
      "-C 't:irq:irq_handler_entry():int:args->irq'",
      "-C 'p:c:write(int fd, const void *buf, size_t count):size_t:count:fd==1' -p $PID",
      "-z 120 -C 'p:c:write(int fd, char* buf, size_t len):char*:buf:fd==1' -p $PID",
      "-H 'p:c:sleep(u32 seconds):u32:seconds' -H 'p:c:nanosleep(struct timespec *req):long:req->tv_nsec'",
      "-C 'p:c:fork()#fork calls'",
      "-H 'r:c:malloc(size_t size):u64:$latency:$entry(size) > 16'",
      "-C 'u:pthread:pthread_start():u64:arg2' -p $PID",
      "-C 'p::tcp_sendmsg(struct sock *sk, struct msghdr *msg, size_t size):u16,size_t:sk->sk_dport,size'",
      "-I net/sock.h -C 'p::udp_sendmsg(struct sock *sk):u32:sk->__sk_common.skc_daddr:sk->sk_dport == 13568'",
      "-C 'p::vfs_open(const struct path *path):char*:path->dentry->d_name.name' -t $PID",
    ],
    assume: "do_sys_open",
    usdt: "pthread:pthread_start",
  },
  { tool: "bashreadline", runs: ["", "-s /lib/x86_64-linux-gnu/libreadline.so.8"] },
  { tool: "bindsnoop", runs: ["", "-t -U", "-w -p $PID", "-P 80,81 -E", "-u 1000", "--count", containers] },
  { tool: "biolatency", runs: ["", "-Q", "-D", "-F", "-e", "-D -Q", "-F -Q -e", "-d $DISK"] },
  { tool: "biolatpcts", runs: ["1:0", "-w from-rq-alloc 1:0", "-w on-device -j 8:0"] },
  { tool: "biopattern", runs: ["", "-d $DISK"] },
  { tool: "biosnoop", runs: ["", "-Q", "-d $DISK", "-P"] },
  { tool: "biotop", runs: ["", "-p $PID"] },
  { tool: "bitesize", runs: [""] },
  { tool: "btrfsdist", runs: ["", "-m", "-p $PID"], assume: btrfs() },
  { tool: "btrfsslower", runs: ["", "0", "-j -p $PID", "-d 5"], assume: btrfs() },
  { tool: "cachestat", runs: [""] },
  { tool: "cachetop", runs: ["", "-p $PID"] },
  { tool: "capable", runs: ["", "-v", "-p $PID -K -U", "-x", "--unique", "--unique -K", containers] },
  { tool: "compactsnoop", runs: ["", "-p $PID", "-K", "-e"] },
  { tool: "cpudist", runs: ["", "-O", "-P", "-L", "-p $PID", "-I", "-e -m"] },
  { tool: "cpuunclaimed", runs: ["", "-j"] },
  { tool: "criticalstat", runs: ["", "-p", "-i"] },
  { tool: "dbslower", runs: ["mysql -p $PID", "postgres -p $PID -m 5", "mysql -x /bin/true"] },
  { tool: "dbstat", runs: ["mysql -p $PID", "postgres -p $PID -u -m 3"] },
  { tool: "dcsnoop", runs: ["", "-a"] },
  { tool: "dcstat", runs: [""] },
  { tool: "deadlock", runs: ["$PID --binary $LIBC", "$PID --binary $LIBC --threads 100 --edges 1000"] },
  { tool: "dirtop", runs: ["-d /tmp", "-d /tmp -p $PID"] },
  { tool: "drsnoop", runs: ["", "-p $PID", "-t $PID -v", "-u 0 -U", "-n sleep"], assume: "vm_zone_stat" },
  {
    tool: "execsnoop",
    runs: ["", "-x", "-t -U", "-u 1000", "-n sleep", "-P $PID", "--max-args 2", containers],
  },
  { tool: "exitsnoop", runs: ["", "-x", "-p $PID", "--per-thread"] },
  { tool: "ext4dist", runs: ["", "-m", "-p $PID"], assume: "ext4_file_operations" },
  { tool: "ext4slower", runs: ["", "0", "-j", "-p $PID"], assume: "ext4_file_operations" },
  {
    tool: "f2fsslower",
    runs: ["", "0", "-s", "-p $PID"],
    assume: "f2fs_file_operations f2fs_file_read_iter f2fs_file_write_iter f2fs_file_open f2fs_sync_file",
  },
  { tool: "filegone", runs: ["", "-p $PID"] },
  { tool: "filelife", runs: ["", "-p $PID"] },
  { tool: "fileslower", runs: ["", "-a", "-p $PID 0"] },
  { tool: "filetop", runs: ["", "-a", "-p $PID", "--read-only", "-d /tmp"] },
  {
    tool: "funccount",
    runs: ["'vfs_*'", "vfs_read", "'t:sched:sched_process_fork'", "'t:block:*'", "c:malloc", "-p $PID c:malloc", "'u:c:*' -p $PID", "-c 0 vfs_read"],
    usdt: "libc:setjmp libc:longjmp",
  },
  {
    tool: "funcinterval",
    runs: ["vfs_read", "-p $PID vfs_read", "-m c:malloc", "t:sched:sched_process_fork", "-u vfs_write"],
  },
  {
    tool: "funclatency",
    runs: ["vfs_read", "-m vfs_read", "-u -F 'vfs_*'", "-p $PID c:malloc", "-p $PID -F vfs_read", "-l 10 vfs_read"],
  },
  {
    tool: "funcslower",
    runs: ["vfs_write", "-m 1 vfs_write", "-u 10 c:malloc", "-a 2 vfs_write", "-p $PID -U -K vfs_write", "-p $PID vfs_read vfs_write", "-f -U vfs_write"],
  },
  { tool: "gethostlatency", runs: ["", "-p $PID"] },
  { tool: "hardirqs", runs: ["", "-d", "-C", "-N", "-c 0"] },
  {
    tool: "inject",
    runs: [
      "kmalloc 'vfs_read()'",
      "kmalloc -v '(true)'",
      "kmalloc 'mount_subtree(struct vfsmount *mnt, const char *name) (1 == 1)'",
      "kmalloc -P 0.1 -c 3 'd_alloc_parallel(struct dentry *parent, const struct qstr *name)(STRCMP(name->name, bananas))'",
      "bio '(bio->bi_iter.bi_sector == 12)'",
      "alloc_page 'vfs_write(struct file *file) (file->f_flags == 1) => ksys_write()'",
    ],
    assume: "should_failslab should_fail_alloc_page should_fail_bio",
  },
  { tool: "killsnoop", runs: ["", "-x", "-p $PID", "-T $PID -s 9"] },
  { tool: "klockstat", runs: ["", "-p $PID", "-t $PID", "-c vfs_", "-s 3"] },
  { tool: "kvmexit", runs: ["", "-p $PID", "-p $PID -a", "-t $PID", "-T $PID,1"], assume: "kvm:kvm_exit cpu:GenuineIntel" },
  { tool: "lib/ucalls", runs: ["-l java $PID", "-l python -L $PID", "-l ruby -m $PID", "-l none -S -L $PID", "-l perl -S $PID", "-l php $PID", "-l tcl $PID"] },
  { tool: "lib/uflow", runs: ["-l java $PID", "-l java -M main -C Hello $PID", "-l python $PID", "-l ruby $PID", "-l perl -M foo $PID", "-l php $PID", "-l tcl $PID"] },
  { tool: "lib/ugc", runs: ["-l java $PID", "-l python $PID", "-l ruby $PID", "-l node -M 1 $PID", "-l java -F Tenured $PID"] },
  { tool: "lib/uobjnew", runs: ["-l java $PID", "-l ruby $PID", "-l c $PID", "-l tcl $PID"] },
  { tool: "lib/ustat", runs: ["", "-l java", "-l python -S gc"] },
  { tool: "lib/uthreads", runs: ["-l java $PID", "-l c $PID", "-l none $PID"] },
  { tool: "llcstat", runs: ["", "-t"] },
  { tool: "mdflush", runs: [""], assume: "md_flush_request" },
  {
    tool: "memleak",
    runs: ["", "-p $PID", "-p $PID --combined-only", "-p $PID -s 10 -z 16 -Z 4096 -t", "--percpu", "-s 4", "-p $PID --wa-missing-free", "--combined-only"],
  },
  { tool: "mountsnoop", runs: ["", "-P", containers] },
  { tool: "mptcpify", runs: ["", "-t curl,nc"], assume: "update_socket_protocol" },
  { tool: "mysqld_qslower", runs: ["$PID", "$PID 0"] },
  { tool: "netqtop", runs: ["-n lo", "-n lo -t"] },
  { tool: "nfsdist", runs: ["", "-m", "-p $PID"], assume: nfs() },
  { tool: "nfsslower", runs: ["", "0", "-j", "-p $PID"], assume: nfs() },
  { tool: "numasched", runs: ["", "-p $PID", "-t $PID", "-c sleep"] },
  {
    tool: "offcputime",
    runs: ["", "-p $PID", "-t $PID", "-u", "-k", "-U", "-K -f 1", "-m 10 -M 1000", "--state 2", "-d -f 1"],
  },
  { tool: "offwaketime", runs: ["1", "-p $PID 1", "-t $PID 1", "-u 1", "-k 1", "-U 1", "-K -f 1", "-m 10 -M 1000 1", "--state 2 1"] },
  { tool: "oomkill", runs: [""] },
  {
    tool: "opensnoop",
    runs: ["", "-x", "-p $PID", "-t $PID", "-u 1000", "-e", "-F", "-f O_WRONLY -f O_RDWR", "-n sleep -T -U", containers],
  },
  { tool: "pidpersec", runs: [""] },
  { tool: "ppchcalls", runs: ["", "-L"] },
  { tool: "profile", runs: ["1", "-p $PID 1", "-U 1", "-K 1", "-I 1", "-c 1000 1", "-C 0 1", "-L $PID 1", `${containers} 1`] },
  { tool: "rdmaucma", runs: ["", "-D"], assume: "ucma_event_handler" },
  { tool: "readahead", runs: [""], assume: "do_page_cache_ra __page_cache_alloc" },
  { tool: "runqlat", runs: ["", "-P", "-L", "--pidnss", "-p $PID"], assume: "ttwu_do_wakeup" },
  { tool: "runqlen", runs: ["", "-C", "-O", "-O -C"] },
  { tool: "runqslower", runs: ["", "-P", "-p $PID", "-t $PID 100"], assume: "ttwu_do_wakeup" },
  { tool: "shmsnoop", runs: ["", "-p $PID", "-t $PID", "-n sleep"] },
  { tool: "slabratetop", runs: [""] },
  { tool: "sofdsnoop", runs: ["", "-p $PID", "-n sleep"] },
  { tool: "softirqs", runs: ["", "-d", "-C", "-c 0", "-N"] },
  { tool: "softirqslower", runs: ["", "100", "-c 0"] },
  { tool: "solisten", runs: ["", "--show-netns", "-p $PID", "-n 4026531840"] },
  { tool: "sslsniff", runs: ["-n", "-n -p $PID", "-n -l", "-n --handshake -l", "-n -u 0 -x", "-n --max-buffer-size 64", "-o -g -n -c sleep"] },
  {
    tool: "stackcount",
    runs: ["vfs_read", "-p $PID vfs_read", "-K vfs_read", "-U vfs_read", "-P vfs_read", "'t:sched:sched_switch'", "'p:c:malloc' -p $PID", "'u:c:setjmp' -p $PID", "-f -s vfs_write", "-c 0 'vfs_*'"],
    usdt: "libc:setjmp libc:longjmp",
  },
  { tool: "statsnoop", runs: ["", "-x", "-p $PID"] },
  { tool: "swapin", runs: [""] },
  { tool: "syncsnoop", runs: [""] },
  { tool: "syscount", runs: ["", "-L", "-P", "-L -P", "-p $PID", "-x", "-e ENOENT", "-t $PID", "--syscall openat", "-c $PID"] },
  { tool: "tcpaccept", runs: ["", "-p $PID", "-P 80,81", "-4", "-6 -t", containers] },
  { tool: "tcpcong", runs: ["", "-L 80", "-R 443", "-d", "-u"] },
  { tool: "tcpconnect", runs: ["", "-p $PID", "-P 80,81", "-L -U", "-u 1000", "-c", "-4", "-6", "-d", containers] },
  { tool: "tcpconnlat", runs: ["", "-p $PID", "-L", "10", "-4", "-6"] },
  { tool: "tcpdrop", runs: ["", "-4", "-6", "--netns-id 4026531840", "--pid-netns $PID"] },
  { tool: "tcplife", runs: ["", "-p $PID", "-L 80", "-D 80,81", "-4", "-6", "-w"] },
  { tool: "tcpretrans", runs: ["", "-s", "-l", "-c", "-4", "-6"] },
  { tool: "tcprtt", runs: ["", "-b", "-B", "-e", "-p 80", "-P 443", "-a 127.0.0.1", "-A 127.0.0.1", "-4", "-6", "-e -b -m"] },
  { tool: "tcpstates", runs: ["", "-L 80", "-D 80", "-4", "-6", "-w"] },
  { tool: "tcpsubnet", runs: ["", "127.0.0.0/8,10.0.0.0/8"] },
  { tool: "tcpsynbl", runs: ["", "-4", "-6"] },
  { tool: "tcptop", runs: ["", "-p $PID", "-4", "-6", containers] },
  { tool: "tcptracer", runs: ["", "-p $PID", "-N 4026531840", "-t", "-4", "-6", containers] },
  { tool: "threadsnoop", runs: [""] },
  {
    tool: "trace",
    runs: [
      "do_sys_open",
      "kfree_skb+0x12",
      "'do_sys_open \"%s\", arg2@user'",
      "'do_sys_open \"%s\", arg2' -n sleep",
      "'do_sys_open \"%s\", arg2@user' -f config",
      "'vfs_read (arg3 > 20000) \"read %d bytes\", arg3'",
      "'r::do_sys_open \"%llx\", retval'",
      "'c:open (arg2 == 42) \"%s %d\", arg1, arg2'",
      "'p:c:write (arg1 == 1) \"writing %d bytes to STDOUT\", arg3'",
      "'r:c:malloc (retval) \"allocated = %x\", retval'",
      "'t:block:block_rq_complete \"sectors=%d\", args->nr_sector'",
      "'t:sched:sched_switch \"%s\", args->next_comm'",
      "'t:raw_syscalls:sys_enter (args->id == 1) \"%d\", args->id'",
      "'u:pthread:pthread_create (arg4 != 0)' -p $PID",
      "'p::__x64_sys_nanosleep(struct timespec *ts) \"sleep for %lld ns\", ts->tv_nsec'",
      "-I linux/fs.h 'p::uprobe_register(struct inode *inode) \"a_ops = %llx\", inode->i_mapping->a_ops'",
      "-I net/sock.h 'udpv6_sendmsg(struct sock *sk) (sk->sk_dport == 13568)'",
      "-I linux/fs_struct.h 'mntns_install \"users = %d\", $task->fs->users'",
      "-K -U vfs_read",
      "-p $PID -t -u -C 'vfs_write \"%d\", arg3'",
      "-L $PID vfs_write",
      "--uid 1000 vfs_write",
      "-A -M 10 'do_sys_open \"%s\", arg2'",
      "'vfs_open \"%s %u\", $pid, $uid'",
      "'vfs_open \"%s\", STRCMP(\"a\", arg2)' vfs_read 'r::vfs_read \"%d\", retval'",
      "-Z 32 'p:c:puts(char *s) \"%s\", s'",
      "-c /sys/fs/cgroup vfs_write",
    ],
    assume: "do_sys_open uprobe_register mntns_install",
    usdt: "pthread:pthread_create",
  },
  { tool: "ttysnoop", runs: ["/dev/null", "-s 1024 -c 2 /dev/null"] },
  { tool: "vfscount", runs: ["1"] },
  { tool: "vfsstat", runs: ["", "-p $PID"] },
  {
    tool: "virtiostat",
    runs: ["", "-d virtio_net", "-n virtio0", "-D"],
    assume: "virtqueue_add_sgs virtqueue_add_outbuf virtqueue_add_inbuf virtqueue_add_inbuf_ctx",
  },
  { tool: "wakeuptime", runs: ["1", "-u 1", "-p $PID 1", "-m 10 -M 1000 1", "-f 1"] },
  { tool: "wqlat", runs: ["", "-W", "-N", "-w events"] },
  { tool: "xfsdist", runs: ["", "-m", "-p $PID"], assume: xfs() },
  { tool: "xfsslower", runs: ["", "0", "-j", "-p $PID"], assume: xfs() },
  { tool: "zfsdist", runs: ["", "-m", "-p $PID"], assume: zfs() },
  { tool: "zfsslower", runs: ["", "0", "-j", "-p $PID"], assume: zfs() },
];

function btrfs(): string {
  return "btrfs_file_operations btrfs_file_write_iter btrfs_file_open btrfs_sync_file";
}

function nfs(): string {
  return "nfs_file_read nfs_file_write nfs_file_open nfs_getattr nfs4_file_open nfs_initiate_commit nfs_commit_done nfs:nfs_initiate_commit";
}

function xfs(): string {
  return "xfs_file_read_iter xfs_file_write_iter xfs_file_open xfs_file_fsync";
}

function zfs(): string {
  return "zpl_iter_read zpl_iter_write zpl_open zpl_fsync";
}
