import type { Layout, MemberLayout, StructLayout } from "../../../sdk/wire/layout.ts";

/**
 * Finds the first difference between a type that is there and one that is wanted, as the rest of a sentence about the former; undefined when bytes of the one read right as the other. Names of
 * types are no difference, nor is the sign of what is a number as a whole.
 */
export function findLayoutChange(found: Layout, wanted: Layout): string | undefined {
  if (isStruct(found) && isStruct(wanted)) return findMemberChange(found, wanted, "");
  const kind = [found, wanted].map((layout) => (isWhole(layout) ? "number" : layout.kind));
  return kind[0] === kind[1] ? undefined : `${renderKind(found)}, the C text says ${renderKind(wanted)}`;
}

function findMemberChange(found: StructLayout, wanted: StructLayout, path: string): string | undefined {
  for (const [at, member] of found.members.entries()) {
    const other = wanted.members[at];
    const name = `${path}${member.name}`;
    if (other === undefined) return `"${name}" at byte ${member.offset}, where the C text has nothing`;
    const nested = isStruct(member.layout) && isStruct(other.layout);
    if (renderMember(member) !== renderMember(other))
      return `${describeMember(member, path)}, the C text says ${describeMember(other, path)}`;
    const change = nested
      ? findMemberChange(member.layout as StructLayout, other.layout as StructLayout, `${name}.`)
      : undefined;
    if (change !== undefined) return change;
  }
  const more = wanted.members[found.members.length];
  return more === undefined
    ? undefined
    : `nothing at byte ${more.offset}, the C text says ${describeMember(more, path)}`;
}

function isStruct(layout: Layout): layout is StructLayout {
  return layout.kind === "struct" || layout.kind === "union";
}

function isWhole({ kind }: Layout): boolean {
  return kind === "int" || kind === "enum" || kind === "pointer";
}

function renderMember({ name, offset, layout, bitOffset, bitSize }: MemberLayout): string {
  return [name, offset, bitOffset, bitSize, renderKind(layout)].join();
}

function describeMember({ name, offset, layout }: MemberLayout, path: string): string {
  return `${renderKind(layout)} "${path}${name}" at byte ${offset}`;
}

/** A type without its name. */
function renderKind(layout: Layout): string {
  switch (layout.kind) {
    case "int":
    case "enum":
      return `${layout.signed ? "s" : "u"}${layout.size * 8}`;
    case "float":
      return layout.size === 4 ? "float" : "double";
    case "pointer":
      return "pointer";
    case "array":
      return `${renderKind(layout.element)}[${layout.length}]`;
    case "struct":
    case "union":
      return `${layout.kind} of ${layout.size} bytes`;
  }
}
