import type { AutoAttach, ProgramKind } from "../text/unit.ts";

/** What a function's name or head macro asks for. */
export interface ProgramForm {
  /** The C name of the program. */
  readonly program: string;
  readonly kind: ProgramKind;
  readonly section: string;
  readonly autoAttach?: AutoAttach;
  /** What stands in place of the head macro and its arguments. */
  readonly head?: string;
  readonly tracepoint?: { readonly category: string; readonly event: string };
}

/** One way to write a program: a head macro, or a prefix of the function's name. */
interface FormWord {
  readonly word: string;
  readonly doc: string;
  read(args: readonly string[]): ProgramForm | undefined;
}

/** Spellings of system call entries that BCC knows; the session picks this machine's. */
const syscallPrefixes = [
  "__x64_sys_",
  "__x32_compat_sys_",
  "__ia32_compat_sys_",
  "__arm64_sys_",
  "__s390x_sys_",
  "__s390_sys_",
  "__riscv_sys_",
  "sys_",
];

function readKprobe(program: string, kind: "kprobe" | "kretprobe", target: string): ProgramForm {
  const prefix = syscallPrefixes.find((candidate) => target.startsWith(candidate));
  const syscall = prefix === undefined ? {} : { syscall: target.slice(prefix.length) };
  return { program, kind, section: kind, autoAttach: { kind, target, ...syscall } };
}

function readTracing(
  prefix: string,
  kind: "fentry" | "fexit",
  module: string,
  target: string,
  args: readonly string[] | undefined,
): ProgramForm {
  const program = `${prefix}__${module}__${target}`;
  const head = args === undefined ? {} : { head: `BPF_PROG(${[program, ...args].join(", ")})` };
  return { program, kind, section: `${kind}/${target}`, autoAttach: { kind, module, target }, ...head };
}

function readTracepoint(category: string, event: string, withHead: boolean): ProgramForm {
  const program = `tracepoint__${category}__${event}`;
  return {
    program,
    kind: "tracepoint",
    section: `tracepoint/${category}/${event}`,
    autoAttach: { kind: "tracepoint", category, event },
    tracepoint: { category, event },
    ...(withHead ? { head: `${program}(struct ${program} *args)` } : {}),
  };
}

