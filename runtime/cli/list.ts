import type { Command } from "commander";
import { UsageError } from "../base/errors.ts";
import { openStderrLog } from "../base/log.ts";
import { openListMachine } from "../inspect/list/list-machine.ts";
import type { ListMachine } from "../inspect/list/list-machine.ts";
import { listProbes, requireSource } from "../inspect/list/list-probes.ts";
import { listTypes, parseTypePattern } from "../inspect/list/list-types.ts";
import type { ProbeDetails } from "../inspect/list/probe.ts";
import { renderDetails } from "../inspect/list/render-details.ts";
import { probeSources } from "../inspect/list/probe-sources.ts";
import { writeScript } from "../inspect/list/write-script.ts";

const examples = `
Patterns are [KIND:]NAME, and [KIND:]PATH[:NAME] for programs and libraries. * ? [abc] stand for parts of a name.

Examples:
  bpfts list 'tracepoint:*'                  every tracepoint
  bpfts list '*open*'                        whatever has "open" in its name
  bpfts list -v sched_switch                 its fields with their types
  bpfts list -r 'kprobe:vfs_(read|write)v?'  by a regular expression, as BCC takes it
  bpfts list 'uprobe:c:mal*'                 functions of libc
  bpfts list -p 181 'usdt:*'                 USDT probes of what a process has loaded
  bpfts list -v 'struct task_struct'         how the kernel lays a struct out
  bpfts list --takes 'struct sk_buff *'      kernel functions by the types of their parameters
  bpfts list 'helper:xdp:*'                  helpers that XDP programs may call
  bpfts list --script vfs_read > reads.ts    a script for the probe that runs as it is
  bpfts list --kinds                         the kinds of probes`;

interface ListFlags {
  readonly verbose: boolean;
  readonly regex: boolean;
  readonly pid?: string;
  readonly takes?: string;
  readonly returns?: string;
  readonly json: boolean;
  readonly script: boolean;
  readonly kinds: boolean;
}

/** Adds `bpfts list`. */
export function addCommand(program: Command, finish: (exitCode: number) => void): void {
  program
    .command("list")
    .summary("list what a script can attach to, and types and helpers of the kernel")
    .description(
      "List the probes of the kernel, of programs and of libraries that a pattern fits. Without a pattern it lists all of the kernel's.",
    )
    .argument("[pattern]", "the kind and the name, with * and ? for parts of a name")
    .option("-v, --verbose", "with the arguments and their types", false)
    .option("-r, --regex", "the name is a regular expression that must fit whole", false)
    .option("-p, --pid <pid>", "look into the programs and libraries of a process")
    .option("--takes <type>", "kernel functions with a parameter of that type")
    .option("--returns <type>", "kernel functions that return that type")
    .option("--json", "print an array of { kind, name, probe }, with -v args, returns and use", false)
    .option("--script", "print a script for the one probe that the pattern fits", false)
    .option("--kinds", "print the kinds of probes with a line on each", false)
    .option("--json-errors", "write errors as JSON, one a line")
    .addHelpText("after", examples)
    .action((pattern: string | undefined, flags: ListFlags) => {
      const machine = openListMachine();
      try {
        process.stdout.write(renderList(machine, pattern, flags));
      } finally {
        machine.close();
      }
      finish(0);
    });
}

function renderList(machine: ListMachine, pattern: string | undefined, flags: ListFlags): string {
  if (flags.kinds) return renderKinds(machine, flags.json);
  const types = pattern === undefined ? undefined : parseTypePattern(pattern);
  if (types !== undefined) return renderTypes(machine, types, flags);
  const { probes, place, notes } = listProbes(machine, {
    ...(pattern !== undefined && { pattern }),
    isRegex: flags.regex,
    pid: parsePid(flags.pid),
    ...(flags.takes !== undefined && { takes: flags.takes }),
    ...(flags.returns !== undefined && { returns: flags.returns }),
  });
  const log = openStderrLog({ verbose: false });
  for (const note of notes) log.warn(note);
  if (flags.script) {
    if (probes.length > 1 && new Set(probes.map(({ name }) => name.replace(/^.*:/, ""))).size > 1)
      throw new UsageError(`Cannot write one script for ${probes.length} probes`, {
        hint: `name one of them: ${probes
          .slice(0, 5)
          .map(({ kind, name }) => `"${kind}:${name}"`)
          .join(", ")}, …`,
      });
    return writeScript(machine, probes[0]!, place);
  }
  const describe = (probe: (typeof probes)[number]): ProbeDetails =>
    requireSource(probe.kind).describe(machine, probe, place);
  if (flags.json) {
    const rows = probes.map((probe) => ({
      ...probe,
      probe: `${probe.kind}:${probe.name}`,
      ...(flags.verbose && describe(probe)),
    }));
    return `${JSON.stringify(rows, undefined, 2)}\n`;
  }
  return probes
    .map((probe) => `${probe.kind}:${probe.name}\n${flags.verbose ? renderDetails(describe(probe)) : ""}`)
    .join("");
}

function renderTypes(
  machine: ListMachine,
  { keyword, glob }: { readonly keyword: string; readonly glob: string },
  flags: ListFlags,
): string {
  const types = listTypes(machine, keyword, glob);
  if (flags.json)
    return `${JSON.stringify(
      types.map(({ name, definition }) => ({ kind: keyword, name, ...(flags.verbose && { definition }) })),
      undefined,
      2,
    )}\n`;
  if (flags.verbose) return types.map(({ definition }) => definition).join("\n");
  return `${[...new Set(types.map(({ name }) => name))].join("\n")}\n`;
}

function renderKinds(machine: ListMachine, asJson: boolean): string {
  const rows = probeSources.map(({ kind, aliases, title, findObstacle }) => ({
    kind,
    aliases,
    title,
    obstacle: findObstacle?.(machine) ?? null,
  }));
  if (asJson) return `${JSON.stringify(rows, undefined, 2)}\n`;
  const width = Math.max(...rows.map(({ kind }) => kind.length));
  return rows
    .map(
      ({ kind, title, obstacle }) =>
        `${kind.padEnd(width)}  ${title}${obstacle === null ? "" : ` (not here: ${obstacle})`}\n`,
    )
    .join("");
}

/** @throws UsageError */
function parsePid(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!/^[1-9]\d{0,9}$/.test(text))
    throw new UsageError(`"${text}" is no process number`, { hint: "for example: -p 181" });
  return Number(text);
}
