import { UsageError } from "../../base/errors.ts";
import { findArgumentType } from "../../dialect/words/argument-types.ts";
import type { ListMachine } from "./list-machine.ts";
import { requireSource } from "./list-probes.ts";
import type { Probe, ProbeArgument, UserPlace } from "./probe.ts";
import { splitLast, splitUsdt } from "./user-sources.ts";
import { writeIteratorScript } from "./write-iterator-script.ts";

/** The kernel side of a script for one probe, and the calls that attach it. */
interface Plan {
  /** What stands in the file's first line. */
  readonly title: string;
  /** The function's head, up to its bracket. */
  readonly head: string;
  /** Members of the event, each with the statement that fills it in. */
  readonly values: readonly Value[];
  /** More names to import from the library. */
  readonly imports?: readonly string[];
  /** Lines before the program, options of it, and lines behind it. */
  readonly before?: readonly string[];
  readonly options?: readonly string[];
  readonly after?: readonly string[];
}

/** A member of the event. */
interface Value {
  readonly name: string;
  /** The declaration in C. */
  readonly member: string;
  readonly statement: string;
  /** How `printf` shows it. */
  readonly format: string;
}

/** A text takes so much room in an event. Units: bytes. */
const TEXT_BYTES = 64;
/** So many arguments fit a line of output. */
const MOST_VALUES = 6;

/**
 * Writes a script that counts the hits of a probe by command and prints each with its arguments. It runs as it is.
 *
 * @throws UsageError for what no program is attached to
 */
export function writeScript(machine: ListMachine, probe: Probe, place: UserPlace | undefined): string {
  if (probe.kind === "iter") return writeIteratorScript(machine, probe);
  const plan = planScript(machine, probe, place);
  const members = plan.values.map(({ member }) => `    ${member};`);
  const formats = ["%-16s", "%-7d", ...plan.values.map(({ format }) => format)];
  const heads = ["COMM", "PID", ...plan.values.map(({ name }) => name.toUpperCase())];
  const names = ["event.comm", "event.pid", ...plan.values.map(({ name }) => `event.${name}`)];
  const imports = ["BPF", "Interrupt", "command", "printf", ...(plan.imports ?? [])].sort(compareNames);
  return `// Prints each hit of ${plan.title}, and at the end how often which command made one.
//
//   bpfts run FILE                     until Ctrl-C
//   bpfts run -c 'COMMAND' FILE        of one command only
import { ${imports.join(", ")} } from "bpfts";

${(plan.before ?? []).map((line) => `${line}\n`).join("")}const b = new BPF({
  text: /* c */ \`
struct event_t {
    char comm[TASK_COMM_LEN];
    u32 pid;
${members.map((line) => `${line}\n`).join("")}};

struct key_t {
    char comm[TASK_COMM_LEN];
};

BPF_HASH(counts, struct key_t, u64);
BPF_RINGBUF_OUTPUT(events, 64);

${plan.head} {
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    if (ONLY_PID && pid != ONLY_PID)
        return 0;
    struct key_t key = {};
    bpf_get_current_comm(&key.comm, sizeof(key.comm));
    counts.increment(key);

    struct event_t event = {};
    event.pid = pid;
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
${plan.values.map(({ statement }) => `    ${statement}\n`).join("")}    events.ringbuf_output(&event, sizeof(event), 0);
    return 0;
}
\`,
  cflags: [\`-DONLY_PID=\${command?.pid ?? 0}\`],
${(plan.options ?? []).map((line) => `  ${line}\n`).join("")}});
${(plan.after ?? []).map((line) => `${line}\n`).join("")}
${renderCall(
  "",
  formats.map(showAsText),
  heads.map((head) => JSON.stringify(head)),
)}
try {
  for (const event of b.events("events")) {
${renderCall("    ", formats, names)}
  }
} catch (error) {
  if (!(error instanceof Interrupt)) throw error;
}

printf("\\n%-16s %s\\n", "COMM", "COUNT");
for (const [key, count] of b.tables.counts.top()) printf("%-16s %d\\n", key.comm, count);
`;
}

/** On one line where it fits. */
function renderCall(indent: string, formats: readonly string[], values: readonly string[]): string {
  const format = `"${formats.join(" ")}\\n"`;
  const line = `${indent}printf(${format}, ${values.join(", ")});`;
  if (line.length <= LINE_WIDTH) return line;
  return [`${indent}printf(`, ...[format, ...values].map((word) => `${indent}  ${word},`), `${indent});`].join("\n");
}

const LINE_WIDTH = 120;