/** Head macros: `WORD(args) { … }`. */
export const headWords: readonly FormWord[] = [
  {
    word: "TRACEPOINT_PROBE",
    doc: "TRACEPOINT_PROBE(category, event): a tracepoint, its fields in args",
    read: ([category, event]) =>
      category === undefined || event === undefined ? undefined : readTracepoint(category, event, true),
  },
  {
    word: "RAW_TRACEPOINT_PROBE",
    doc: "RAW_TRACEPOINT_PROBE(event): a raw tracepoint, its arguments in ctx->args[]",
    read: ([event]) =>
      event === undefined
        ? undefined
        : {
            program: `raw_tracepoint__${event}`,
            kind: "raw_tracepoint",
            section: `raw_tp/${event}`,
            autoAttach: { kind: "raw_tracepoint", event },
            head: `raw_tracepoint__${event}(struct bpf_raw_tracepoint_args *ctx)`,
          },
  },
  {
    word: "KFUNC_PROBE",
    doc: "KFUNC_PROBE(function, args…): the entry of a kernel function",
    read: ([target, ...args]) =>
      target === undefined ? undefined : readTracing("kfunc", "fentry", "vmlinux", target, args),
  },
  {
    word: "KRETFUNC_PROBE",
    doc: "KRETFUNC_PROBE(function, args…, ret): the return of a kernel function",
    read: ([target, ...args]) =>
      target === undefined ? undefined : readTracing("kretfunc", "fexit", "vmlinux", target, args),
  },
  {
    word: "MODULE_KFUNC_PROBE",
    doc: "MODULE_KFUNC_PROBE(module, function, args…)",
    read: ([module, target, ...args]) =>
      module === undefined || target === undefined ? undefined : readTracing("kfunc", "fentry", module, target, args),
  },
  {
    word: "MODULE_KRETFUNC_PROBE",
    doc: "MODULE_KRETFUNC_PROBE(module, function, args…, ret)",
    read: ([module, target, ...args]) =>
      module === undefined || target === undefined ? undefined : readTracing("kretfunc", "fexit", module, target, args),
  },
  {
    word: "KMOD_RET",
    doc: "KMOD_RET(function, args…, ret): changes the return value of a function",
    read: ([target, ...args]) =>
      target === undefined
        ? undefined
        : {
            program: `kmod_ret__${target}`,
            kind: "fmod_ret",
            section: `fmod_ret/${target}`,
            head: `BPF_PROG(${[`kmod_ret__${target}`, ...args].join(", ")})`,
          },
  },
  {
    word: "LSM_PROBE",
    doc: "LSM_PROBE(hook, args…): a security hook",
    read: ([hook, ...args]) =>
      hook === undefined
        ? undefined
        : {
            program: `lsm__${hook}`,
            kind: "lsm",
            section: `lsm/${hook}`,
            autoAttach: { kind: "lsm", hook },
            head: `BPF_PROG(${[`lsm__${hook}`, ...args].join(", ")})`,
          },
  },
  {
    word: "BPF_ITER",
    doc: "BPF_ITER(target): an iterator, its item in ctx",
    read: ([target]) =>
      target === undefined
        ? undefined
        : {
            program: `bpf_iter__${target}`,
            kind: "iter",
            section: `iter/${target}`,
            head: `bpf_iter__${target}(struct bpf_iter__${target} *ctx)`,
          },
  },
  {
    word: "BPF_PROG",
    doc: "BPF_PROG(name, args…): a program whose arguments come as an array of u64",
    read: ([name]) =>
      name === undefined
        ? undefined
        : (findProgramForm({ name, args: undefined }) ?? { program: name, kind: "any", section: "raw_tp" }),
  },
  {
    word: "BPF_KPROBE",
    doc: "BPF_KPROBE(name, args…): libbpf's kprobe with typed arguments",
    read: ([name]) => (name === undefined ? undefined : { program: name, kind: "kprobe", section: "kprobe" }),
  },
  {
    word: "BPF_KRETPROBE",
    doc: "BPF_KRETPROBE(name[, ret]): libbpf's kretprobe",
    read: ([name]) => (name === undefined ? undefined : { program: name, kind: "kretprobe", section: "kretprobe" }),
  },
  {
    word: "BPF_UPROBE",
    doc: "BPF_UPROBE(name, args…): libbpf's uprobe",
    read: ([name]) => (name === undefined ? undefined : { program: name, kind: "uprobe", section: "uprobe" }),
  },
  {
    word: "BPF_URETPROBE",
    doc: "BPF_URETPROBE(name[, ret]): libbpf's uretprobe",
    read: ([name]) => (name === undefined ? undefined : { program: name, kind: "uprobe", section: "uretprobe" }),
  },
  {
    word: "BPF_KSYSCALL",
    doc: "BPF_KSYSCALL(name, args…): libbpf's system call probe",
    read: ([name]) => (name === undefined ? undefined : { program: name, kind: "kprobe", section: "kprobe" }),
  },
  {
    word: "BPF_USDT",
    doc: "BPF_USDT(name, args…): libbpf's USDT probe",
    read: ([name]) => (name === undefined ? undefined : { program: name, kind: "usdt", section: "usdt" }),
  },
];

const splitOnce = (text: string): [string, string] | undefined => {
  const at = text.indexOf("__");
  return at < 0 ? undefined : [text.slice(0, at), text.slice(at + 2)];
};

/** Prefixes of function names. `args` is what follows the prefix. */
export const prefixWords: readonly FormWord[] = [
  {
    word: "kprobe__",
    doc: "kprobe__FUNCTION: the entry of a kernel function",
    read: ([rest]) => readKprobe(`kprobe__${rest!}`, "kprobe", rest!),
  },
  {
    word: "kretprobe__",
    doc: "kretprobe__FUNCTION: the return of a kernel function",
    read: ([rest]) => readKprobe(`kretprobe__${rest!}`, "kretprobe", rest!),
  },
  {
    word: "tracepoint__",
    doc: "tracepoint__CATEGORY__EVENT: a tracepoint",
    read: ([rest]) => {
      const parts = splitOnce(rest!);
      return parts === undefined ? undefined : readTracepoint(parts[0], parts[1], false);
    },
  },
  {
    word: "raw_tracepoint__",
    doc: "raw_tracepoint__EVENT: a raw tracepoint",
    read: ([rest]) => ({
      program: `raw_tracepoint__${rest!}`,
      kind: "raw_tracepoint",
      section: `raw_tp/${rest!}`,
      autoAttach: { kind: "raw_tracepoint", event: rest! },
    }),
  },
  {
    word: "kfunc__",
    doc: "kfunc__MODULE__FUNCTION: the entry of a kernel function, typed",
    read: ([rest]) => {
      const parts = splitOnce(rest!);
      return parts === undefined ? undefined : readTracing("kfunc", "fentry", parts[0], parts[1], undefined);
    },
  },
  {
    word: "kretfunc__",
    doc: "kretfunc__MODULE__FUNCTION: the return of a kernel function, typed",
    read: ([rest]) => {
      const parts = splitOnce(rest!);
      return parts === undefined ? undefined : readTracing("kretfunc", "fexit", parts[0], parts[1], undefined);
    },
  },
  {
    word: "kmod_ret__",
    doc: "kmod_ret__FUNCTION: changes a return value; attached by attach_fmod_ret",
    read: ([rest]) => ({ program: `kmod_ret__${rest!}`, kind: "fmod_ret", section: `fmod_ret/${rest!}` }),
  },
  {
    word: "lsm__",
    doc: "lsm__HOOK: a security hook",
    read: ([rest]) => ({
      program: `lsm__${rest!}`,
      kind: "lsm",
      section: `lsm/${rest!}`,
      autoAttach: { kind: "lsm", hook: rest! },
    }),
  },
  {
    word: "bpf_iter__",
    doc: "bpf_iter__TARGET: an iterator",
    read: ([rest]) => ({ program: `bpf_iter__${rest!}`, kind: "iter", section: `iter/${rest!}` }),
  },
  {
    word: "syscall__",
    doc: "syscall__NAME: fetches arguments as a system call passes them; attached by attach_kprobe",
    read: ([rest]) => ({ program: `syscall__${rest!}`, kind: "kprobe", section: "kprobe" }),
  },
];

