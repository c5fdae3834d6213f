import { SortedLines } from "./sorted-lines.ts";

/** Names that the kernel's types bring along. */
export interface KernelNames {
  /** Whether the kernel's types have this one. `kind` is the C keyword, or `typedef`. */
  haveType(kind: "struct" | "union" | "enum" | "typedef", name: string): boolean;
  /** The value of an enumerator of the kernel's, undefined when there is none of that name. */
  findEnumValue(name: string): bigint | undefined;
  /** Whether a member of a kernel struct is a bit-field. `record` is the named struct or union around it: `"struct sock_common"`. */
  isBitField(record: string, member: string): boolean;
}

/**
 * Lists the names in libbpf's C dump of a BTF, one a line and in order: `struct sock`,
 * `typedef u64`, `value TCP_CLOSE 7`, `bits struct sock_common.skc_reuse`.
 */
export function renderKernelNames(dump: string): string {
  const lines = new Set<string>();
  for (const match of dump.matchAll(/^(struct|union|enum) (\w+) \{/gm)) lines.add(`${match[1]} ${match[2]}`);
  for (const match of dump.matchAll(
    /^typedef [^;{}]*?\b(\w+)(?:\)\(.*\)|\[\d*\])?;$|^(?:typedef (?:struct|union) \{)?\} (?:__attribute__\(\(\w+\)\) )?(\w+);$/gm,
  ))
    lines.add(`typedef ${match[1] ?? match[2]}`);
  let record = "";
  for (const match of dump.matchAll(/^((?:struct|union) \w+) \{|^\t+[\w ]+\b(\w+): \d+;$/gm)) {
    if (match[1] !== undefined) record = match[1];
    else lines.add(`bits ${record}.${match[2]}`);
  }
  for (const match of dump.matchAll(/^\t+(\w+) = (-?\d+),?$/gm)) lines.add(`value ${match[1]} ${match[2]}`);
  return `${[...lines].sort().join("\n")}\n`;
}

/** Reads names out of a file that `renderKernelNames` made; it is looked at with the first question. */
export function openKernelNames(path: string): KernelNames {
  let lines: SortedLines | undefined;
  const find = (prefix: string): string | undefined => (lines ??= new SortedLines(path)).find(prefix);
  return {
    haveType: (kind, name) => find(`${kind} ${name}\n`) !== undefined,
    isBitField: (record, member) => find(`bits ${record}.${member}\n`) !== undefined,
    findEnumValue(name) {
      const prefix = `value ${name} `;
      const line = find(prefix);
      return line === undefined ? undefined : BigInt(line.slice(prefix.length).trimEnd());
    },
  };
}
