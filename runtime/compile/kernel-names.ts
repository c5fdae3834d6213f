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
  for (const match of dump.matchAll(/^typedef [^;{}]*?\b(\w+)(?:\)\(.*\)|\[\d*\])?;$|^(?:typedef (?:struct|union) \{)?\} (?:__attribute__\(\(\w+\)\) )?(\w+);$/gm)) lines.add(`typedef ${match[1] ?? match[2]}`);
  let record = "";
  for (const match of dump.matchAll(/^((?:struct|union) \w+) \{|^\t+[\w ]+\b(\w+): \d+;$/gm)) {
    if (match[1] !== undefined) record = match[1];
    else lines.add(`bits ${record}.${match[2]}`);
  }
  for (const match of dump.matchAll(/^\t+(\w+) = (-?\d+),?$/gm)) lines.add(`value ${match[1]} ${match[2]}`);
  return `${[...lines].sort().join("\n")}\n`;
}

/** Reads names out of what `renderKernelNames` made; `read` is called at the first question. */
export function openKernelNames(read: () => string): KernelNames {
  let text: string | undefined;
  const find = (prefix: string): string | undefined => findLine((text ??= read()), prefix);
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

/** Finds the line that begins so in a text of sorted lines, its newline included: a text of a megabyte cannot be searched for each name. */
function findLine(text: string, prefix: string): string | undefined {
  let low = 0;
  let high = text.length;
  while (low < high) {
    const start = text.lastIndexOf("\n", Math.max(low, (low + high) >> 1) - 1) + 1;
    const end = text.indexOf("\n", start) + 1;
    if (end === 0) return undefined;
    const line = text.slice(start, end);
    if (line.startsWith(prefix)) return line;
    // A prefix may end in the newline, which sorts before whatever a longer name goes on with.
    if (line < prefix) low = end;
    else high = start;
  }
  return undefined;
}
