import type { Layout, StructLayout } from "../../sdk/wire/layout.ts";

/** One table as a script asks for it. */
export interface TypedTable {
  readonly name: string;
  /** Undefined where the kind has no keys; a text is a type of TypeScript's or the SDK's. */
  readonly key?: Layout | string;
  /** What `get` answers, or what a buffer carries; undefined where that is bytes. */
  readonly leaf?: Layout | string;
  /** One value for each CPU. */
  readonly perCpu: boolean;
}

/**
 * Renders the TypeScript types of a program's tables: an interface for each struct, and the `table` call with its type parameters for each table.
 *
 * Shape: what `sdk/codec/codec-reader.ts` makes of a layout; the C type stands behind each member.
 */
export function renderTypes(tables: readonly TypedTable[]): string {
  const interfaces = new Map<string, string>();
  const imports = new Set<string>();
  const render = (type: Layout | string): string => {
    if (typeof type !== "string") return renderLayout(type, interfaces);
    if (/^[A-Z]/.test(type)) imports.add(type);
    return type;
  };
  const calls = tables.map((table) => {
    const key = table.key === undefined ? "never" : render(table.key);
    const leaf = table.leaf === undefined ? "Uint8Array" : render(table.leaf);
    return `const ${renderName(table.name)} = b.table<${key}, ${table.perCpu ? asArray(leaf) : leaf}>(${JSON.stringify(table.name)});`;
  });
  const head = imports.size === 0 ? [] : [`import type { ${[...imports].sort().join(", ")} } from "bpfts";\n`];
  return [
    ...head,
    ...interfaces.values(),
    calls.length === 0 ? "// This program has no tables." : calls.join("\n"),
    "",
  ].join("\n");
}

/** Words that name something else in TypeScript. */
const taken = new Set([
  "any",
  "bigint",
  "boolean",
  "break",
  "case",
  "catch",
  "class",
  "const",
  "continue",
  "debugger",
  "default",
  "delete",
  "do",
  "else",
  "enum",
  "export",
  "extends",
  "false",
  "finally",
  "for",
  "function",
  "if",
  "import",
  "in",
  "instanceof",
  "interface",
  "let",
  "never",
  "new",
  "null",
  "number",
  "object",
  "package",
  "private",
  "protected",
  "public",
  "return",
  "static",
  "string",
  "super",
  "switch",
  "symbol",
  "this",
  "throw",
  "true",
  "try",
  "type",
  "typeof",
  "undefined",
  "unknown",
  "var",
  "void",
  "while",
  "with",
  "yield",
  "b",
]);

function renderName(name: string): string {
  return taken.has(name) ? `${name}_` : name;
}

function renderLayout(layout: Layout, interfaces: Map<string, string>): string {
  switch (layout.kind) {
    case "int":
      if (layout.encoding !== undefined) return layout.encoding === "bool" ? "boolean" : "string";
      return layout.size > 4 ? "bigint" : "number";
    case "float":
      return "number";
    case "enum":
      return layout.size > 4 ? "bigint" : "number";
    case "pointer":
      return "bigint";
    case "array":
      if (layout.element.kind === "int" && layout.element.size === 1 && layout.element.encoding !== "bool")
        return layout.element.encoding === "char" ? "string" : "Uint8Array";
      return asArray(renderLayout(layout.element, interfaces));
    default:
      return renderStruct(layout, interfaces);
  }
}

function renderStruct(layout: StructLayout, interfaces: Map<string, string>): string {
  const members = listMembers(layout);
  if (layout.name === "")
    return `{ ${members.map((member) => `${member.name}: ${renderLayout(member.layout, interfaces)}`).join("; ")} }`;
  const name = renderName(layout.name);
  if (!interfaces.has(name)) {
    const lines = members.map(
      (member) =>
        `  ${member.name}: ${renderLayout(member.layout, interfaces)}; // ${renderC(member.layout)}${member.bitSize === undefined ? "" : `, ${member.bitSize} bits`}`,
    );
    // Set last: what it is made of stands before it.
    interfaces.set(
      name,
      [`/** ${layout.kind} ${layout.name}, ${layout.size} bytes. */`, `interface ${name} {`, ...lines, "}", ""].join(
        "\n",
      ),
    );
  }
  return name;
}

/** Members of anonymous structs and unions belong to the outer one. */
function listMembers(layout: StructLayout): StructLayout["members"] {
  return layout.members.flatMap((member) => {
    if (member.name !== "") return [member];
    return member.layout.kind === "struct" || member.layout.kind === "union" ? listMembers(member.layout) : [];
  });
}

function renderC(layout: Layout): string {
  if (layout.kind === "array") {
    let element = layout.element;
    let lengths = `[${layout.length}]`;
    for (; element.kind === "array"; element = element.element) lengths += `[${element.length}]`;
    return `${renderC(element)}${lengths}`;
  }
  const keyword =
    layout.kind === "struct" || layout.kind === "union" || layout.kind === "enum" ? `${layout.kind} ` : "";
  return `${keyword}${layout.name}`.trim();
}

function asArray(type: string): string {
  return `${type}[]`;
}
