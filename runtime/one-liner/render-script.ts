import { escapePieces, makePiece } from "./pieces.ts";
import type { Piece } from "./pieces.ts";
import type { LineTable } from "./tables.ts";
import type { TranslatedLine } from "./translated-line.ts";

/** The options of the command line that the script is to have. */
export interface ScriptSettings {
  /** Units: seconds. */
  readonly duration?: number;
  /** Units: seconds. */
  readonly interval?: number;
  readonly keep?: boolean;
  readonly top?: number;
  readonly sort?: "key" | "value";
  readonly json?: boolean;
  /** Paths of the cgroups whose processes are seen; all processes when absent. */
  readonly cgroups?: readonly string[];
  /** TypeScript that takes the place of the printed tables. */
  readonly js?: string;
}

/** What TypeScript of the command line may call. */
const scriptNames = [
  ...["command", "eprint", "errno_name", "exit", "inet_ntop", "monotonic_ns", "print", "printf", "read_file"],
  ...["sprintf", "strftime", "syscall_name", "tcp_state_name"],
];

/** The name of `--js` in messages. */
export const jsName = "--js";

/** The whole script: `c` in a template literal, the calls that attach what names do not, the report. */
export function renderScript(translated: TranslatedLine, c: readonly Piece[], settings: ScriptSettings): Piece[] {
  const { line, functions, usesCommand } = translated;
  const usdt = functions.flatMap(({ made, probe }) =>
    made.usdt === undefined ? [] : [{ ...made.usdt, at: probe.at }],
  );
  const attaches = functions.flatMap(({ made, probe }) =>
    made.attach === undefined ? [] : [{ text: made.attach, at: probe.at }],
  );
  const body = [...usdt.map(({ statement }) => statement), ...attaches.map(({ text }) => text)].join("\n");
  const imports = [
    "BPF",
    ...["PerfHWConfig", "PerfSWConfig", "PerfType", "USDT"].filter((name) => new RegExp(`\\b${name}\\b`).test(body)),
  ];
  const named = new Set((settings.js ?? "").match(/\b[a-z]\w+\b/g));
  const { cgroups = [] } = settings;
  if (cgroups.length > 0) imports.push("filter_by_containers");
  imports.push(...scriptNames.filter((name) => named.has(name) || (name === "command" && usesCommand)), "report");
  const filter = cgroups.length === 0 ? "" : `\${filter_by_containers({ cgroup: ${JSON.stringify(cgroups)} })}\n`;
  const contexts = usdt.length === 0 ? "" : `  usdt_contexts: [${usdt.map(({ name }) => name).join(", ")}],\n`;
  return [
    ...line.text.split(/\r\n|[\n\r\u2028\u2029]/).map((text) => makePiece(`// ${text}\n`)),
    makePiece(`import { ${imports.join(", ")} } from "bpfts";\n\n`),
    ...usdt.map(({ statement, at }) => makePiece(`${statement}\n`, at)),
    makePiece("const b = new BPF({\n  text: /* c */ `\n"),
    makePiece(filter),
    ...escapePieces(c),
    makePiece(`\n\`,\n${contexts}});\n`),
    ...attaches.map(({ text, at }) => makePiece(`${text}\n`, at)),
    ...(usesCommand ? [makePiece("b.tables.command_pid.set(0, command?.pid ?? 0);\n")] : []),
    makePiece("\n"),
    ...renderReport(translated, settings),
  ];
}

function renderReport(
  { functions, tables, ownTables, ownHistograms, prints }: TranslatedLine,
  settings: ScriptSettings,
): Piece[] {
  const shown = tables.filter((table) => !table.isTaken);
  const options: Piece[][] = [[makePiece(`probes: ${functions.length}`)]];
  const add = (text: string): void => {
    options.push([makePiece(text)]);
  };
  add(
    `tables: {${shown.map((table) => `\n    ${table.name}: ${renderTableOptions(table)},`).join("")}${shown.length === 0 ? "" : "\n  "}}`,
  );
  const declared = ownTables.filter((name) => !tables.some((table) => table.name === name));
  if (declared.length > 0) add(`declared: ${JSON.stringify(declared)}`);
  const kept = tables.flatMap(({ name, kind }) => (kind === "map" ? [name] : []));
  if (kept.length > 0) add(`kept: ${JSON.stringify(kept)}`);
  const histograms = declared.filter((name) => ownHistograms.includes(name));
  if (histograms.length > 0) add(`histograms: ${JSON.stringify(histograms)}`);
  if (prints.length > 0)
    add(
      `prints: [${prints
        .map(
          ({ format, columns }) =>
            `\n    { format: ${JSON.stringify(format)}, values: ${JSON.stringify(columns.map(({ name }) => name))} },`,
        )
        .join("")}\n  ]`,
    );
  const { duration, interval, keep, top, sort, json, js } = settings;
  if (duration !== undefined) add(`duration: ${duration}`);
  if (interval !== undefined) add(`interval: ${interval}`);
  if (keep === true) add("keep: true");
  if (top !== undefined) add(`top: ${top}`);
  if (sort !== undefined) add(`sort: "${sort}"`);
  if (json === true) add("json: true");
  if (js !== undefined) {
    const names = [...tables.map(({ name }) => name), ...declared];
    options.push([
      makePiece(`show: () => {${names.length === 0 ? "" : `\n    const { ${names.join(", ")} } = b.tables;`}\n    `),
      { text: js, at: 0, isCopy: true, from: jsName },
      makePiece("\n  }"),
    ]);
  }
  return [
    makePiece("report(b, {\n"),
    ...options.flatMap((pieces) => [makePiece("  "), ...pieces, makePiece(",\n")]),
    makePiece("});\n"),
  ];
}

function renderTableOptions({ kind, keys, steps }: LineTable): string {
  const names = keys.map(({ name }) => JSON.stringify(name)).join(", ");
  const bounds = steps === undefined ? "" : `, steps: [${steps.join(", ")}]`;
  return `{ kind: "${kind}", keys: [${names}]${bounds} }`;
}
