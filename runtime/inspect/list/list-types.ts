import { AttachError } from "../../base/errors.ts";
import { findSimilar } from "../../base/similar.ts";
import { btfKind } from "../../object/btf.ts";
import { renderDefinition } from "../../object/render-c.ts";
import type { ListMachine } from "./list-machine.ts";
import { compileGlob } from "../../base/compile-glob.ts";

/** A type of the kernel. */
export interface ListedType {
  /** With its keyword: `struct task_struct`. */
  readonly name: string;
  /** In C, with the place and the size of each member. */
  readonly definition: string;
}

const kinds: Readonly<Record<string, readonly number[]>> = {
  struct: [btfKind.struct],
  union: [btfKind.union],
  enum: [btfKind.enum, btfKind.enum64],
  typedef: [btfKind.typedef],
};

/** Takes a pattern for types apart: `struct task_*`. Undefined for every other pattern. */
export function parseTypePattern(text: string): { readonly keyword: string; readonly glob: string } | undefined {
  const [, keyword, glob] = /^(struct|union|enum|typedef)\s+([\w*?[\]!-]+)$/.exec(text.trim()) ?? [];
  return keyword === undefined ? undefined : { keyword, glob: glob! };
}

/**
 * Lists types of the kernel and of its modules, sorted by name. Several of one name that differ are listed each.
 *
 * @throws AttachError when there is none
 */
export function listTypes(machine: ListMachine, keyword: string, glob: string): readonly ListedType[] {
  const fits = compileGlob(glob);
  const found = new Map<string, ListedType>();
  for (const { types, type } of machine.types.listTypes(kinds[keyword]!, (name) => name !== "" && fits(name))) {
    const definition = renderDefinition(types, type);
    found.set(definition, { name: `${keyword} ${type.name}`, definition });
  }
  if (found.size > 0) return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const others = [...machine.types.listTypes(Object.values(kinds).flat(), (name) => name === glob)];
  const names = new Set(
    [...machine.types.listTypes(kinds[keyword]!, (name) => name !== "")].map(({ type }) => type.name),
  );
  const similar = findSimilar(glob, names);
  const other = others[0] && Object.keys(kinds).find((word) => kinds[word]!.includes(others[0]!.type.kind));
  throw new AttachError(`The kernel has no type "${keyword} ${glob}"`, {
    ...(other !== undefined
      ? { hint: `it has "${other} ${glob}"` }
      : similar !== undefined && { hint: `did you mean "${keyword} ${similar}"?` }),
  });
}
