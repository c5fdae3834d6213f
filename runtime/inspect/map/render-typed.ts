import { quoteText } from "../../../sdk/wire/escape-text.ts";
import type { Layout, MemberLayout } from "../../../sdk/wire/layout.ts";

/** Names an address of the kernel. */
export type NameAddress = (address: bigint) => string;

/** Renders a decoded value as its C type reads: names for enumerators, hexadecimal digits for bytes, functions for addresses. */
export function renderTyped(layout: Layout, value: unknown, nameAddress: NameAddress): string {
  const inner = (other: Layout, item: unknown): string => renderTyped(other, item, nameAddress);
  switch (layout.kind) {
    case "pointer":
      return renderAddress(value as bigint, nameAddress);
    case "enum":
      return layout.values[String(value)] ?? String(value);
    case "int":
      return typeof value === "string" ? quoteText(value) : String(value);
    case "float":
      return String(value);
    case "array":
      if (typeof value === "string") return quoteText(value);
      if (value instanceof Uint8Array) return renderBytes(value);
      return `[${[...(value as Iterable<unknown>)].map((item) => inner(layout.element, item)).join(", ")}]`;
    default:
      if (layout.name === "bpf_stacktrace") return renderStack(value as { readonly ip: Iterable<bigint> }, nameAddress);
      return `{ ${listMembers(layout.members)
        .map(({ name, layout: member }) => `${name}: ${inner(member, (value as Record<string, unknown>)[name])}`)
        .join(", ")} }`;
  }
}

/** The members of anonymous structs and unions belong to the one around them. */
function listMembers(members: readonly MemberLayout[]): readonly MemberLayout[] {
  return members.flatMap((member) => {
    if (member.name !== "") return [member];
    return "members" in member.layout ? listMembers(member.layout.members) : [];
  });
}

function renderBytes(bytes: Uint8Array): string {
  return bytes.length === 0
    ? "[]"
    : Buffer.from(bytes)
        .toString("hex")
        .replace(/..(?!$)/g, "$& ");
}

/** What is no kernel address has no name, and is the number alone. */
function renderAddress(address: bigint, nameAddress: NameAddress): string {
  const number = `0x${address.toString(16)}`;
  const name = address === 0n ? number : nameAddress(address);
  return name === number ? number : `${number} (${name})`;
}

function renderStack({ ip }: { readonly ip: Iterable<bigint> }, nameAddress: NameAddress): string {
  const frames = [...ip];
  const end = frames.indexOf(0n);
  return frames
    .slice(0, end < 0 ? undefined : end)
    .map((address) => `\n    ${nameAddress(address)}`)
    .join("");
}