/** As the formatter and the linter sort imports: capitals first. */
function compareNames(a: string, b: string): number {
  return a < b ? -1 : 1;
}

function showAsText(format: string): string {
  return format.replace(/[a-z]+$/, "s").replace("0x", "");
}

function planScript(machine: ListMachine, probe: Probe, place: UserPlace | undefined): Plan {
  const { args } = requireSource(probe.kind).describe(machine, probe, place);
  const title = `${probe.kind}:${probe.name}`;
  switch (probe.kind) {
    case "tracepoint":
    case "syscall": {
      const [category, event] =
        probe.kind === "syscall" ? ["syscalls", `sys_enter_${probe.name}`] : splitFirst(probe.name);
      return { title, head: `TRACEPOINT_PROBE(${category}, ${event})`, values: listFieldValues(args, category) };
    }
    case "raw_tracepoint":
      return {
        title,
        head: `RAW_TRACEPOINT_PROBE(${probe.name})`,
        values: args.slice(0, MOST_VALUES).map((arg, index) => listRawValue(arg, index)),
      };
    case "kprobe":
      // A copy that the compiler made has a name that is none in C.
      if (!/^\w+$/.test(probe.name))
        return {
          title,
          head: "int on_call(struct pt_regs *ctx)",
          values: [],
          after: [`b.attach_kprobe({ event: ${JSON.stringify(probe.name)}, fn_name: "on_call" });`],
        };
      return {
        title,
        head: `int kprobe__${probe.name}(${["struct pt_regs *ctx", ...args.slice(0, MOST_VALUES).map(declare)].join(", ")})`,
        values: listParameterValues(args.slice(0, MOST_VALUES)),
      };
    case "fentry":
      return {
        title,
        head: `KFUNC_PROBE(${[probe.name, ...args.map(declare)].join(", ")})`,
        values: listParameterValues(args),
      };
    case "lsm":
      return {
        title,
        head: `LSM_PROBE(${[probe.name, ...args.map(declare)].join(", ")})`,
        values: listParameterValues(args),
      };
    case "software":
    case "hardware":
      return planEvent(machine, probe, title);
    case "uprobe":
      return planUprobe(probe, title, place);
    case "usdt":
      return planUsdt(probe, title, args, place);
    default:
      throw new UsageError(`There is no skeleton for ${title}`, {
        hint: "there is one for tracepoints, functions, system calls, perf events, LSM hooks, iterators, uprobes and USDT probes",
      });
  }
}

function planEvent(machine: ListMachine, probe: Probe, title: string): Plan {
  const [, type, config] = /ev_type: (PerfType\.\w+), ev_config: (\w+\.\w+)/.exec(
    requireSource(probe.kind).describe(machine, probe, undefined).use,
  )!;
  const clock = /clock|cycles/.test(probe.name);
  return {
    title,
    head: "int on_event(struct bpf_perf_event_data *ctx)",
    values: [],
    imports: [config!.split(".")[0]!, "PerfType"],
    after: [
      "b.attach_perf_event({",
      `  ev_type: ${type},`,
      `  ev_config: ${config},`,
      clock ? "  sample_freq: 49," : "  sample_period: 1,",
      '  fn_name: "on_event",',
      "});",
    ],
  };
}

function planUprobe(probe: Probe, title: string, place: UserPlace | undefined): Plan {
  const [path, symbol] = splitLast(probe.name);
  return {
    title,
    head: "int on_call(struct pt_regs *ctx)",
    // A binary does not say what its functions take.
    values: [1, 2, 3].map((number) => ({
      name: `arg${number}`,
      member: `u64 arg${number}`,
      statement: `event.arg${number} = PT_REGS_PARM${number}(ctx);`,
      format: "0x%-16x",
    })),
    after: [
      `b.attach_uprobe({ name: ${JSON.stringify(path)}, sym: ${JSON.stringify(symbol)}, ${renderPid(place)}fn_name: "on_call" });`,
    ],
  };
}

function planUsdt(probe: Probe, title: string, args: readonly ProbeArgument[], place: UserPlace | undefined): Plan {
  const [path, provider, name] = splitUsdt(probe.name);
  return {
    title,
    head: "int on_probe(struct pt_regs *ctx)",
    values: args.slice(0, MOST_VALUES).map((arg, index) => ({
      name: arg.name,
      member: `${arg.type} ${arg.name}`,
      statement: `bpf_usdt_readarg(${index + 1}, ctx, &event.${arg.name});`,
      format: "%-12d",
    })),
    imports: ["USDT"],
    before: [
      `const usdt = new USDT({ path: ${JSON.stringify(path)}${place !== undefined && place.pid > 0 ? `, pid: ${place.pid}` : ""} });`,
      `usdt.enable_probe({ probe: "${provider}:${name}", fn_name: "on_probe" });`,
    ],
    options: ["usdt_contexts: [usdt],"],
  };
}

