import { readFileSync } from "node:fs";
import { join } from "node:path";
import { once } from "../base/once.ts";
import { requireLibbpfHeaders } from "../compile/prelude.ts";
import { parseTracepointFormat } from "../dialect/words/tracepoint.ts";
import { readModuleTypes } from "../kernel/machine/module-types.ts";
import { listTracepoints, readTracepointFormat } from "../kernel/machine/tracefs.ts";
import { btfKind, parseBtf } from "../object/btf.ts";
import type { BtfType, BtfTypes } from "../object/btf.ts";
import { renderDeclaration, renderDefinition } from "../object/render-c.ts";

/** A member of a type of the kernel's, or a field of a tracepoint. */
export interface KernelMember {
  readonly name: string;
  readonly declaration: string;
  /** Of the kernel's types; undefined for a field of a tracepoint. */
  readonly type?: number;
}

/** A helper that programs call. */
export interface DocumentedHelper {
  readonly name: string;
  readonly prototype: string;
  readonly documentation: string;
}

/** What the running kernel and libbpf's headers say; each is read when it is first asked for and kept. */
export interface KernelKnowledge {
  /** Finds `struct task_struct` or `pid_t`, behind typedefs and pointers. */
  findType(name: string): number | undefined;
  /** The members of what a type leads to, those of nameless structs within as its own. */
  listMembers(type: number): readonly KernelMember[];
  /** A type as C, at most some lines of it. */
  renderType(type: number): string;
  /** The names of all types of a keyword, `struct`. */
  listNames(keyword: string): readonly string[];
  listFields(category: string, event: string): readonly KernelMember[];
  listTracepoints(): readonly string[];
  listHelpers(): readonly DocumentedHelper[];
}

const keywords: Readonly<Record<number, string>> = {
  [btfKind.struct]: "struct ",
  [btfKind.union]: "union ",
  [btfKind.enum]: "enum ",
  [btfKind.enum64]: "enum ",
  [btfKind.typedef]: "",
};

const MAX_LINES = 24;

/** Opens what an editor asks about this kernel. Where something cannot be read, nothing is known of it. */
export function openKernelKnowledge(): KernelKnowledge {
  const types = once(() => attempt(() => parseBtf(readModuleTypes("vmlinux")!)));
  const names = once(() => indexNames(types()));
  const members = new Map<number, readonly KernelMember[]>();
  const fields = new Map<string, readonly KernelMember[]>();
  const tracepoints = once(() => listTracepoints());
  const helpers = once(() => attempt(readHelperDocs) ?? []);
  return {
    findType: (name) => names().get(name),
    listMembers(id) {
      const known = members.get(id) ?? listMembersOf(types(), id);
      members.set(id, known);
      return known;
    },
    renderType(id) {
      const found = types();
      if (found === undefined) return "";
      const lines = renderDefinition(found, found.require(id)).trimEnd().split("\n");
      return lines.length <= MAX_LINES
        ? lines.join("\n")
        : `${lines.slice(0, MAX_LINES).join("\n")}\n    … /* ${lines.length - 2} members */`;
    },
    listNames: (keyword) =>
      [...names().keys()]
        .filter((name) => name.startsWith(`${keyword} `))
        .map((name) => name.slice(keyword.length + 1)),
    listFields(category, event) {
      const key = `${category}:${event}`;
      const known = fields.get(key) ?? listFieldsOf(category, event);
      fields.set(key, known);
      return known;
    },
    listTracepoints: () => tracepoints(),
    listHelpers: () => helpers(),
  };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function indexNames(types: BtfTypes | undefined): ReadonlyMap<string, number> {
  const index = new Map<string, number>();
  for (const type of types?.list() ?? []) {
    const keyword = keywords[type.kind];
    if (keyword !== undefined && type.name !== "" && !index.has(keyword + type.name))
      index.set(keyword + type.name, type.id);
  }
  return index;
}

function listMembersOf(types: BtfTypes | undefined, id: number): readonly KernelMember[] {
  if (types === undefined) return [];
  const type = findStruct(types, id);
  if (type === undefined) return [];
  return types.listMembers(type).flatMap((member): readonly KernelMember[] =>
    member.name === ""
      ? listMembersOf(types, member.type)
      : [
          {
            name: member.name,
            declaration: renderDeclaration(types, member.type, member.name).split("\n")[0]!,
            type: member.type,
          },
        ],
  );
}

/** Follows pointers, arrays and typedefs to what has members. */
function findStruct(types: BtfTypes, id: number): BtfType | undefined {
  let type = types.resolve(id);
  for (let step = 0; step < 8; step++) {
    if (type.kind === btfKind.struct || type.kind === btfKind.union) return type;
    if (type.kind === btfKind.pointer) type = types.resolve(type.sizeOrType);
    else if (type.kind === btfKind.array) type = types.resolve(types.describeArray(type).element);
    else return undefined;
  }
  return undefined;
}

function listFieldsOf(category: string, event: string): readonly KernelMember[] {
  const format = readTracepointFormat(category, event);
  if (format === undefined) return [];
  return parseTracepointFormat(format).flatMap(({ declaration }) => {
    const name = /(\w+)(?:\[[^\]]*\])?$/.exec(declaration.trim())?.[1];
    return name === undefined || name.startsWith("common_") ? [] : [{ name, declaration: declaration.trim() }];
  });
}

/** Source: the comments of libbpf's bpf_helper_defs.h, which are the manual page bpf-helpers(7). */
function readHelperDocs(): readonly DocumentedHelper[] {
  const text = readFileSync(join(requireLibbpfHeaders(), "bpf_helper_defs.h"), "utf8");
  const found: DocumentedHelper[] = [];
  for (const match of text.matchAll(
    /\/\*\n((?: \*.*\n)*) \*\/\nstatic (.*?)\(\* ?(?:const )?(bpf_\w+)\)\((.*)\) = /g,
  )) {
    const [, comment, returns, name, parameters] = match;
    const lines = comment!.split("\n").map((line) => line.replace(/^ \* ?\t?/, ""));
    const documentation = lines
      .filter((line) => line.trim() !== name)
      .join("\n")
      .replaceAll("\\ ", "")
      .trim();
    const space = returns!.trim().endsWith("*") ? "" : " ";
    found.push({ name: name!, prototype: `${returns!.trim()}${space}${name}(${parameters})`, documentation });
  }
  return found;
}