/** Finds what a function's head asks for: by head macro when `args` are given, else by the prefix of its name. */
export function findProgramForm(head: {
  readonly name: string;
  readonly args: readonly string[] | undefined;
}): ProgramForm | undefined {
  if (head.args !== undefined) return headWords.find((word) => word.word === head.name)?.read(head.args);
  const word = prefixWords.find(
    (candidate) => head.name.startsWith(candidate.word) && head.name.length > candidate.word.length,
  );
  return word?.read([head.name.slice(word.word.length)]);
}

/** Context types that tell the kind of a program; `section` is what libbpf calls the kind. */
const contextKinds: readonly { readonly struct: RegExp; readonly kind: ProgramKind; readonly section: string }[] = [
  { struct: /^xdp_md$/, kind: "xdp", section: "xdp" },
  { struct: /^__sk_buff$/, kind: "tc", section: "tc" },
  { struct: /^bpf_perf_event_data$/, kind: "perf_event", section: "perf_event" },
  { struct: /^bpf_sock_ops$/, kind: "sock_ops", section: "sockops" },
  { struct: /^sk_msg_md$/, kind: "sk_msg", section: "sk_msg" },
  { struct: /^bpf_raw_tracepoint_args$/, kind: "raw_tracepoint", section: "raw_tp" },
  { struct: /^tracepoint__/, kind: "tracepoint", section: "tracepoint" },
];

/** Finds the kind of a program from the type of its first parameter; what attaches it may choose another. */
export function findContextKind(param: string): { readonly kind: ProgramKind; readonly section: string } {
  const struct = /\bstruct\s+(\w+)/.exec(param)?.[1] ?? "";
  const iterator = /^bpf_iter__(\w+)$/.exec(struct)?.[1];
  if (iterator !== undefined) return { kind: "iter", section: `iter/${iterator}` };
  return contextKinds.find((row) => row.struct.test(struct)) ?? { kind: "any", section: "kprobe" };
}

/** libbpf's section prefixes, longest first where one begins another. */
const sectionKinds: readonly (readonly [prefix: RegExp, kind: ProgramKind])[] = [
  [/^(kprobe|ksyscall)\b/, "kprobe"],
  [/^(kretprobe|kretsyscall)\b/, "kretprobe"],
  [/^(tracepoint|tp)\//, "tracepoint"],
  [/^(raw_tracepoint|raw_tp)\b/, "raw_tracepoint"],
  [/^tp_btf\b/, "tp_btf"],
  [/^fentry\b/, "fentry"],
  [/^fexit\b/, "fexit"],
  [/^fmod_ret\b/, "fmod_ret"],
  [/^lsm/, "lsm"],
  [/^iter\b/, "iter"],
  [/^perf_event\b/, "perf_event"],
  [/^xdp\b/, "xdp"],
  [/^(tc|tcx|classifier|action)\b/, "tc"],
  [/^sockops\b/, "sock_ops"],
  [/^sk_msg\b/, "sk_msg"],
  [/^sk_skb\b/, "sk_skb"],
  [/^u(ret)?probe\b/, "uprobe"],
  [/^usdt\b/, "usdt"],
  [/^syscall$/, "syscall"],
  [/^struct_ops\b/, "struct_ops"],
];

/** Finds the kind that libbpf gives a section. */
export function findKindOfSection(section: string): ProgramKind {
  const name = section.replace(/^\?/, "");
  return sectionKinds.find(([prefix]) => prefix.test(name))?.[1] ?? "any";
}
