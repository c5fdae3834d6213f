import type { FunctionTypes } from "./function-types.ts";
import type { ProbeKind } from "./probe-kinds.ts";

/** The block that a word stands in, as far as words care. */
export interface WordContext {
  readonly kind: ProbeKind;
  /** The probe as the user wrote it. */
  readonly probe: string;
  /** What the kernel's types say of the probe's values; undefined where they say nothing. */
  readonly types?: FunctionTypes;
}

/** What a word becomes, or why it means nothing there. */
export type WordMeaning = { readonly lines: readonly string[] } | { readonly refused: string; readonly hint: string };

/** A word that stands for something of the moment: `pid`. It is declared at the beginning of its block, so that C's own rules say what it means. */
export interface ReadyWord {
  readonly name: string;
  readonly doc: string;
  /** The lines that declare it. */
  declare(context: WordContext): WordMeaning;
  /** True for those that are asked anew each time. */
  readonly inline?: string;
}

const always =
  (...lines: readonly string[]) =>
  (): WordMeaning => ({ lines });

function declareStack(name: string, flags: string): (context: WordContext) => WordMeaning {
  return ({ kind }) => ({ lines: [`int ${name} = stack_traces.get_stackid(${kind.context}, ${flags});`] });
}

/** C leaves the rest of a register undefined where a value is narrower. */
function declareValue(type: string, name: string, register: string): string {
  return `${type} ${name} = ${/^[su]64$/.test(type) ? "" : `(${type})`}${register};`;
}

function refuseArgument(name: string, probe: string, count: number): WordMeaning {
  return {
    refused: `"${probe}" has no "${name}": it has ${count === 0 ? "no arguments" : count === 1 ? "one argument" : `${count} arguments`}`,
    hint:
      /sys_\w+$/.test(probe) && count === 1
        ? "the arguments of a system call are in its tracepoint: tracepoint:syscalls:sys_enter_NAME"
        : adviseList(probe),
  };
}

function adviseList(probe: string): string {
  return /^(?:uprobe|uretprobe|[pr]:[^:])/.test(probe)
    ? "the prototype in the text says so"
    : `see what it takes and returns: bpfts list -v '${probe}'`;
}

function declareArgument(number: number): ReadyWord {
  const name = `arg${number}`;
  return {
    name,
    doc: `the ${["first", "second", "third", "fourth", "fifth", "sixth"][number - 1]!} argument`,
    declare({ kind, probe, types }) {
      const type = types?.parameters[number - 1] ?? "u64";
      if (types !== undefined && !types.isVariadic && number > types.parameters.length && kind.argument !== undefined)
        return refuseArgument(name, probe, types.parameters.length);
      switch (kind.argument) {
        case "register":
          return { lines: [declareValue(type, name, `PT_REGS_PARM${number}(ctx)`)] };
        case "array":
          return {
            lines: [
              declareValue(type, name, `${kind.words[0] === "rawtracepoint" ? "ctx->args" : "ctx"}[${number - 1}]`),
            ],
          };
        case "usdt":
          // The note says the sign, by which the value is widened.
          return { lines: [`s64 ${name} = 0;`, `bpf_usdt_readarg(${number}, ctx, &${name});`] };
        default:
          return {
            refused: `"${probe}" has no "${name}"`,
            hint:
              kind.context === "args"
                ? "the fields of a tracepoint are in args: args->NAME"
                : kind.returns === undefined
                  ? "arguments are there in kprobe, fentry, uprobe, usdt and rawtracepoint"
                  : "a function's arguments are gone when it returns: keep them in its entry probe, for example args1.set(tid, arg1)",
          };
      }
    },
  };
}

export const readyWords: readonly ReadyWord[] = [
  { name: "pid", doc: "the process", declare: always("u32 pid = bpf_get_current_pid_tgid() >> 32;") },
  { name: "tid", doc: "the thread", declare: always("u32 tid = bpf_get_current_pid_tgid();") },
  { name: "uid", doc: "the user", declare: always("u32 uid = bpf_get_current_uid_gid();") },
  { name: "gid", doc: "the group", declare: always("u32 gid = bpf_get_current_uid_gid() >> 32;") },
  {
    name: "comm",
    doc: "the thread's name",
    declare: always("char comm[TASK_COMM_LEN];", "bpf_get_current_comm(&comm, sizeof(comm));"),
  },
  { name: "cpu", doc: "the CPU", declare: always("u32 cpu = bpf_get_smp_processor_id();") },
  {
    name: "nsecs",
    doc: "nanoseconds since the boot",
    inline: "bpf_ktime_get_ns()",
    declare: always(),
  },
  { name: "walltime", doc: "the time of day, printed as such", inline: "bpf_ktime_get_ns()", declare: always() },
  { name: "cgroup", doc: "the id of the cgroup", declare: always("u64 cgroup = bpf_get_current_cgroup_id();") },
  {
    name: "ppid",
    doc: "the parent process",
    declare: always("u32 ppid = ((struct task_struct *)bpf_get_current_task())->real_parent->tgid;"),
  },
  {
    name: "cpid",
    doc: "the process of -c",
    declare: always(
      "u32 cpid = 0, *cpid_value = command_pid.lookup(&cpid);",
      "if (cpid_value)",
      "    cpid = *cpid_value;",
    ),
  },
  {
    name: "retval",
    doc: "what the function returns",
    declare({ kind, probe, types }) {
      if (kind.returns !== undefined && types?.returns === "void")
        return {
          refused: `"${probe}" has no "retval": nothing is returned`,
          hint: adviseList(probe),
        };
      // What fills its register may be an error's number, too.
      const type = types?.returns === undefined || types.returns === "u64" ? "s64" : types.returns;
      if (kind.returns === "register") return { lines: [declareValue(type, "retval", "PT_REGS_RC(ctx)")] };
      // The result lies behind the arguments; the helper that finds it there came with Linux 5.17.
      if (kind.returns === "function")
        return types === undefined
          ? { lines: ["s64 retval = 0;", "bpf_get_func_ret(ctx, (void *)&retval);"] }
          : { lines: [declareValue(type, "retval", `ctx[${types.parameters.length}]`)] };
      return {
        refused: `"${probe}" has no "retval"`,
        hint:
          kind.context === "args"
            ? "a tracepoint's fields are in args: args->ret at the exit of a system call"
            : "a function's result is there in kretprobe, fexit and uretprobe",
      };
    },
  },
  ...[1, 2, 3, 4, 5, 6].map(declareArgument),
  { name: "kstack", doc: "the kernel's stack", declare: declareStack("kstack", "0") },
  { name: "ustack", doc: "the process's stack", declare: declareStack("ustack", "BPF_F_USER_STACK") },
];

const byName = new Map(readyWords.map((word) => [word.name, word]));

/** Finds a ready word. */
export function findReadyWord(name: string): ReadyWord | undefined {
  return byName.get(name);
}
