// Counts the values of a function's arguments or result, by value or as a histogram.
// Subject: functions
//
//   bpfts argdist -H 'r:c:read(int fd)'                                     sizes that read() returns
//   bpfts -c ./job argdist -C 'p:c:malloc(size_t size):size_t:size'         how often which size is asked for
//   bpfts argdist -H 'r::vfs_write(void *file):u64:$latency/1000#us'        how long writes take
//
// Source: BCC's argdist, whose probe language, options and layout these are. Values of nested calls are told apart.
import {
  eprint,
  exit,
  filter_by_process,
  intervals,
  is_json_output,
  json_output,
  parse_args,
  process_id,
  thread_id,
} from "bpfts";
import { positive_int, positive_seconds, print, printf, strftime, tool_options } from "bpfts";
import { enable_usdt, read_place } from "./parts/probe-place.ts";
import type { ProbePlace } from "./parts/probe-place.ts";
import { ProbeProgram, attach_place, render_head } from "./parts/probe-program.ts";
import { ProbeText } from "./parts/probe-text.ts";
import type { Span } from "./parts/probe-text.ts";
import { ProbeWords, read_text } from "./parts/probe-words.ts";

const args = parse_args({
  description: "Trace a function and display a summary of its parameter values.",
  examples: `
Probe specifier syntax:
    {p,r,t,u}:{[library],category}:function(signature)[:type[,type...]:expr[,expr...][:filter]][#label]
    p, r, t, u   function entry, function exit, kernel tracepoint, USDT probe;
                 at function exit there are $retval, $entry(parameter) and $latency (in nanoseconds)
    library      the library or program of the function, empty for the kernel; of a tracepoint its category
    signature    the function's parameters as in C
    type, expr   what to collect; char * reads the text at an address
    filter       a condition in C
    label        shown in place of the specifier

examples:
    bpfts argdist -H 'p::__kmalloc(u64 size):u64:size'               # sizes of allocations
    bpfts argdist -p 1005 -C 'p:c:malloc(size_t size):size_t:size:size==16'
    bpfts argdist -C 'r:c:gets():char*:(char*)$retval#snooped strings'
    bpfts argdist -H 'r::__kmalloc(size_t size):u64:$latency/$entry(size)#ns per byte'
    bpfts argdist -p 1005 -C 'p:c:write(int fd):int:fd' -T 5         # the five busiest
    bpfts argdist -p 1005 -H 'r:c:read()'                            # what read() returns
    bpfts argdist -C 'r::vfs_read():u32:$PID:$latency > 100000'      # processes with slow reads
    bpfts argdist -C 'p:c:fork()#fork calls'
    bpfts argdist -H 't:block:block_rq_complete():u32:args->nr_sector'
    bpfts argdist -C 'u:pthread:pthread_start():u64:arg2' -p 1337
    bpfts argdist -H 'p:c:sleep(u32 seconds):u32:seconds' -H 'p:c:usleep(u32 us):u32:us'`,
  arguments: {
    pid: { flags: ["-p", "--pid"], type: process_id, help: "id of the process to trace (optional)" },
    tid: { flags: ["-t", "--tid"], type: thread_id, help: "id of the thread to trace (optional)" },
    string_size: {
      flags: ["-z", "--string-size"],
      type: positive_int,
      default: 80,
      help: "maximum string size to read from char* arguments (default %(default)s)",
    },
    interval: {
      flags: ["-i", "--interval"],
      type: positive_seconds,
      default: 1,
      help: "output interval, in seconds (default 1 second)",
    },
    duration: { flags: ["-d", "--duration"], type: positive_seconds, help: "total duration of trace, in seconds" },
    count: { flags: ["-n", "--number"], type: positive_int, help: "number of outputs" },
    verbose: { flags: ["-v", "--verbose"], help: "print resulting BPF program code before executing" },
    cumulative: {
      flags: ["-c", "--cumulative"],
      help: "do not clear histograms and freq counts at each interval",
    },
    top: {
      flags: ["-T", "--top"],
      type: positive_int,
      help: "number of top results to show (not applicable to histograms)",
    },
    histogram: {
      flags: ["-H", "--histogram"],
      type: "string",
      repeat: true,
      metavar: "specifier",
      help: "probe specifier to capture histogram of (see examples below)",
    },
    freq: {
      flags: ["-C", "--count"],
      type: "string",
      repeat: true,
      metavar: "specifier",
      help: "probe specifier to capture count of (see examples below)",
    },
    include: {
      flags: ["-I", "--include"],
      type: "string",
      repeat: true,
      metavar: "header",
      help: "additional header files to include in the BPF program; the kernel's types need none",
    },
    cgroup: tool_options.cgroup,
    json: tool_options.json,
  },
});
json_output(args.json);