function renderPid(place: UserPlace | undefined): string {
  return place !== undefined && place.pid > 0 ? `pid: ${place.pid}, ` : "";
}

/** Fields of a tracepoint that fit an event: numbers, texts, and addresses of texts that a system call was given. */
function listFieldValues(args: readonly ProbeArgument[], category: string): readonly Value[] {
  const values = args.flatMap(({ name: field, type, size = 0, signed }): Value[] => {
    const name = nameMember(field);
    if (field === "__syscall_nr") return [];
    if (/^__(?:rel_)?(?:data_)?loc\b/.test(type)) {
      if (!/char ?\[\]/.test(type) || type.startsWith("__rel")) return [];
      return [text(name, `TP_DATA_LOC_READ_STR(&event.${name}, ${field}, sizeof(event.${name}));`)];
    }
    const length = /^(?:const )?char ?\[(\d+)\]$/.exec(type)?.[1];
    if (length !== undefined) {
      const statement = `__builtin_memcpy(&event.${name}, args->${field}, sizeof(event.${name}));`;
      return [{ name, member: `char ${name}[${length}]`, statement, format: "%-16s" }];
    }
    if (category === "syscalls" && type === "const char *")
      return [text(name, `bpf_probe_read_user_str(&event.${name}, sizeof(event.${name}), args->${field});`)];
    if (type.includes("*")) return [number(name, "u64", `event.${name} = (u64)args->${field};`, "0x%-16x")];
    if (![1, 2, 4, 8].includes(size) || /\[|^(?:struct|union)\b/.test(type)) return [];
    const integer =
      (category === "syscalls" ? findArgumentType(type)?.name : undefined) ?? `${signed ? "s" : "u"}${size * 8}`;
    return [number(name, integer, `event.${name} = args->${field};`, "%-12d")];
  });
  return values.slice(0, MOST_VALUES);
}

/** Every event has some members already. */
function nameMember(name: string): string {
  return name === "comm" || name === "pid" ? `arg_${name}` : name;
}

function listParameterValues(args: readonly ProbeArgument[]): readonly Value[] {
  const values = args.flatMap(({ name: parameter, type }): Value[] => {
    const name = nameMember(parameter);
    if (type === "const char *")
      return [text(name, `bpf_probe_read_kernel_str(&event.${name}, sizeof(event.${name}), ${parameter});`)];
    if (/\*|\(/.test(type)) return [number(name, "u64", `event.${name} = (u64)${parameter};`, "0x%-16x")];
    const plain = findPlainType(type);
    return plain === undefined ? [] : [number(name, plain, `event.${name} = ${parameter};`, "%-12d")];
  });
  return values.slice(0, MOST_VALUES);
}

/** The type of a number as a member may have it; undefined for structs, arrays and what has no name. */
function findPlainType(type: string): string | undefined {
  const plain = type.replace(/\b(?:const|volatile)\b/g, "").trim();
  return /^(?!(?:struct|union)\b|enum$)[A-Za-z_][\w ]*$/.test(plain) ? plain : undefined;
}

/** The kernel widens each argument to 64 bits without its sign: the member's own type takes the part that it is. */
function listRawValue({ name, type }: ProbeArgument, index: number): Value {
  const member = nameMember(name);
  const plain = findPlainType(type);
  if (plain === undefined) return number(member, "u64", `event.${member} = ctx->args[${index}];`, "0x%-16x");
  return number(member, plain, `event.${member} = (${plain})ctx->args[${index}];`, "%-12d");
}

function text(name: string, statement: string): Value {
  return { name, member: `char ${name}[${TEXT_BYTES}]`, statement, format: "%-24s" };
}

function number(name: string, type: string, statement: string, format: string): Value {
  return { name, member: `${type} ${name}`, statement, format };
}

/** A parameter as C declares it. */
function declare({ name, type }: ProbeArgument): string {
  if (type.includes("(*)")) return type.replace("(*)", `(*${name})`);
  return type.endsWith("*") ? `${type}${name}` : `${type} ${name}`;
}

function splitFirst(name: string): [string, string] {
  const at = name.indexOf(":");
  return [name.slice(0, at), name.slice(at + 1)];
}
