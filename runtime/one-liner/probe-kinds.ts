/**
 * The kinds of probe that a one-liner names, one row each: how a probe is written, the function that it becomes in BCC's
 * dialect, and the call that attaches that function where its name does not.
 */

/** A probe as it was written, its parts told apart. */
export interface ProbeTarget {
  /** What stands between the colons, the kind's word left out. */
  readonly parts: readonly string[];
  /** A name that no other function of the text has. */
  readonly functionName: string;
  /** Whether another block has this very probe: then the function's name cannot be what attaches it. */
  readonly isRepeated: boolean;
  /** The process of `-p`. */
  readonly pid?: number;
}

/** The function that a probe becomes. */
export interface ProbeFunction {
  /** What stands before the `{`. */
  readonly head: string;
  /** A statement of the script that attaches it; undefined where its name does. */
  readonly attach?: string;
  /** A statement of the script before `new BPF`, and the name of what it makes, for USDT. */
  readonly usdt?: { readonly statement: string; readonly name: string };
}

export interface ProbeKind {
  readonly words: readonly string[];
  /** How it is written. */
  readonly form: string;
  readonly example: string;
  /** The name of the context in its functions. */
  readonly context: "args" | "ctx";
  /** How many parts it has. */
  readonly parts: readonly [min: number, max: number];
  /** How an argument is read: C for the value of `argN`. */
  readonly argument?: "register" | "array" | "usdt";
  /** How `retval` is read. */
  readonly returns?: "register" | "function";
  /** Whether what runs is the process that the event is about; the reason why not else. */
  elsewhere?(target: ProbeTarget): string | undefined;
  /** Answers what is wrong with the parts; undefined when nothing is. */
  refuse?(parts: readonly string[]): string | undefined;
  make(target: ProbeTarget): ProbeFunction;
}

const isName = (text: string): boolean => /^[A-Za-z_]\w*$/.test(text);

/** Whether a name is a pattern of the shell's. */
export function isPattern(text: string): boolean {
  return /[*?]/.test(text);
}

/** The regular expression of a shell pattern. */
export function renderExpression(pattern: string): string {
  const body = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return `^${body}$`;
}