interface Probe {
  readonly probe: ProbeText;
  readonly place: ProbePlace;
  readonly isHistogram: boolean;
  readonly signature: Span;
  readonly types: readonly string[];
  readonly exprs: readonly Span[];
  readonly filter: Span | undefined;
  readonly label: string | undefined;
  readonly isDefault: boolean;
}

function read_probe(text: string, isHistogram: boolean): Probe {
  const probe: ProbeText = new ProbeText(text);
  const [whole, label] = probe.split(probe.cut(0), "#");
  const open = text.indexOf("(");
  const close = open < 0 ? undefined : probe.find_closing(open);
  if (whole === undefined || close === undefined)
    probe.fail(Math.max(open, 0), "a function signature in parentheses is missing", "for example p:c:write(int fd)");
  const place = read_place(probe, probe.cut(0, open));
  const signature = probe.cut(open + 1, close);
  const [before, types, exprs, ...filters] = probe.split(probe.cut(close + 1, whole.at + whole.text.length), ":");
  if (before !== undefined && before.text !== "") probe.fail(before.at, 'a ":" stands between signature and type');
  const isDefault = types === undefined;
  const isReturn = place.kind === "r";
  const rest = { probe, place, isHistogram, signature, label: label?.text, isDefault };
  if (isDefault) {
    if (isHistogram && !isReturn)
      probe.fail(close, "histograms must have expr", "write a type and an expression behind the signature: :u64:size");
    return {
      ...rest,
      types: [isReturn ? "int" : "u64"],
      exprs: [{ text: isReturn ? "$retval" : "1", at: open }],
      filter: undefined,
    };
  }
  if (types.text === "") probe.fail(types.at, "no expr types specified");
  if (exprs === undefined || exprs.text === "")
    probe.fail(types.at, "no exprs specified", `write an expression behind the type: :${types.text}:EXPR`);
  const typeList = probe.split(types, ",").map((type) => type.text);
  const exprList = probe.split(exprs, ",");
  if (typeList.length !== exprList.length)
    probe.fail(exprs.at, `mismatched # of exprs and types: there are ${exprList.length} and ${typeList.length}`);
  if (isHistogram && exprList.length > 1) probe.fail(exprList[1]!.at, "histograms can only have 1 expr");
  // A filter may have colons of its own.
  const filter =
    filters.length === 0 ? undefined : probe.cut(filters[0]!.at, filters.at(-1)!.at + filters.at(-1)!.text.length);
  return { ...rest, types: typeList, exprs: exprList, filter: filter?.text === "" ? undefined : filter };
}

/** The parameters of a signature: a type, and a name behind it. */
function read_parameters(probe: ProbeText, signature: Span): Map<string, string> {
  const list = probe.split(signature, ",").flatMap(({ text }) => {
    const [, type, name] = /^(.*[\s*])([A-Za-z_]\w*)$/s.exec(text) ?? [];
    return type === undefined ? [] : [[name!, type.trim()] as const];
  });
  return new Map(list);
}

const is_text = (type: string): boolean => /^(const\s+)?char\s*\*$/.test(type);
const probes = [
  ...args.freq.map((text) => read_probe(text, false)),
  ...args.histogram.map((text) => read_probe(text, true)),
];
if (probes.length === 0) {
  eprint("at least one specifier is required");
  exit(1);
}

const program = new ProbeProgram();
for (const header of args.include) program.add(/^[./]/.test(header) ? `#include "${header}"` : `#include <${header}>`);
program.add(`${filter_by_process(args)}${read_text}
struct text_t { char s[${args.string_size}]; };
struct level_t { u32 tid; u32 level; };`);
const made = probes.map((one, index) => add_probe(one, `dist_${index + 1}`));
if (args.verbose) print(program.text);

