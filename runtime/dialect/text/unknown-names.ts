import { findTypeVersion } from "../../base/bpf-since.ts";
import { findSimilar } from "../../base/similar.ts";
import { adviseFunction } from "./library-functions.ts";
import type { MacroTable, UnloadedModule } from "./env.ts";

/** Where the kernel's headers define macros of a family, by how their names begin. */
const macroFamilies: readonly (readonly [prefix: string, header: string])[] = [
  ["ATTR_", "linux/fs.h"],
  ["BLK_", "linux/blkdev.h"],
  ["DCACHE_", "linux/dcache.h"],
  ["DRM_", "drm/drm.h"],
  ["ELF_", "linux/elf.h"],
  ["EXIT_REASON_", "asm/vmx.h"],
  ["FMODE_", "linux/fs.h"],
  ["FS_", "linux/fs.h"],
  ["GFP_", "linux/gfp.h"],
  ["__GFP_", "linux/gfp.h"],
  ["ICMPV6_", "linux/icmpv6.h"],
  ["ICMP_", "linux/icmp.h"],
  ["IFF_", "linux/if.h"],
  ["INET_", "linux/inet.h"],
  ["IOCB_", "linux/fs.h"],
  ["IPV6_", "linux/in6.h"],
  ["IP_", "net/ip.h"],
  ["IRQF_", "linux/interrupt.h"],
  ["KVM_", "linux/kvm.h"],
  ["LOOKUP_", "linux/namei.h"],
  ["MAP_", "linux/mman.h"],
  ["MNT_", "linux/mount.h"],
  ["MSR_", "asm/msr-index.h"],
  ["NETIF_F_", "linux/netdev_features.h"],
  ["NFPROTO_", "linux/netfilter.h"],
  ["NLM_", "linux/netlink.h"],
  ["PCI_", "linux/pci_regs.h"],
  ["PERF_", "linux/perf_event.h"],
  ["PF_", "linux/sched.h"],
  ["PG_", "linux/page-flags.h"],
  ["REQ_", "linux/blk_types.h"],
  ["RTM_", "linux/rtnetlink.h"],
  ["RTN_", "linux/rtnetlink.h"],
  ["SB_", "linux/fs.h"],
  ["SCHED_", "linux/sched.h"],
  ["SKB_", "linux/skbuff.h"],
  ["TASK_", "linux/sched.h"],
  ["TCPHDR_", "net/tcp.h"],
  ["TCP_", "linux/tcp.h"],
  ["UDP_", "linux/udp.h"],
  ["USB_", "linux/usb/ch9.h"],
  ["VLAN_", "linux/if_vlan.h"],
  ["VM_", "linux/mm.h"],
  ["X86_", "asm/cpufeatures.h"],
  ["XATTR_", "linux/xattr.h"],
];

/** What is known of a text besides its names. */
export interface TextFacts {
  /** Kernel headers that it includes. */
  readonly includes: readonly string[];
  readonly findUnloadedModule: (name: string) => UnloadedModule | undefined;
  readonly listHelpers: () => readonly string[];
  readonly macros: MacroTable;
  /** The names of its tables. */
  readonly maps: readonly { readonly name: string }[];
  /** What stands before it: structs of tracepoints. */
  readonly head: readonly string[];
}

