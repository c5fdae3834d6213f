import { ArgumentError } from "../base/errors.ts";
import { findSimilar } from "../base/similar.ts";
import { describeTables } from "../inspect/describe-tables.ts";
import { renderTypes } from "../object/render-types.ts";
import type { LiveNames } from "../../sdk/wire/guest-hooks.ts";
import type { AttachedTexts } from "./attached-texts.ts";
import type { LinesEnd, LiveGuest } from "./live-guest.ts";
import type { ProbeCosts } from "./probe-costs.ts";
import type { ProbeLists } from "./probe-lists.ts";
import type { Repeats } from "./repeated-tables.ts";
import { saveSession } from "./save-script.ts";

/** What the commands of a session work with. */
export interface LiveContext {
  readonly guest: LiveGuest;
  readonly texts: AttachedTexts;
  readonly repeats: Repeats;
  readonly probes: ProbeLists;
  readonly costs: ProbeCosts | undefined;
  /** The path of the script that the session began with. */
  readonly script: string | undefined;
  /** The lines that went well, the oldest first. */
  readonly lines: string[];
  show(text: string): void;
  /** Notes how something ended, and tells of its failure. */
  note(end: LinesEnd): boolean;
  /** The script of a text, as `bpfts -e --script` prints it. @throws BpftsError */
  renderText(text: string): string;
}

interface DotCommand {
  readonly name: string;
  readonly usage: string;
  readonly help: string;
  run(context: LiveContext, rest: string): void | Promise<void>;
}

/** The commands of the host, each a row. */
const commands: readonly DotCommand[] = [
  {
    name: "on",
    usage: ".on TEXT",
    help: "attach one more text, as of bpfts -e; answers its number",
    async run({ texts, show }, rest) {
      show(await texts.attach(requireRest(rest, ".on tracepoint:raw_syscalls:sys_enter { count(comm); }"), ".on"));
    },
  },
  {
    name: "off",
    usage: ".off N | all",
    help: "detach a text by its number, or everything; tables stay",
    run({ texts, show }, rest) {
      if (rest !== "all" && !/^\d+$/.test(rest)) throw describeUsage(".off takes a number of .on, or all", ".off 1");
      show(texts.detach(rest === "all" ? rest : Number(rest)));
    },
  },
  {
    name: "probes",
    usage: ".probes",
    help: "what the programs cost: hits, ns a hit, share of a CPU since this was last asked",
    run({ costs, texts, show }) {
      if (costs === undefined)
        throw new ArgumentError("The kernel does not count runs of programs for this user", {
          hint: "run bpfts as root",
        });
      show(costs.render(texts));
    },
  },
  {
    name: "list",
    usage: ".list [-v] PATTERN",
    help: "what can be attached to, with -v its values and their types",
    run({ probes, show }, rest) {
      const [, verbose, pattern] = /^(-v\s+)?([^]*)$/.exec(requireRest(rest, ".list 'tracepoint:sched:*'"))!;
      show(probes.render(pattern!.replace(/^(['"])([^]*)\1$/, "$2"), verbose !== undefined));
    },
  },
  {
    name: "types",
    usage: ".types [TABLE]",
    help: "the TypeScript types of the tables",
    run({ guest, show }, rest) {
      const tables = new Map(guest.programs.flatMap(describeTables).map((table) => [table.name, table] as const));
      const chosen = rest === "" ? [...tables.values()] : [tables.get(rest) ?? []].flat();
      if (chosen.length === 0 && rest !== "")
        throw new ArgumentError(`There is no table "${rest}"`, { hint: `there are: ${[...tables.keys()].join(", ")}` });
      show(renderTypes(chosen));
    },
  },
  {
    name: "save",
    usage: ".save FILE.ts",
    help: "write what is attached as a script that runs, with what the lines declared",
    run({ guest, texts, lines, script, renderText, show }, rest) {
      const names = JSON.parse(guest.ask("listNames")) as LiveNames;
      const session = { ...names, lines, script, renderText, texts: texts.list().map(({ text }) => text) };
      show(saveSession(requireRest(rest, ".save tool.ts"), session));
    },
  },
  {
    name: "top",
    usage: ".top N TABLE",
    help: "the N rows with the largest values",
    run({ guest, note }, rest) {
      const [, count, name] = /^(\d+)\s+(\S+)$/.exec(rest) ?? [];
      if (name === undefined) throw describeUsage(".top takes a number of rows and a table", ".top 10 counts");
      note(guest.call("showTable", name, Number(count)));
    },
  },
  {
    name: "clear",
    usage: ".clear TABLE",
    help: "empty a table",
    run({ guest, note }, rest) {
      note(guest.call("clearTable", requireRest(rest, ".clear counts")));
    },
  },
  {
    name: "every",
    usage: ".every SECONDS TABLE",
    help: "show a table again and again",
    run({ repeats }, rest) {
      const [, seconds, name] = /^(\d+(?:\.\d+)?)\s+(\S+)$/.exec(rest) ?? [];
      if (name === undefined || Number(seconds) < 0.1)
        throw describeUsage(".every takes seconds, 0.1 at the least, and a table", ".every 1 counts");
      repeats.add(Number(seconds), name);
    },
  },
  {
    name: "stop",
    usage: ".stop",
    help: "end what .every began",
    run({ repeats, show }) {
      if (repeats.stop() === 0) show("nothing is shown again and again\n");
    },
  },
  {
    name: "help",
    usage: ".help",
    help: "this list",
    run({ show }) {
      show(renderHelp());
    },
  },
];

/** Names of all commands, with their dots. */
export const commandNames: readonly string[] = commands.map(({ name }) => `.${name}`);

/** The command that a line calls; undefined for a line of TypeScript. @throws ArgumentError for a command that is not there */
export function findCommand(line: string): { rest: string; run: DotCommand["run"] } | undefined {
  const [, name, rest] = /^\s*\.([a-zA-Z]\w*)(?:\s+([^]*))?$/.exec(line) ?? [];
  if (line.trim() === "help") return { rest: "", run: commands.find((command) => command.name === "help")!.run };
  if (name === undefined) return undefined;
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return { rest: (rest ?? "").trim(), run: (context, text) => found.run(context, text) };
  const similar = findSimilar(
    name,
    commands.map((command) => command.name),
  );
  throw new ArgumentError(`There is no command ".${name}"`, {
    hint: similar === undefined ? ".help lists the commands" : `did you mean ".${similar}"?`,
  });
}

function renderHelp(): string {
  const width = Math.max(...commands.map(({ usage }) => usage.length));
  return [
    "A line is TypeScript: b is the program, each table a variable, and so is what you declare. A table's name shows it.",
    ...commands.map(({ usage, help }) => `  ${usage.padEnd(width)}  ${help}`),
    "Ctrl-C stops what runs, Ctrl-D ends the session and detaches everything.",
    "",
  ].join("\n");
}

function requireRest(rest: string, example: string): string {
  if (rest === "") throw describeUsage("The command needs more", example);
  return rest;
}

function describeUsage(message: string, example: string): ArgumentError {
  return new ArgumentError(message, { hint: `for example: ${example}` });
}
