// Lists the kernel's tracepoints, or the USDT probes of a process or library, with their arguments on request.
// Subject: probes
//
//   bpfts tplist 'sched:*'       tracepoints whose names match
//   bpfts tplist -v -l c         the USDT probes of libc, with their places
//
// Source: BCC's tplist, whose options and texts these are.
import { BPF, USDT, json_output, parse_args, print, printf, read_file, process_id } from "bpfts";

const args = parse_args({
  description: "Display kernel tracepoints or USDT probes and their formats.",
  examples: `
examples:
    bpfts tplist                       # all tracepoints
    bpfts tplist -v 'block:*issue'     # some of them, with their fields
    bpfts tplist -p 181                # the USDT probes of PID 181
    bpfts tplist -vv -l c '*memory*'   # some of libc, with places and arguments`,
  arguments: {
    pid: { flags: ["-p", "--pid"], type: process_id, help: "List USDT probes in the specified process" },
    lib: { flags: ["-l", "--lib"], type: "string", help: "List USDT probes in the specified library or executable" },
    verbosity: {
      flags: ["-v"],
      repeat: true,
      help: "Increase verbosity level (print variables, arguments, etc.)",
    },
    json: { flags: ["--json"], help: "print a JSON object a line" },
    filter: { optional: true, help: "A filter that specifies which probes/tracepoints to print" },
  },
});
json_output(args.json);

const level = args.verbosity.length;
const expression = new RegExp(`^${globToExpression(args.filter ?? "*")}$`);
if (args.pid === undefined && args.lib === undefined) listTracepoints();
else listProbes();

/** Source: Python's fnmatch. */
function globToExpression(glob: string): string {
  return glob.replace(/\[([!^]?)(\]?[^\]]*)\]|[\s\S]/g, (text, not: string | undefined, set: string | undefined) => {
    if (set !== undefined) return `[${not === "" ? "" : "^"}${set.replace(/[\\[\]^]/g, "\\$&")}]`;
    return text === "*" ? ".*" : text === "?" ? "." : text.replace(/[\\^$.|+()[\]{}]/, "\\$&");
  });
}

function listTracepoints(): void {
  for (const name of BPF.get_tracepoints(".*").filter((found) => expression.test(found))) {
    const fields = level > 0 ? readFields(name) : [];
    if (args.json) print(JSON.stringify({ name, ...(level > 0 && { fields }) }));
    else print([name, ...fields.map((field) => `    ${field};`)].join("\n"));
  }
}

/** The fields of a tracepoint's own, not those that all have. */
function readFields(name: string): string[] {
  const format = read_file(`/sys/kernel/tracing/events/${name.replace(":", "/")}/format`);
  return [...format.matchAll(/field:([^;]*);/g)]
    .map(([, field]) => field!)
    .filter((field) => !/\bcommon_\w+$/.test(field));
}

function listProbes(): void {
  const seen = new Set<string>();
  const context = new USDT({
    ...(args.pid !== undefined && { pid: args.pid }),
    ...(args.lib !== undefined && { path: args.lib }),
  });
  for (const probe of context.enumerate_probes()) {
    const name = `${probe.provider}:${probe.name}`;
    if (!expression.test(name) || seen.has(name)) continue;
    seen.add(name);
    const { bin_path, semaphore, locations, num_arguments } = probe;
    if (args.json) {
      const places = locations.map((place) => ({ address: Number(place.address), arguments: place.arguments }));
      print(JSON.stringify({ name, path: bin_path, semaphore: Number(semaphore), locations: places }));
    } else if (level === 0) {
      printf("%s %s\n", bin_path, name);
    } else {
      printf("%s [sema 0x%x]\n", name, semaphore);
      if (level === 1) printf("  %d location(s)\n  %d argument(s)\n", locations.length, num_arguments);
      else locations.forEach((place, index) => printLocation(bin_path, place, index + 1));
    }
  }
}

function printLocation(path: string, place: { address: bigint; arguments: readonly string[] }, number: number): void {
  printf("  location #%d %s 0x%x\n", number, path, place.address);
  place.arguments.forEach((argument, index) => printf("    argument #%d %s\n", index + 1, describeArgument(argument)));
}

/** What the assembler's words for an argument, `-4@%edi` or `8@-16(%rbp)`, say. Source: BCC's USDTProbeArgument. */
function describeArgument(text: string): string {
  const [, minus, size = "8", place = text] = /^(-?)(\d+)@(.*)$/.exec(text) ?? [];
  return `${size} ${minus === "-" ? "signed  " : "unsigned"} bytes @ ${describePlace(place)}`;
}

function describePlace(place: string): string {
  if (place.startsWith("$")) return place.slice(1);
  const memory = /^([\w.@+-]*?)([+-]?\d+)?\(%(\w+)(?:,%(\w+)(?:,(\d+))?)?\)$/.exec(place);
  if (memory === null) return place.replace(/^%/, "");
  const [, symbol = "", offset = "0", base, index, scale] = memory;
  const distance = Number(offset);
  const sign = distance < 0 ? "-" : "+";
  const from = symbol === "" ? base : `&${symbol}`;
  const indexed = index === undefined ? "" : ` + ${index}${scale === undefined ? "" : ` * ${scale}`}`;
  return `*(${from} ${sign} ${Math.abs(distance)}${indexed})`;
}
