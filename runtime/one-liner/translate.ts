import type { Findings, LoweringOptions } from "./block-words.ts";
import { indent } from "./fill-column.ts";
import { BlockLowering } from "./lower-block.ts";
import { parseLine } from "./parse-line.ts";
import type { Line, LineBlock, LineProbe } from "./parse-line.ts";
import { copyPiece, joinPieces, makePiece } from "./pieces.ts";
import type { JoinedText, Piece } from "./pieces.ts";
import { readPrototypes } from "./prototype-types.ts";
import { describeEvents, renderEvents, sendPrint } from "./prints.ts";
import { renderScript } from "./render-script.ts";
import type { ScriptSettings } from "./render-script.ts";
import { renderTable } from "./render-tables.ts";
import { guessValueType, resolveTable } from "./tables.ts";
import type { LineTable, TableUse } from "./tables.ts";
import type { LineFunction } from "./translated-line.ts";
import { askDeclaration, nameType } from "./value-types.ts";
import type { ValueType } from "./value-types.ts";

/** What a one-liner is translated with. */
export interface TranslateOptions extends ScriptSettings {
  /** The name of the text in messages: `-e`. */
  readonly name: string;
  /** The process of `-p`. */
  readonly pid?: number;
  /** Answers the types that clang gives to the questions of a text in the dialect. */
  readonly askTypes: (text: JoinedText) => ReadonlyMap<number, ValueType>;
  /** Whether there is no such probe; undefined for those that `--missing warn` leaves out. */
  readonly isMissing?: (kind: string, parts: readonly string[]) => boolean;
  /** Tells the types of a probe's values, as far as the kernel's types say them. */
  readonly findTypes?: LoweringOptions["findTypes"];
  readonly warn: (message: string) => void;
}

/**
 * Translates a one-liner into a whole script: its blocks become BCC's functions, its words tables with the types that
 * clang gives to their keys.
 *
 * @throws DialectError, CompileError at their places in the text
 */
export function translateLine(text: string, options: TranslateOptions): JoinedText {
  const line = parseLine(text, options.name);
  if (line.blocks.length === 0)
    throw line.fail(
      0,
      "The text attaches to nothing",
      "name a probe and a block: tracepoint:raw_syscalls:sys_enter { count(comm); }",
    );
  const ownNames = findOwnNames(line);
  const jobs = listJobs(line, options);
  const findPrototype = readPrototypes(line);
  const findTypes: LoweringOptions["findTypes"] = (probe) => findPrototype(probe) ?? options.findTypes?.(probe);
  const { findings, types } = askUntilKnown(line, ownNames, jobs, { ...options, findTypes });
  const tables = resolveTables(line, findings.tables, types, ownNames);
  const events = describeEvents(line, findings.prints, types);
  const known = new Map(tables.map((table) => [table.name, table]));
  const sendEvent: LoweringOptions["sendEvent"] = (index, columns, values) => sendPrint(events, index, columns, values);
  const { functions } = lowerAll(
    { line, findings: openFindings(), ownNames, tables: known, types, sendEvent, findTypes },
    jobs,
  );
  for (const doubt of findings.doubts) options.warn(doubt);
  const pieces = [
    ...renderDeclarations(line),
    ...renderMaps(findings),
    ...tables.flatMap((table) =>
      renderLines(
        renderTable(table, listWords(findings.tables, table.name)),
        // What the verifier says of the table's functions is told where the table is first used.
        findings.tables.find((use) => use.table === table.name)?.at,
      ),
    ),
    ...renderLines(renderEvents(events)),
    ...functions,
  ];
  const translated = {
    line,
    functions: jobs,
    tables,
    ownTables: listOwnTables(line, /^BPF_/),
    ownHistograms: listOwnTables(line, /^BPF_HISTOGRAM$/),
    prints: findings.prints,
    usesCommand: findings.words.has("cpid"),
  };
  return joinPieces(renderScript(translated, dropEnd(pieces), options), options.name);
}

interface Asked {
  readonly findings: Findings;
  readonly types: ReadonlyMap<number, ValueType>;
}

/**
 * Asks for the types of keys and values. Some are made of what a table holds, whose type is that of what is set: the
 * text is asked about again until no table changes.
 */