function add_probe(
  { probe, place, isHistogram, signature, types, exprs, filter }: Probe,
  name: string,
): { readonly usdt?: ReturnType<typeof enable_usdt>; readonly hasEntry: boolean } {
  const usdt = place.kind === "u" ? enable_usdt(probe, place, `${name}_hit`, args.pid) : undefined;
  const parameters = read_parameters(probe, signature);
  const kept = new Map<string, string>();
  const ownWords: Record<string, string> = {};
  if (place.kind === "r") {
    ownWords["$latency"] = "u64 $latency = bpf_ktime_get_ns() - call->since;";
    for (const [parameter, type] of parameters)
      ownWords[`$entry_${parameter}`] = `${type} $entry_${parameter} = call->${parameter};`;
  }
  /** `$entry(size)` becomes a word that is as wide. */
  const lowerEntries = ({ text, at }: Span): Span => {
    const replaced = text.replace(
      /\$entry\s*\(\s*(\w*)\s*\)|\$latency\b/g,
      (whole, parameter: string | undefined, index: number) => {
        if (place.kind !== "r")
          probe.fail(at + index, `"${whole}" is there when a function returns`, 'write "r:" before the library');
        if (parameter === undefined) return whole;
        const type =
          parameters.get(parameter) ??
          probe.fail(
            at + index,
            `${whole}: no such param`,
            `the signature has ${[...parameters.keys()].join(", ") || "none"}`,
          );
        kept.set(parameter, type);
        return `$entry_${parameter}`.padEnd(whole.length);
      },
    );
    return { text: replaced, at };
  };
  const words = new ProbeWords(probe, {
    place,
    signature: place.kind === "p" ? signature : undefined,
    argumentTypes: usdt?.types ?? [],
    isBinary: false,
    ownWords,
  });
  const condition = filter && words.lower(lowerEntries(filter));
  const values = exprs.map((expr) => words.lower(lowerEntries(expr)));
  const hasEntry = kept.size > 0 || words.declarations.has("$latency");
  const unwanted = "    if (process_should_be_filtered())\n        return 0;";
  program.add(words.functions);
  if (hasEntry)
    program.add(`struct ${name}_call_t { u64 since; ${[...kept].map(([parameter, type]) => `${type} ${parameter}; `).join("")}};
BPF_HASH(${name}_levels, u32, u32, 65536);
BPF_HASH(${name}_calls, struct level_t, struct ${name}_call_t, 65536);
${render_head(place, `${name}_entry`, signature.text)} {
    struct level_t level = { .tid = bpf_get_current_pid_tgid() };
${unwanted}
    u32 zero = 0, *depth = ${name}_levels.lookup_or_try_init(&level.tid, &zero);
    if (!depth)
        return 0;
    level.level = (*depth)++;
    struct ${name}_call_t call;
    __builtin_memset(&call, 0, sizeof(call));
    ${[...kept.keys()].map((parameter) => `call.${parameter} = ${parameter};\n    `).join("")}call.since = bpf_ktime_get_ns();
    ${name}_calls.update(&level, &call);
    return 0;
}`);
  if (isHistogram) program.add(`BPF_HISTOGRAM(${name}, int, 65);`);
  else
    program.add(
      `struct ${name}_key_t { ${types.map((type, index) => `${is_text(type) ? "struct text_t" : type} v${index}; `).join("")}};\nBPF_HASH(${name}, struct ${name}_key_t, u64, 65536);`,
    );
  program.add(`${render_head(place.kind === "p" ? place : { ...place, isSyscall: false }, `${name}_hit`, place.kind === "p" ? signature.text : undefined)} {
${unwanted}`);
  if (hasEntry)
    program.add(`    struct level_t level = { .tid = bpf_get_current_pid_tgid() };
    u32 *depth = ${name}_levels.lookup(&level.tid);
    // It was called before the trace began.
    if (!depth)
        return 0;
    level.level = --*depth;
    if (level.level == 0)
        ${name}_levels.delete(&level.tid);
    struct ${name}_call_t *found = ${name}_calls.lookup(&level);
    if (!found)
        return 0;
    struct ${name}_call_t kept_call = *found, *call = &kept_call;
    ${name}_calls.delete(&level);`);
  program.add(`    ${[...words.declarations.values()].join("\n    ")}`);
  if (condition) program.add_expression("    if (!(", probe, place, condition, "    )) return 0;");
  if (isHistogram)
    program.add_expression(
      `    ${types[0]!} value = (${types[0]!})(`,
      probe,
      place,
      values[0]!,
      `    );\n    ${name}.atomic_increment(bpf_log2l(value));`,
    );
  else {
    program.add(`    struct ${name}_key_t key;\n    __builtin_memset(&key, 0, sizeof(key));`);
    for (const [index, value] of values.entries())
      if (is_text(types[index]!))
        program.add_expression(
          `    show_text(key.v${index}.s, sizeof(key.v${index}.s), (u64)(`,
          probe,
          place,
          value,
          "    ));",
        );
      else {
        // A bool is the lowest byte of its register, whose others may hold anything.
        const byte = types[index] === "bool" && exprs[index]!.text.trim() === "$retval" ? "(unsigned char)" : "";
        program.add_expression(`    key.v${index} = (${types[index]!})${byte}(`, probe, place, value, "    );");
      }
    program.add(`    ${name}.atomic_increment(key);`);
  }
  program.add("    return 0;\n}");
  return usdt === undefined ? { hasEntry } : { usdt, hasEntry };
}

