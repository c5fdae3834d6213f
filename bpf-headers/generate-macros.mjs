#!/usr/bin/env node
/**
 * Writes `kernel-macros.txt`: the numbers that the kernel's uapi headers define as macros, so that BTF does not carry
 * them. clang reads the installed headers and works the values out; nothing in the file is typed. The headers come from
 * the packages linux-libc-dev and libc6-dev (sys/socket.h); the first line of the file says of which version of Linux.
 * Debian's headers of one version for two machines differ in the folder asm alone.
 *
 *     node bpf-headers/generate-macros.mjs            writes the file anew
 *     node bpf-headers/generate-macros.mjs --print    prints it
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Headers whose macros tracing scripts name; another header is another name here. */
const kernelHeaders = `
linux/stat linux/aio_abi linux/audit linux/auxvec linux/blkpg linux/blktrace_api linux/blkzoned linux/bpf linux/bpf_common linux/btrfs linux/capability
linux/close_range linux/elf linux/elf-em linux/errno linux/errqueue linux/ethtool linux/eventpoll linux/falloc linux/fanotify linux/fcntl
linux/fiemap linux/filter linux/fs linux/fuse linux/futex linux/hdreg linux/icmp linux/icmpv6 linux/if linux/if_addr linux/if_arp linux/if_ether
linux/if_link linux/if_packet linux/if_tun linux/if_tunnel linux/if_vlan linux/if_xdp linux/igmp linux/in linux/in6 linux/inet_diag linux/inotify
linux/io_uring linux/ioctl linux/ioprio linux/ip linux/ipc linux/ipv6 linux/kcmp linux/keyctl linux/kvm linux/landlock linux/limits linux/loop
linux/magic linux/major linux/membarrier linux/memfd linux/mempolicy linux/mman linux/mount linux/mptcp linux/mqueue linux/msg linux/nbd
linux/neighbour linux/netfilter linux/netfilter_ipv4 linux/netfilter_ipv6 linux/netfilter/nf_tables linux/netfilter/nf_conntrack_common
linux/netfilter/nfnetlink linux/netlink linux/net_tstamp linux/nsfs linux/nvme_ioctl linux/openat2 linux/param linux/pci_regs linux/perf_event
linux/personality linux/pidfd linux/pkt_cls linux/pkt_sched linux/poll linux/prctl linux/ptrace linux/quota linux/random linux/reboot
linux/resource linux/rseq linux/rtnetlink linux/sched linux/sched/types linux/sctp linux/seccomp linux/securebits linux/sem linux/shm linux/signal
linux/signalfd linux/sock_diag linux/socket linux/sockios linux/sysinfo linux/taskstats linux/tcp linux/time linux/timerfd linux/timex
linux/tls linux/types linux/udp linux/uio linux/un linux/unistd linux/userfaultfd linux/utsname linux/vm_sockets linux/wait linux/xattr linux/xfrm
asm/errno asm/fcntl asm/ioctls asm/mman asm/param asm/poll asm/resource asm/signal asm/socket asm/sockios asm/stat asm/statfs asm/termbits asm/unistd
`
  .trim()
  .split(/\s+/);

/** The kernel keeps AF_, MSG_ and SOCK_ to itself: libc's header repeats them. */
const libcHeaders = ["sys/socket"];

const own = "/usr/include/x86_64-linux-gnu";

/** The kernel's own code has another value for these, or none: `runtime/dialect/words/kernel-constants.ts` has what it has. */
const otherInKernel = ["HZ", "INET6_ADDRSTRLEN", "NSIG"];

/** The second architecture's headers are the generic ones with these choices. Source: arch/arm64/include/uapi/asm/unistd.h. */
const architectures = [
  { name: "x86", target: "x86_64-linux-gnu", defines: [] },
  {
    name: "arm64",
    target: "aarch64-linux-gnu",
    defines: ["RENAMEAT", "NEW_STAT", "SET_GET_RLIMIT", "TIME32_SYSCALLS", "SYS_CLONE3", "MEMFD_SECRET"].map(
      (name) => `__ARCH_WANT_${name}`,
    ),
  },
];

/** The flags that have numbers of their own there. Source: arch/arm64/include/uapi/asm/fcntl.h. */
const arm64Flags = [
  "#define O_DIRECTORY 040000",
  "#define O_NOFOLLOW 0100000",
  "#define O_DIRECT 0200000",
  "#define O_LARGEFILE 0400000",
];

function runClang({ target, defines }, folders, args, input) {
  const flags = [
    "-target",
    target,
    "-nostdlibinc",
    "-D_GNU_SOURCE",
    "-Wno-everything",
    "-ferror-limit=0",
    "-fno-caret-diagnostics",
    ...defines.map((name) => `-D${name}`),
  ];
  const result = spawnSync(
    process.env["BPFTS_CLANG"] || "clang",
    [...flags, ...folders.flatMap((folder) => ["-isystem", folder]), ...args, "-x", "c", "-"],
    { input, encoding: "utf8", maxBuffer: 1 << 29 },
  );
  if (result.error !== undefined) throw result.error;
  return result.stdout;
}

