import { UsageError } from "../base/errors.ts";

type Kind =
  | "ADDRESS"
  | "CAPTURE"
  | "CHANGES"
  | "COMMAND"
  | "CONDITIONS"
  | "FIELD"
  | "FILE"
  | "N"
  | "NAME"
  | "NAMES"
  | "PERCENT"
  | "RATE";

/** Options of `bpfts run` that may stand behind a tool's name, too; the value is what they take, undefined for nothing. */
const lifted: Readonly<Record<string, Kind | undefined>> = {
  "--flame": "FILE",
  "--heatmap": "FILE",
  "--speedscope": "FILE",
  "--pprof": "FILE",
  "--perfetto": "FILE",
  "--folded": "FILE",
  "--pcap": "CAPTURE",
  "--command": "COMMAND",
  "--container": "NAME",
  "--columns": "CHANGES",
  "--cost": undefined,
  "--max-cpu": "PERCENT",
  "--max-rate": "RATE",
  "--fields": "NAMES",
  "--filter": "CONDITIONS",
  "--sort": "FIELD",
  "--max-events": "N",
  "--record": "FILE",
  "--output": "FILE",
  "--utc": undefined,
  "--web": "ADDRESS",
};

const longNames: ReadonlyMap<string, string> = new Map([
  ["-c", "--command"],
  ["-o", "--output"],
]);

/** BCC's own options of these names, which take no value and come to a tool from a part that it shares. */
const withSignOnly: ReadonlySet<string> = new Set(["--folded"]);

/**
 * Takes options of bpfts out of a tool's own arguments. An option that the tool's text names is the tool's. `-c` is `--command` and `-o` is `--output`. `--folded` without `=` is, too: in BCC's tools it takes
 * no file.
 *
 * @throws UsageError when a value is missing
 */
export function liftOptions(
  args: readonly string[],
  toolText: string,
): { readonly lifted: string[]; readonly rest: string[] } {
  const taken: string[] = [];
  const rest: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === "--") return { lifted: taken, rest: [...rest, ...args.slice(at)] };
    const [given = ""] = arg.split("=", 1);
    const name = longNames.get(arg) ?? given;
    const isOurs = Object.hasOwn(lifted, name) && ![given, name].some((one) => toolText.includes(`"${one}"`));
    if (!isOurs || (arg === name && withSignOnly.has(name))) rest.push(arg);
    else if (arg !== given || lifted[name] === undefined) taken.push(arg);
    else taken.push(`${name}=${requireValue(arg, lifted[name], args[++at])}`);
  }
  return { lifted: taken, rest };
}

const examples: Readonly<Record<Exclude<Kind, "FILE">, string>> = {
  ADDRESS: "for example: --web 127.0.0.1:8080",
  CAPTURE: "for example: --pcap drops.pcapng, or --pcap - for standard output",
  CHANGES: "for example: --columns +time,+container",
  COMMAND: "for example: -c 'ls /tmp'",
  CONDITIONS: "for example: --filter 'pid==1,comm~^ba'",
  FIELD: "for example: --sort pid, or --sort pid:desc",
  N: "for example: --max-events 10",
  NAME: "for example: --container web",
  RATE: "for example: --max-rate 200000",
  PERCENT: "for example: --max-cpu 5%",
  NAMES: "for example: --fields comm,pid",
};

/** Answers the value of an option. @throws UsageError when it is missing */
export function requireValue(option: string, kind: Kind, value: string | undefined): string {
  const mayBegin = kind === "CHANGES" || (kind === "CAPTURE" && value === "-");
  if (value !== undefined && value !== "" && (mayBegin || !value.startsWith("-"))) return value;
  if (kind !== "FILE") throw new UsageError(`${option} has no value`, { hint: examples[kind] });
  throw new UsageError(`${option} names no file`, { hint: `${option} FILE; ./-x for a name that begins with a dash` });
}