const b = program.load(made.flatMap(({ usdt }) => (usdt === undefined ? [] : [usdt.context])));
for (const [index, { probe, place }] of probes.entries()) {
  const name = `dist_${index + 1}`;
  const prefix = place.isSyscall ? "syscall__" : "";
  if (place.kind !== "u") attach_place(b, probe, place, `${place.kind === "p" ? prefix : ""}${name}_hit`, args.pid);
  // Returns come first: a call of which only the return is seen counts for nothing.
  if (made[index]!.hasEntry) attach_place(b, probe, place, `${prefix}${name}_entry`, args.pid, true);
}

type Key = Readonly<Record<`v${number}`, unknown>>;
const show_value = (value: unknown): unknown =>
  typeof value === "object" && value !== null ? (value as { readonly s: string }).s : value;

for (const _ of intervals(args.interval, args.count, args.duration)) {
  const time = strftime("%H:%M:%S");
  if (!is_json_output()) printf("[%s]\n", time);
  for (const [index, one] of probes.entries()) show(one, `dist_${index + 1}`, time);
}

function show({ probe, isHistogram, exprs, label, isDefault, place }: Probe, name: string, time: string): void {
  const names = exprs.map(({ text }) => text.replace(/\$entry\s*\(\s*(\w+)\s*\)/g, "$1"));
  if (isHistogram) {
    b.table<number, bigint>(name).print_log2_hist(label ?? (isDefault ? "retval" : names[0]!), "", {
      take: !args.cumulative,
    });
    return;
  }
  const table = b.table<Key, bigint>(name);
  const rows = [...(args.cumulative ? table.items_lookup_batch() : table.items_lookup_and_delete_batch())];
  rows.sort((x, y) => (x[1] < y[1] ? -1 : x[1] > y[1] ? 1 : 0));
  if (!is_json_output()) printf("%s\n\t%-10s %s\n", label ?? probe.text, "COUNT", "EVENT");
  for (const [key, count] of args.top === undefined ? rows : rows.slice(-args.top)) {
    const values = names.map(
      (text, at) => [text === "$retval" && isDefault ? "retval" : text, show_value(key[`v${at}`])] as const,
    );
    const isCall = isDefault && place.kind !== "r";
    if (is_json_output())
      print(
        JSON.stringify(
          { time, probe: label ?? probe.text, count, ...(!isCall && { values: Object.fromEntries(values) }) },
          (_, value: unknown) => (typeof value === "bigint" ? Number(value) : value),
        ),
      );
    else if (isCall) printf("\t%-10d total calls\n", count);
    else printf("\t%-10d %s\n", count, values.map(([text, value]) => `${text} = ${String(value)}`).join(", "));
  }
}
