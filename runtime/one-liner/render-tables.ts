import type { LineTable } from "./tables.ts";
import { declareFields } from "./tables.ts";
import { nameType } from "./value-types.ts";

/** Places in a table without a size. Source: BCC's default. */
const MAX_ENTRIES = 10240;

/** The C that declares a table, with the functions that the block's words become. */
export function renderTable(table: LineTable, words: ReadonlySet<string>): string[] {
  const { name, kind, keys, isStruct, keyType } = table;
  const lost = words.has("set") ? [`BPF_ARRAY(${name}_lost, u64, 1);`] : [];
  if (table.isDeclared === true) return [...lost, ...renderFunctions(table, words, `__typeof__(${name}.leaf)`)];
  const hasSlots = kind === "log2" || kind === "linear";
  const size = keys.length === 0 && !hasSlots ? 1 : MAX_ENTRIES;
  const lines: string[] = [];
  if (isStruct) {
    lines.push(`${keyType} {`, ...declareFields(keys), ...(hasSlots ? ["    u32 slot;"] : []), "};");
  }
  const value = nameType(table.value);
  if (kind === "average") lines.push(`struct ${name}_value {`, `    ${value} total;`, "    u64 count;", "};");
  if (kind === "min" || kind === "max")
    lines.push(`struct ${name}_value {`, `    ${value} value;`, "    u64 is_set;", "};");
  const isStructValue = kind === "average" || kind === "min" || kind === "max";
  const leaf = isStructValue ? `struct ${name}_value` : value;
  const macro = kind === "min" || kind === "max" ? "BPF_PERCPU_HASH" : "BPF_HASH";
  lines.push(`${macro}(${name}, ${keyType}, ${leaf}, ${size});`);
  if (table.isLarge) lines.push(`BPF_PERCPU_ARRAY(${name}_room, ${keyType}, 1);`);
  return [...lines, ...lost, "", ...renderFunctions(table, words, leaf)];
}

/** The functions that words become in one kind of table. */
function renderFunctions(table: LineTable, words: ReadonlySet<string>, leaf: string): string[] {
  const lines = renderWords(table, words, leaf);
  if (!localNames.has(table.name)) return lines;
  // A table by the name of a local variable of ours would be hidden by it.
  const own = new RegExp(`\\b${table.name}\\b(?!\\.\\w+\\()`, "g");
  return lines.map((line) => line.replace(own, `${table.name}_`));
}

const localNames = new Set(["key", "n", "zero", "found", "slot", "taken"]);

function renderWords(table: LineTable, words: ReadonlySet<string>, leaf: string): string[] {
  const { kind } = table;
  if (kind === "map") return renderMapFunctions(table, words, leaf);
  const value = nameType(table.value);
  switch (kind) {
    case "sum":
      return renderAdd(
        table,
        `${value} n`,
        `${table.isDeclared === true ? leaf : value} zero = 0`,
        "__sync_fetch_and_add(found, n);",
      );
    case "average":
      return renderAdd(table, `${value} n`, `${leaf} zero = {}`, [
        "__sync_fetch_and_add(&found->total, n);",
        "__sync_fetch_and_add(&found->count, 1);",
      ]);
    case "min":
    case "max":
      return renderAdd(table, `${value} n`, `${leaf} zero = {}`, [
        `if (!found->is_set || n ${kind === "min" ? "<" : ">"} found->value)`,
        "    found->value = n;",
        "found->is_set = 1;",
      ]);
    case "log2":
      return renderSlots(table, table.isSigned ? "n < 0 ? 0 : bpf_log2l(n)" : "bpf_log2l(n)");
    case "linear": {
      const [min, max, step] = table.steps!;
      const count = Math.ceil((max - min) / step);
      const below = table.isSigned || min > 0 ? `n < ${min} ? 0 : ` : "";
      return renderSlots(
        table,
        `${below}n >= ${table.isSigned ? max : Math.max(max, 0)} ? ${count + 1} : (n - ${min}) / ${step} + 1`,
      );
    }
  }
}

/** A function that finds the key's value, makes it where it is missing, and changes it. */
function renderAdd(table: LineTable, parameter: string, zero: string, change: string | readonly string[]): string[] {
  const { name, isStruct, keyType } = table;
  const changes = typeof change === "string" ? [change] : change;
  const [pointer, address] = isStruct ? [`${keyType} *key`, "key"] : [`${keyType} key`, "&key"];
  const type = /^(.*?) \w+ =/.exec(zero)![1]!;
  return [
    `static void ${name}_add(${pointer}, ${parameter}) {`,
    `    ${zero};`,
    `    ${type} *found = ${name}.lookup_or_try_init(${address}, &zero);`,
    ...(changes.length === 1 ? ["    if (found)", `        ${changes[0]!}`] : []),
    ...(changes.length === 1 ? [] : ["    if (found) {", ...changes.map((line) => `        ${line}`), "    }"]),
    "}",
  ];
}

/** The same for a histogram, whose key has the slot. */
function renderSlots({ name, isStruct, keyType, isSigned }: LineTable, slot: string): string[] {
  const parameter = `${isSigned ? "s64" : "u64"} n`;
  return [
    `static void ${name}_add(${isStruct ? `${keyType} *key, ` : ""}${parameter}) {`,
    isStruct ? `    key->slot = ${slot};` : `    u32 slot = ${slot};`,
    `    u64 zero = 0, *found = ${name}.lookup_or_try_init(${isStruct ? "key" : "&slot"}, &zero);`,
    "    if (found)",
    "        __sync_fetch_and_add(found, 1);",
    "}",
  ];
}

function renderMapFunctions(table: LineTable, words: ReadonlySet<string>, leaf: string): string[] {
  const { name, isStruct, keyType } = table;
  const [key, address] = isStruct ? [`${keyType} *key`, "key"] : [`${keyType} key`, "&key"];
  const read = `${leaf} *found = ${name}.lookup(${address})`;
  const functions: Readonly<Record<string, readonly string[]>> = {
    set: [
      `static void ${name}_set(${key}, ${leaf} n) {`,
      `    if (${name}.update(${address}, &n))`,
      `        ${name}_lost.increment(0);`,
      "}",
    ],
    get: [`static ${leaf} ${name}_get(${key}) {`, `    ${read};`, "    return found ? *found : 0;", "}"],
    has: [`static bool ${name}_has(${key}) {`, `    return ${name}.lookup(${address}) != 0;`, "}"],
    take: [
      `static ${leaf} ${name}_take(${key}) {`,
      `    ${read};`,
      `    ${leaf} taken = found ? *found : 0;`,
      `    ${name}.delete(${address});`,
      "    return taken;",
      "}",
    ],
  };
  return Object.entries(functions)
    .filter(([word]) => words.has(word))
    .flatMap(([, lines], index) => [...(index === 0 ? [] : [""]), ...lines]);
}