function askUntilKnown(
  line: Line,
  ownNames: ReadonlySet<string>,
  jobs: readonly Job[],
  options: TranslateOptions,
): Asked {
  let values = new Map<string, string>();
  for (let round = 0; ; round++) {
    const { findTypes } = options;
    const { functions, findings } = lowerAll(
      { line, findings: openFindings(), ownNames, values, ...(findTypes && { findTypes }) },
      jobs,
    );
    const types = askTypes(line, functions, findings, options);
    const found = listReadValues(findings.tables, types, ownNames);
    // Each round settles at least one table more.
    const isSettled = [...found].every(([name, type]) => values.get(name) === type) || round > found.size;
    if (isSettled) return { findings, types };
    values = found;
  }
}

/** The C types of the values of the tables that the text reads from. */
function listReadValues(
  uses: readonly TableUse[],
  types: ReadonlyMap<number, ValueType>,
  ownNames: ReadonlySet<string>,
): Map<string, string> {
  const read = new Set(uses.flatMap(({ table, word }) => (/^(?:get|take)$/.test(word.name) ? [table] : [])));
  return new Map(
    [...read].map((name) => [
      name,
      ownNames.has(name)
        ? `__typeof__(${name}.leaf)`
        : nameType(
            guessValueType(
              uses.filter(({ table }) => table === name),
              types,
            ),
          ),
    ]),
  );
}

function openFindings(): Findings {
  return { tables: [], prints: [], questions: 0, words: new Set(), doubts: new Set() };
}

interface Job extends LineFunction {
  readonly block: LineBlock;
  readonly filter: readonly string[];
}

/** One function for each probe of each block. */
function listJobs(line: Line, options: TranslateOptions): Job[] {
  const seen = new Set<string>();
  let number = 0;
  return line.blocks.flatMap((block) =>
    block.probes.flatMap((probe) => {
      number++;
      const word = probe.kind.words[0]!;
      if (options.isMissing?.(word, probe.parts) === true) {
        options.warn(`There is no ${word} "${probe.parts.join(":")}": its block is left out`);
        return [];
      }
      const key = [word, ...probe.parts].join(":");
      const isRepeated = seen.has(key);
      seen.add(key);
      const named = probe.parts.at(-1)!.replace(/\W+/g, "_").replace(/^_|_$/g, "");
      const target = {
        parts: probe.parts,
        functionName: `on_${/^\w*[a-z]/i.test(named) ? named : word}_${number}`,
        isRepeated,
        ...(options.pid !== undefined && { pid: options.pid }),
      };
      if (isRepeated && (word === "fentry" || word === "fexit"))
        throw line.fail(probe.at, `Two blocks are for "${probe.text}"`, "write one block for it");
      return [{ block, probe, made: probe.kind.make(target), filter: filterProcess(line, probe, target, options) }];
    }),
  );
}

function filterProcess(
  line: Line,
  probe: LineProbe,
  target: Parameters<LineProbe["kind"]["make"]>[0],
  { pid, cgroups = [] }: TranslateOptions,
): string[] {
  const option = pid !== undefined ? "-p" : cgroups.length > 0 ? "--cgroup and --container" : undefined;
  if (option === undefined) return [];
  const reason = probe.kind.elsewhere?.(target);
  if (reason !== undefined)
    throw line.fail(
      probe.at,
      `${option} cannot choose the events of "${probe.text}": ${reason}`,
      `leave ${option} out, or name another probe`,
    );
  // Those are attached to the process alone.
  const isAttachedToIt = /^(uprobe|uretprobe|usdt)$/.test(probe.kind.words[0]!);
  return [
    ...(pid === undefined || isAttachedToIt
      ? []
      : [`if (bpf_get_current_pid_tgid() >> 32 != ${pid})`, "    return 0;"]),
    ...(cgroups.length === 0 ? [] : ["if (container_should_be_filtered())", "    return 0;"]),
  ];
}

