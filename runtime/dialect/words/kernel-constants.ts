/**
 * Constants of the kernel's internal headers: pairs of name and value. They are macros there, so that BTF does not
 * carry them, and no package of headers for programs has them. What newer kernels moved or renumbered is left out.
 */
const everyArch = `
PF_IDLE 0x00000002  PF_EXITING 0x00000004  PF_WQ_WORKER 0x00000020  PF_FORKNOEXEC 0x00000040  PF_SIGNALED 0x00000400  PF_MEMALLOC 0x00000800  PF_KSWAPD 0x00020000
PF_KTHREAD 0x00200000  TASK_RUNNING 0x0000  TASK_INTERRUPTIBLE 0x0001  TASK_UNINTERRUPTIBLE 0x0002  __TASK_STOPPED 0x0004  __TASK_TRACED 0x0008  EXIT_DEAD 0x0010
EXIT_ZOMBIE 0x0020  TASK_DEAD 0x0080  TASK_NOLOAD 0x0400  TASK_COMM_LEN 16  MAX_NICE 19  MIN_NICE -20  MAX_RT_PRIO 100  MAX_PRIO 140  DEFAULT_PRIO 120
REQ_OP_BITS 8  REQ_OP_MASK 255  DISK_NAME_LEN 32  WRITE 1  READ 0  SECTOR_SHIFT 9  SECTOR_SIZE 512  CAP_OPT_NONE 0
SOCK_TYPE_MASK 0xf  O_NOTIFICATION_PIPE 0200  PROC_PID_INIT_INO 0xEFFFFFFC  FMODE_READ 0x1  FMODE_WRITE 0x2  FMODE_LSEEK 0x4  FMODE_CREATED 0x100000
SB_RDONLY 1  SB_NOSUID 2  SB_NODEV 4  SB_NOEXEC 8  SB_SYNCHRONOUS 16  VM_READ 0x1UL  VM_WRITE 0x2UL  VM_EXEC 0x4UL  VM_SHARED 0x8UL  MAY_EXEC 1  MAY_WRITE 2  MAY_READ 4
TCPHDR_FIN 0x01  TCPHDR_SYN 0x02  TCPHDR_RST 0x04  TCPHDR_PSH 0x08  TCPHDR_ACK 0x10  TCPHDR_URG 0x20  TCPHDR_ECE 0x40  TCPHDR_CWR 0x80  VLAN_VID_MASK 0x0fff
VLAN_PRIO_MASK 0xe000  VLAN_PRIO_SHIFT 13  INET6_ADDRSTRLEN 48
NSEC_PER_SEC 1000000000L  NSEC_PER_MSEC 1000000L  NSEC_PER_USEC 1000L  USEC_PER_SEC 1000000L  USEC_PER_MSEC 1000L  MSEC_PER_SEC 1000L  PSEC_PER_SEC 1000000000000LL
CHAR_BIT 8  SCHAR_MAX 127  SCHAR_MIN -128  UCHAR_MAX 255  SHRT_MAX 32767  SHRT_MIN -32768  USHRT_MAX 65535  INT_MAX 0x7fffffff  INT_MIN (-0x7fffffff-1)  UINT_MAX 0xffffffffU
LONG_MAX 0x7fffffffffffffffL  LONG_MIN (-0x7fffffffffffffffL-1)  ULONG_MAX 0xffffffffffffffffUL  LLONG_MAX 0x7fffffffffffffffLL  LLONG_MIN (-0x7fffffffffffffffLL-1)
ULLONG_MAX 0xffffffffffffffffULL  SIZE_MAX 0xffffffffffffffffUL  SSIZE_MAX 0x7fffffffffffffffL  U8_MAX 255  S8_MAX 127  S8_MIN -128  U16_MAX 65535  S16_MAX 32767  S16_MIN -32768
U32_MAX 0xffffffffU  S32_MAX 0x7fffffff  S32_MIN (-0x7fffffff-1)  U64_MAX 0xffffffffffffffffULL  S64_MAX 0x7fffffffffffffffLL  S64_MIN (-0x7fffffffffffffffLL-1)
UINT8_MAX 255  INT8_MAX 127  INT8_MIN -128  UINT16_MAX 65535  INT16_MAX 32767  INT16_MIN -32768  UINT32_MAX 0xffffffffU  INT32_MAX 0x7fffffff  INT32_MIN (-0x7fffffff-1)
UINT64_MAX 0xffffffffffffffffULL  INT64_MAX 0x7fffffffffffffffLL  INT64_MIN (-0x7fffffffffffffffLL-1)
USER_HZ 100  MODULE_NAME_LEN 56  MAX_ERRNO 4095  _NSIG 64  SIGCLD 17
`;

const oneArch: Readonly<Record<"x86" | "arm64", string>> = {
  x86: `
__PAGE_OFFSET_BASE_L4 0xffff888000000000UL  __PAGE_OFFSET_BASE_L5 0xff11000000000000UL
__PAGE_OFFSET_BASE 0xffff888000000000UL  __PAGE_OFFSET 0xffff888000000000UL  PAGE_OFFSET 0xffff888000000000UL  __START_KERNEL_map 0xffffffff80000000UL
`,
  arm64: `
PAGE_OFFSET 0xffff000000000000UL
`,
};

/** Numbers that the kernel's configuration gives another name. */
const fromConfig: Readonly<Record<string, string>> = { HZ: "CONFIG_HZ", NR_CPUS: "CONFIG_NR_CPUS" };

/** What the constants depend on. */
export interface ConstantsEnv {
  readonly arch: "x86" | "arm64";
  readonly kernelVersionCode: number;
  findKernelConfig(name: string): string | undefined;
}

const parsed = new Map<string, ReadonlyMap<string, string>>();

function listConstants(arch: "x86" | "arm64"): ReadonlyMap<string, string> {
  let constants = parsed.get(arch);
  if (constants === undefined) {
    constants = new Map(
      [...`${everyArch}${oneArch[arch]}`.matchAll(/(\w+) (\S+)/g)].map((match) => [match[1]!, match[2]!]),
    );
    parsed.set(arch, constants);
  }
  return constants;
}

/** The value of an internal constant as C text. Undefined for other names, and for what only an unreadable configuration tells. */
export function findKernelConstant(name: string, env: ConstantsEnv): string | undefined {
  if (Object.hasOwn(fromConfig, name)) return env.findKernelConfig(fromConfig[name]!);
  // Since: Linux 6.1.
  if (name === "KSYM_NAME_LEN") return env.kernelVersionCode >= 0x60100 ? "512" : "128";
  const value = listConstants(env.arch).get(name);
  return value?.startsWith("-") === true ? `(${value})` : value;
}
