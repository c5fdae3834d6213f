import { ArgumentError } from "../base/errors.ts";
import { findSimilar } from "../base/similar.ts";
import type { KernelPort } from "../kernel/door/port.ts";
import type { AttachedTexts } from "./attached-texts.ts";
import type { LinesEnd, LiveGuest } from "./live-guest.ts";
import type { Repeats } from "./repeated-tables.ts";

/** What the commands of a session work with. */
export interface LiveContext {
  readonly guest: LiveGuest;
  readonly texts: AttachedTexts;
  readonly repeats: Repeats;
  readonly port: KernelPort;
  /** The path of the script that the session began with. */
  readonly script: string | undefined;
  /** The lines that went well, the oldest first. */
  readonly lines: string[];
  show(text: string): void;
  /** Notes how something ended, and tells of its failure. */
  note(end: LinesEnd): boolean;
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
      show(await texts.attach(requireRest(rest, ".on tracepoint:raw_syscalls:sys_enter { count(comm); }")));
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