/** An object of options in the script, those that are undefined left out. */
function renderOptions(options: Readonly<Record<string, string | number | undefined>>): string {
  const list = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${/^Perf\w+\./.test(String(value)) ? value : JSON.stringify(value)}`],
  );
  return `{ ${list.join(", ")} }`;
}

function makeKprobe(word: "kprobe" | "kretprobe", { parts, functionName, isRepeated }: ProbeTarget): ProbeFunction {
  const name = parts[0]!;
  if (isName(name) && !isRepeated) return { head: `int ${word}__${name}(struct pt_regs *ctx)` };
  const event = isPattern(name) ? { event_re: renderExpression(name) } : { event: name };
  return {
    head: `int ${functionName}(struct pt_regs *ctx)`,
    attach: `b.attach_${word}(${renderOptions({ ...event, fn_name: functionName })});`,
  };
}

function makeUprobe(word: "uprobe" | "uretprobe", { parts, functionName, pid }: ProbeTarget): ProbeFunction {
  const symbol = parts.at(-1)!;
  const name = parts.slice(0, -1).join(":");
  const place = /^0x[0-9a-f]+$/i.test(symbol)
    ? { addr: Number(symbol) }
    : isPattern(symbol)
      ? { sym_re: renderExpression(symbol) }
      : { sym: symbol };
  return {
    head: `int ${functionName}(struct pt_regs *ctx)`,
    attach: `b.attach_${word}(${renderOptions({ name, ...place, fn_name: functionName, pid })});`,
  };
}

function makePerfEvent(type: string, config: string, { functionName }: ProbeTarget, sample: object): ProbeFunction {
  const options = renderOptions({ ev_type: type, ev_config: config, fn_name: functionName, ...sample });
  return {
    head: `int ${functionName}(struct bpf_perf_event_data *ctx)`,
    attach: `b.attach_perf_event(${options});`,
  };
}

const noCount = (text: string | undefined): boolean => text !== undefined && !/^[1-9]\d{0,9}$/.test(text);

const softwareEvents: Readonly<Record<string, string>> = {
  cpu_clock: "CPU_CLOCK",
  cpu: "CPU_CLOCK",
  task_clock: "TASK_CLOCK",
  page_faults: "PAGE_FAULTS",
  faults: "PAGE_FAULTS",
  context_switches: "CONTEXT_SWITCHES",
  cs: "CONTEXT_SWITCHES",
  cpu_migrations: "CPU_MIGRATIONS",
  minor_faults: "PAGE_FAULTS_MIN",
  major_faults: "PAGE_FAULTS_MAJ",
  alignment_faults: "ALIGNMENT_FAULTS",
  emulation_faults: "EMULATION_FAULTS",
};

const hardwareEvents: Readonly<Record<string, string>> = {
  cpu_cycles: "CPU_CYCLES",
  cycles: "CPU_CYCLES",
  instructions: "INSTRUCTIONS",
  cache_references: "CACHE_REFERENCES",
  cache_misses: "CACHE_MISSES",
  branch_instructions: "BRANCH_INSTRUCTIONS",
  branches: "BRANCH_INSTRUCTIONS",
  branch_misses: "BRANCH_MISSES",
  bus_cycles: "BUS_CYCLES",
  ref_cycles: "REF_CPU_CYCLES",
};

const spellEvent = (name: string): string => name.toLowerCase().replaceAll("-", "_");

function makeCounter(type: "SOFTWARE" | "HARDWARE", events: Readonly<Record<string, string>>): Partial<ProbeKind> {
  return {
    parts: [1, 2],
    context: "ctx",
    refuse: ([name, count]) => {
      if (events[spellEvent(name!)] === undefined)
        return `there is no ${type.toLowerCase()} event "${name!}"; the events are ${Object.keys(events).join(", ")}`;
      return noCount(count) ? `"${count!}" is no number of events` : undefined;
    },
  };
}

/** The tracepoint categories whose events happen in whatever process is running then. */
const interruptCategories = new Set(["irq", "irq_vectors", "timer", "napi", "nmi", "hrtimer", "tasklet", "ipi"]);

/** Events of other categories of which the same is true: a request is completed, and a packet received, by an interrupt. */
const interruptEvents =
  /^(?:block:block_(?:rq_(?:complete|error)|bio_complete)|net:(?:netif_receive_skb|netif_rx|napi_gro)\w*)$/;

/** Whether a tracepoint happens in whatever process is running then. */
function isInterrupt(category: string, event: string): boolean {
  return interruptCategories.has(category) || interruptEvents.test(`${category}:${event}`);
}

export const probeKinds: readonly ProbeKind[] = [
  {
    words: ["tracepoint", "t"],
    form: "tracepoint:CATEGORY:EVENT",
    example: "tracepoint:syscalls:sys_enter_openat",
    context: "args",
    parts: [2, 2],
    elsewhere: ({ parts: [category, event] }) =>
      isInterrupt(category!, event!) ? "it happens in an interrupt, in whatever process runs then" : undefined,
    make: ({ parts: [category, event], functionName, isRepeated }) => {
      const name = `${category!}:${event!}`;
      if (isPattern(name))
        return {
          head: `int ${functionName}(void *args)`,
          attach: `b.attach_tracepoint(${renderOptions({ tp_re: renderExpression(name), fn_name: functionName })});`,
        };
      if (!isRepeated) return { head: `TRACEPOINT_PROBE(${category!}, ${event!})` };
      return {
        head: `int ${functionName}(struct tracepoint__${category!}__${event!} *args)`,
        attach: `b.attach_tracepoint(${renderOptions({ tp: name, fn_name: functionName })});`,
      };
    },
  },
  {
    words: ["rawtracepoint", "rt"],
    form: "rawtracepoint:EVENT",
    example: "rawtracepoint:sys_enter",
    context: "ctx",
    parts: [1, 1],
    argument: "array",
    make: ({ parts: [event], functionName, isRepeated }) =>
      isRepeated
        ? {
            head: `int ${functionName}(struct bpf_raw_tracepoint_args *ctx)`,
            attach: `b.attach_raw_tracepoint(${renderOptions({ tp: event, fn_name: functionName })});`,
          }
        : { head: `RAW_TRACEPOINT_PROBE(${event!})` },
  },
  {
    words: ["kprobe", "k"],
    form: "kprobe:FUNCTION",
    example: "kprobe:vfs_read",
    context: "ctx",
    parts: [1, 1],
    argument: "register",
    make: (target) => makeKprobe("kprobe", target),
  },
  {
    words: ["kretprobe", "kr"],
    form: "kretprobe:FUNCTION",
    example: "kretprobe:vfs_read",
    context: "ctx",
    parts: [1, 1],
    returns: "register",
    make: (target) => makeKprobe("kretprobe", target),
  },
  {
    words: ["fentry", "kfunc"],
    form: "fentry:FUNCTION",
    example: "fentry:vfs_read",
    context: "ctx",
    parts: [1, 1],
    argument: "array",
    refuse: refuseTracing,
    make: ({ parts: [name] }) => ({ head: `KFUNC_PROBE(${name!})` }),
  },
  {
    words: ["fexit", "kretfunc"],
    form: "fexit:FUNCTION",
    example: "fexit:vfs_read",
    context: "ctx",
    parts: [1, 1],
    argument: "array",
    returns: "function",
    refuse: refuseTracing,
    make: ({ parts: [name] }) => ({ head: `KRETFUNC_PROBE(${name!})` }),
  },
  {
    words: ["uprobe"],
    form: "uprobe:LIBRARY:SYMBOL",
    example: "uprobe:c:malloc",
    context: "ctx",
    parts: [2, 3],
    argument: "register",
    make: (target) => makeUprobe("uprobe", target),
  },
  {
    words: ["uretprobe"],
    form: "uretprobe:LIBRARY:SYMBOL",
    example: "uretprobe:bash:readline",
    context: "ctx",
    parts: [2, 3],
    returns: "register",
    make: (target) => makeUprobe("uretprobe", target),
  },
  {
    words: ["usdt", "u"],
    form: "usdt:PATH:[PROVIDER:]NAME",
    example: "usdt:node:gc__start",
    context: "ctx",
    parts: [2, 3],
    argument: "usdt",
    make: ({ parts, functionName, pid }) => {
      const name = `usdt_${functionName}`;
      const options = renderOptions({ path: parts[0], pid });
      const probe = renderOptions({ probe: parts.slice(1).join(":"), fn_name: functionName });
      return {
        head: `int ${functionName}(struct pt_regs *ctx)`,
        usdt: { name, statement: `const ${name} = new USDT(${options}).enable_probe(${probe});` },
      };
    },
  },
  {
    words: ["profile"],
    form: "profile:hz:N",
    example: "profile:hz:99",
    context: "ctx",
    parts: [2, 2],
    refuse: ([unit, count]) =>
      unit !== "hz" ? `its unit is hz, found "${unit!}"` : noCount(count) ? `"${count!}" is no frequency` : undefined,
    make: (target) =>
      makePerfEvent("PerfType.SOFTWARE", "PerfSWConfig.CPU_CLOCK", target, { sample_freq: Number(target.parts[1]) }),
  },
  {
    ...(makeCounter("SOFTWARE", softwareEvents) as ProbeKind),
    words: ["software", "s"],
    form: "software:EVENT:N",
    example: "software:page_faults:1",
    make: (target) => {
      const config = `PerfSWConfig.${softwareEvents[spellEvent(target.parts[0]!)]!}`;
      return makePerfEvent("PerfType.SOFTWARE", config, target, { sample_period: Number(target.parts[1] ?? 1) });
    },
  },
  {
    ...(makeCounter("HARDWARE", hardwareEvents) as ProbeKind),
    words: ["hardware", "h"],
    form: "hardware:EVENT:N",
    example: "hardware:cache_misses:10000",
    make: (target) => {
      const config = `PerfHWConfig.${hardwareEvents[spellEvent(target.parts[0]!)]!}`;
      return makePerfEvent("PerfType.HARDWARE", config, target, {
        sample_period: Number(target.parts[1] ?? 1_000_000),
      });
    },
  },
  {
    words: ["interval"],
    form: "interval:s:N",
    example: "interval:s:1",
    context: "ctx",
    parts: [2, 2],
    elsewhere: () => "a timer runs in whatever process is there then",
    refuse: ([unit, count]) =>
      unit !== "s" && unit !== "ms"
        ? `its unit is s or ms, found "${unit!}"`
        : noCount(count)
          ? `"${count!}" is no number of ${unit}`
          : undefined,
    make: (target) => {
      const [unit, count] = target.parts;
      const sample = { sample_period: Number(count) * (unit === "s" ? 1e9 : 1e6), cpu: 0 };
      return makePerfEvent("PerfType.SOFTWARE", "PerfSWConfig.CPU_CLOCK", target, sample);
    },
  },
];

function refuseTracing([name]: readonly string[]): string | undefined {
  if (isName(name!)) return undefined;
  return isPattern(name!)
    ? "one function is traced by one program: patterns are for kprobe"
    : `"${name!}" is no function's name`;
}

const byWord = new Map(probeKinds.flatMap((kind) => kind.words.map((word) => [word, kind] as const)));

/** BCC trace's short words, whose library tells the kernel's functions from those of programs. */
const shortWords: Readonly<Record<string, readonly [kernel: string, user: string]>> = {
  p: ["kprobe", "uprobe"],
  r: ["kretprobe", "uretprobe"],
};

/** Finds the kind of a word. `rest` is what follows it, for BCC trace's `p:[LIB]:FN`. */
export function findProbeKind(word: string, rest: string): { kind: ProbeKind; rest: string } | undefined {
  const short = shortWords[word];
  if (short === undefined) {
    const kind = byWord.get(word);
    return kind && { kind, rest };
  }
  const isKernel = rest.startsWith(":") || !rest.includes(":");
  const kind = byWord.get(short[isKernel ? 0 : 1])!;
  return { kind, rest: isKernel ? rest.replace(/^:/, "") : rest };
}

/** Every word that a probe may begin with. */
export function listProbeWords(): string[] {
  return [...byWord.keys(), ...Object.keys(shortWords)];
}