/** What clang says about names that nothing declares, or something else does, and what to tell the user then. */
const messages: readonly {
  readonly pattern: RegExp;
  explain(name: string, facts: TextFacts, line: string): string | undefined;
}[] = [
  { pattern: /use of undeclared identifier '(\w+)'/, explain: explainIdentifier },
  {
    pattern:
      /call to undeclared (?:library )?function '(\w+)'|implicit declaration of function '(\w+)'|implicitly declaring library function '(\w+)'/,
    explain: explainFunction,
  },
  {
    pattern: /(?:incomplete definition of type|incomplete type|undefined type) '(?:const )?((?:struct|union|enum) \w+)/,
    explain: (name, facts) =>
      explainLaterType(name) ??
      (name.startsWith("struct tracepoint__")
        ? "this kernel has no such tracepoint, or its format file cannot be read: ls /sys/kernel/tracing/events"
        : `this kernel's types have no "${name}"${explainModule(name.split(" ")[1]!, facts) ?? ", nor have its loaded modules: the kernel was built without it, or it is in a module that is not loaded"}`),
  },
  {
    pattern: /redefinition of '(\w+)' as different kind of symbol/,
    explain: (name) =>
      `the kernel's types have a "${name}" of their own, an enumerator or a typedef: give yours another name, for example "${name}_"`,
  },
  {
    pattern: /unknown type name '(\w+)'/,
    explain: (name, facts) =>
      `this kernel's types have no "${name}"${explainModule(name, facts) ?? `; declare it in the text: typedef … ${name};`}`,
  },
  {
    pattern: /used type '([^']+)'(?: \(aka '[^']*'\))? where arithmetic or pointer type is required/,
    explain: (name) =>
      `a register holds a number or a pointer: take a "${name}" as a pointer, or as unsigned long where it has eight bytes or less and is passed by value`,
  },
  // A table is a struct without a name to clang; whose it is, the line tells.
  {
    pattern: /(subscripted value) is not an array, pointer, or vector/,
    explain: (_, { maps }, line) => {
      const table = findTable(maps, line, /^\s*\[/);
      return (
        table &&
        `"${table}" is a table: ${table}.lookup(&key) answers a pointer to a value, ${table}.increment(key) counts`
      );
    },
  },
  {
    pattern: /(member reference type) 'struct \((?:unnamed|anonymous) .*is not a pointer/,
    explain: (_, { maps }, line) => {
      const table = findTable(maps, line, /^\s*->/);
      return table && `"${table}" is a table: its methods stand behind a dot, as in ${table}.lookup(&key)`;
    },
  },
  {
    pattern: /operand of type '((?:struct|union) [^']*)' where arithmetic or pointer type is required/,
    explain: (name) =>
      `a BPF program returns a number: make it "int", and hand a "${name}" to the script by a table or as an event (events.perf_submit(ctx, &data, sizeof(data)))`,
  },
  {
    pattern: /no member named '(\w+)' in 'struct tracepoint__/,
    explain: (name, { head }) =>
      head.some((line) => new RegExp(`\\bdata_loc_${name}\\b`).test(line))
        ? `"${name}" has a variable length (__data_loc): TP_DATA_LOC_READ_STR(&to, ${name}, sizeof(to)) copies a text, TP_DATA_LOC_READ_CONST(&to, ${name}, sizeof(to)) that many bytes`
        : undefined,
  },
  // clang's own "did you mean" is better than ours.
  {
    pattern: /no member named '(\w+)' in '(?:struct|union) [^']*'(?!; did you mean)/,
    explain: (name) =>
      `it has no "${name}" here; fields of the kernel's structs change between kernels: bpftool btf dump file /sys/kernel/btf/vmlinux format c`,
  },
];

/**
 * Explains a message of clang's about a name that it does not know or knows as something else: which kernel
 * header has it, and why including that header does not help. Undefined for
 * other messages.
 */