/** The names that the text declares at file level, its macros and tables too. */
function findOwnNames(line: Line): Set<string> {
  const names = new Set<string>();
  for (const { from, to } of line.declarations) {
    let depth = 0;
    let open = 0;
    for (let at = from; at < to; at++) {
      const token = line.tokens[at]!;
      const next = line.tokens[at + 1]?.text ?? "";
      if (token.text === "(") open++;
      if (token.text === ")") open--;
      if (token.text === "{") depth++;
      if (token.text === "}") depth--;
      if (token.kind !== "word" || depth > 0) continue;
      const isDefined = token.inDirective && line.tokens[at - 1]?.text === "define";
      const isTable = line.tokens[at - 1]?.text === "(" && /^BPF_/.test(line.tokens[at - 2]?.text ?? "");
      // Parameters of a function are nobody's names outside of it.
      const isOutside = !token.inDirective && open === 0;
      if (isDefined || isTable || (isOutside && /^[=;,([]$/.test(next) && !/^BPF_/.test(token.text)))
        names.add(token.text);
    }
  }
  return names;
}

/** The names of the tables that the text declares by some macros. */
function listOwnTables({ declarations, tokens }: Line, macro: RegExp): string[] {
  return declarations.flatMap(({ from, to }) =>
    tokens
      .slice(from, to)
      .flatMap((token, index) =>
        macro.test(token.text) && !token.inDirective && tokens[from + index + 1]?.text === "("
          ? [tokens[from + index + 2]!.text]
          : [],
      ),
  );
}

function lowerAll(options: LoweringOptions, jobs: readonly Job[]): { functions: Piece[]; findings: Findings } {
  const functions = jobs.flatMap((job) => {
    const { block, probe, made, filter } = job;
    const lines = new BlockLowering(options, block, probe).lower(filter);
    return [
      makePiece(`// ${probe.text.replace(/\s+/g, " ")}\n`),
      makePiece(made.head, probe.at),
      makePiece(" {\n"),
      ...indent(lines).flatMap((pieces) => [...pieces, makePiece("\n")]),
      makePiece("}\n\n"),
    ];
  });
  return { functions, findings: options.findings };
}

function renderDeclarations(line: Line): Piece[] {
  const pieces = line.declarations.flatMap(({ from, to }) => [
    copyPiece(line.text, line.tokens[from]!.start, line.tokens[to - 1]!.end),
    makePiece("\n"),
  ]);
  return pieces.length === 0 ? [] : [...pieces, makePiece("\n")];
}

function askTypes(
  line: Line,
  functions: readonly Piece[],
  findings: Findings,
  options: TranslateOptions,
): ReadonlyMap<number, ValueType> {
  if (findings.questions === 0) return new Map();
  const { cgroups = [] } = options;
  const filter = cgroups.length === 0 ? "" : "static int container_should_be_filtered(void) { return 0; }\n";
  const pieces = [
    makePiece(`${askDeclaration}\n${filter}`),
    ...renderDeclarations(line),
    ...renderMaps(findings),
    ...functions,
  ];
  return options.askTypes(joinPieces(pieces, options.name));
}

/** Tables that come with ready words, and what is in them. */
const generatedTables: ReadonlyMap<string, string> = new Map([
  ["stack_traces", "the stacks of kstack and ustack"],
  ["command_pid", "the pid of the command (cpid)"],
]);

function renderMaps({ words }: Findings): Piece[] {
  return renderLines([
    ...(words.has("kstack") || words.has("ustack") ? ["BPF_STACK_TRACE(stack_traces, 16384);"] : []),
    ...(words.has("cpid") ? ["BPF_ARRAY(command_pid, u32, 1);"] : []),
  ]);
}

function renderLines(lines: readonly string[], at?: number): Piece[] {
  return lines.length === 0 ? [] : [makePiece(`${lines.join("\n")}\n\n`, at)];
}

function dropEnd(pieces: readonly Piece[]): Piece[] {
  const last = pieces.at(-1)!;
  return [...pieces.slice(0, -1), { ...last, text: last.text.trimEnd() }];
}

function resolveTables(
  line: Line,
  uses: readonly TableUse[],
  types: ReadonlyMap<number, ValueType>,
  ownNames: ReadonlySet<string>,
): LineTable[] {
  const names = [...new Set(uses.map(({ table }) => table))];
  return names.map((name) => {
    const own = generatedTables.get(name);
    if (own !== undefined)
      throw line.fail(
        uses.find((use) => use.table === name)!.at,
        `"${name}" is the table in which bpfts keeps ${own}`,
        "give the table another name",
      );
    const table = resolveTable(
      uses.filter((use) => use.table === name),
      types,
      line,
    );
    if (!ownNames.has(name)) return table;
    const [first] = uses.filter((use) => use.table === name);
    if (table.keys.length !== 1 || table.isStruct)
      throw line.fail(
        first!.at,
        `"${name}" is declared by the text: its key is one number here`,
        "leave the declaration out, or use its own methods: update(&key, &value)",
      );
    return { ...table, isDeclared: true, keyType: `__typeof__(${name}.key)` };
  });
}

function listWords(uses: readonly TableUse[], name: string): Set<string> {
  return new Set(uses.filter(({ table }) => table === name).map(({ word }) => word.name));
}