/** Where libc's header is read first, the kernel's leave out what both define. */
function hideLibc(folder) {
  mkdirSync(join(folder, "sys"));
  writeFileSync(join(folder, "sys/socket.h"), "#include <linux/socket.h>\n");
}

/** An architecture whose own headers are not installed is given the generic ones under the names that others ask for. */
function writeAsm(folder) {
  mkdirSync(join(folder, "asm"));
  for (const name of readdirSync("/usr/include/asm-generic"))
    writeFileSync(join(folder, "asm", name), `#include <asm-generic/${name}>\n`);
  writeFileSync(join(folder, "asm/byteorder.h"), "#include <linux/byteorder/little_endian.h>\n");
  writeFileSync(join(folder, "asm/fcntl.h"), `${arm64Flags.join("\n")}\n#include <asm-generic/fcntl.h>\n`);
}

/** Macros without parentheses that may be numbers. */
function listMacros(text) {
  const isOwn = (name) =>
    (!/^_/.test(name) || /^__(?:NR_\w+|WNOTHREAD|WALL|WCLONE)$/.test(name)) && !otherInKernel.includes(name);
  return [...text.matchAll(/^#define (\w+) (.+)$/gm)]
    .filter(([, name, body]) => /^_*[A-Z]/.test(name) && isOwn(name) && !body.startsWith('"'))
    .map(([, name]) => name);
}

/** Works each macro's value out. What clang cannot take as a constant has no value in its tree. */
function readValues(architecture, headers, folders) {
  const includes = headers
    .filter((header) => folders.some((folder) => existsSync(join(folder, `${header}.h`))))
    .map((header) => `#include <${header}.h>\n`)
    .join("");
  const names = listMacros(runClang(architecture, folders, ["-E", "-dM"], includes));
  const enumerators = names.map((name, index) => `bpfts_${index} = (${name})`);
  const tree = runClang(
    architecture,
    folders,
    ["-fsyntax-only", "-Xclang", "-ast-dump=json", "-Xclang", "-ast-dump-filter=bpfts_values"],
    `${includes}enum bpfts_values {\n${enumerators.join(",\n")}\n};\n`,
  );
  const declared = JSON.parse(tree.slice(tree.indexOf("{"))).inner;
  return new Map(
    declared.flatMap((node) => {
      const constant = findConstant(node.inner?.[0]);
      const index = Number(node.name?.slice("bpfts_".length));
      return constant?.value === undefined || constant.type?.qualType === undefined
        ? []
        : [[names[index], renderValue(BigInt(constant.value), constant.type.qualType)]];
    }),
  );
}

/** Behind the conversions to the enum's own type. */
function findConstant(node) {
  return node === undefined || (node.kind === "ConstantExpr" && node.value !== undefined)
    ? node
    : findConstant(node.inner?.[0]);
}

/** In C's words, with the suffix that the macro's type asks for. */
function renderValue(value, type) {
  const suffix = `${type.includes("unsigned") ? "U" : ""}${type.includes("long") ? "L" : ""}`;
  const text = value >= 0n && value < 10n ? `${value}` : value < 0n ? `${value}` : `0x${value.toString(16)}`;
  return value < 0n ? `(${text}${suffix})` : `${text}${suffix}`;
}

function readVersion() {
  const code = Number(/LINUX_VERSION_CODE (\d+)/.exec(readFileSync("/usr/include/linux/version.h", "utf8"))[1]);
  return `${code >> 16}.${(code >> 8) & 255}`;
}

/** The whole file: a head, and a line for each macro in order; a value of one architecture has its name before it. */
export function renderMacros() {
  const folder = mkdtempSync(join(tmpdir(), "bpfts-macros-"));
  const [noLibc, asm] = ["libc", "asm"].map((name) => join(folder, name));
  for (const made of [noLibc, asm]) mkdirSync(made);
  hideLibc(noLibc);
  writeAsm(asm);
  const [x86, arm64] = architectures.map((architecture) => {
    const folders = architecture.name === "x86" ? [own, "/usr/include"] : [asm, "/usr/include", own];
    return new Map([
      ...readValues(architecture, libcHeaders, folders),
      ...readValues(architecture, kernelHeaders, [noLibc, ...folders]),
    ]);
  });
  rmSync(folder, { recursive: true });
  const lines = [...new Set([...x86.keys(), ...arm64.keys()])].flatMap((name) => {
    const values = [x86.get(name), arm64.get(name)];
    if (values[0] === values[1]) return [`${name} ${values[0]}`];
    return values.flatMap((value, index) =>
      value === undefined ? [] : [`${architectures[index].name}:${name} ${value}`],
    );
  });
  return `# Made by bpf-headers/generate-macros.mjs from the uapi headers of Linux ${readVersion()}: do not edit.\n${lines.sort().join("\n")}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = renderMacros();
  if (process.argv.includes("--print")) process.stdout.write(text);
  else writeFileSync(new URL("kernel-macros.txt", import.meta.url), text);
}