export function explainUnknownName(message: string, facts: TextFacts, line = ""): string | undefined {
  for (const { pattern, explain } of messages) {
    const match = pattern.exec(message);
    const name = match?.slice(1).find((part) => part !== undefined);
    const found = name === undefined ? undefined : explain(name, facts, line);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The table whose name stands in a line before what is wrong. */
function findTable(maps: TextFacts["maps"], line: string, next: RegExp): string | undefined {
  return maps.find(({ name }) =>
    [...line.matchAll(new RegExp(`\\b${name}\\b`, "g"))].some((match) =>
      next.test(line.slice(match.index + name.length)),
    ),
  )?.name;
}

/** What BPF programs use of a newer kernel. */
function explainLaterType(name: string): string | undefined {
  const since = findTypeVersion(name.split(" ")[1] ?? "");
  return since === undefined
    ? undefined
    : `"${name}" came with Linux ${since}, and this kernel is older; try it on another kernel: bpfts vm run`;
}

/** Where the type is: in a module that this kernel could load. */
function explainModule(name: string, { findUnloadedModule }: TextFacts): string | undefined {
  const found = findUnloadedModule(name);
  if (found === undefined) return undefined;
  return found.isSure
    ? `: it is in module "${found.module}", which is not loaded: modprobe ${found.module}`
    : `: it may be in module "${found.module}", which is not loaded: modprobe ${found.module}`;
}

/** Lists the names of types and enumerators that clang's messages say it does not know, or knows too little of. */
export function listUnknownTypes(messages: readonly string[]): string[] {
  const patterns = [
    /incomplete.*'(?:const )?(?:struct|union|enum) (\w+)(?: \*)*'/,
    /\b(?:struct|union|enum) (\w+)'.*incomplete/,
    /unknown type name '(\w+)'/,
    /forward declaration of '(?:struct|union|enum) (\w+)'/,
    /use of undeclared identifier '(\w+)'/,
  ];
  const names = messages.flatMap((message) => patterns.flatMap((pattern) => pattern.exec(message)?.[1] ?? []));
  return [...new Set(names)].filter((name) => !name.startsWith("tracepoint__"));
}

/** Lists the names that clang's messages say are declared as something else already. */
export function listTakenNames(messages: readonly string[]): string[] {
  return [
    ...new Set(
      messages.flatMap(
        (message) =>
          /redefinition of (?:enumerator )?'(\w+)'(?: as different kind of symbol)?$/.exec(message)?.[1] ?? [],
      ),
    ),
  ];
}

/** Constants that the kernel's configuration sets, and how they are given where nobody can read it. */
const configured: Readonly<Record<string, string>> = { HZ: "CONFIG_HZ", NR_CPUS: "CONFIG_NR_CPUS" };

function explainIdentifier(name: string, facts: TextFacts): string | undefined {
  if (!/^(?:_*[A-Z][A-Z0-9_]*|(?:__NR|SYS)_\w+)$/.test(name)) return adviseFunction(name);
  const known = explainConstant(name, facts.macros);
  if (known !== undefined) return known;
  const { includes } = facts;
  const family = macroFamilies.find(([prefix]) => name.startsWith(prefix))?.[1];
  const header = family ?? (includes.length === 1 ? includes[0] : undefined);
  const from = header === undefined ? "" : ` (${family === undefined ? "perhaps from" : "from"} <${header}>)`;
  return `"${name}" is a macro of the kernel's headers${from}, which its types do not carry; define it in the text: #define ${name} …`;
}

/** What is known of a constant that the kernel's headers have for others, or under another name. */
function explainConstant(name: string, macros: MacroTable): string | undefined {
  if (Object.hasOwn(configured, name))
    return `"${name}" is ${configured[name]!} of the kernel's configuration, which this machine does not show (/proc/config.gz, /boot/config-…): say what it is, cflags: ["-D${name}=…"]`;
  const call = /^SYS_(\w+)$/.exec(name)?.[1];
  if (call !== undefined && macros.find(`__NR_${call}`) !== undefined)
    return `the kernel calls the number of a system call __NR_${call}`;
  if (macros.isElsewhere(name))
    return name.startsWith("__NR_")
      ? `this architecture has no system call "${name.slice("__NR_".length)}"; put its use between #ifdef ${name} and #endif, and count the newer call, such as openat for open`
      : `"${name}" is a constant of another architecture: put its use between #ifdef ${name} and #endif`;
  const similar = findSimilar(name, macros.listNames(), name.length < 8 ? 1 : 2);
  return similar === undefined ? undefined : `did you mean "${similar}"?`;
}

function explainFunction(name: string, { listHelpers }: TextFacts): string {
  const advice = adviseFunction(name);
  if (advice !== undefined) return advice;
  const similar = findSimilar(name, [...listHelpers(), "bpf_trace_printk", "bpf_num_cpus"]);
  if (similar !== undefined && similar !== name) return `did you mean "${similar}"?`;
  return /^[a-z]/.test(name)
    ? `"${name}" is no BPF helper and no function of the text; inline functions of the kernel's headers must be written out`
    : `"${name}" may be a macro of the kernel's headers, which its types do not carry; define it in the text: #define ${name}(…) …`;
}
