import { closeSync, openSync, readSync, statSync } from "node:fs";

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

/** No line is as long. Units: bytes. */
const BLOCK_BYTES = 8192;

/** A file of sorted lines. Of its megabyte only the blocks are read that a search comes by, each once. */
class SortedLines {
  private readonly path: string;
  private readonly count: number;
  private readonly blocks = new Map<number, string>();

  constructor(path: string) {
    this.path = path;
    this.count = Math.ceil(statSync(path).size / BLOCK_BYTES);
  }

  /** The line that begins so, its newline included; of several the first. */
  find(prefix: string): string | undefined {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const line = this.readLine(middle, this.findStart(middle));
      // A prefix may end in the newline, which sorts before whatever a longer name goes on with. In the last block there may be no line of its own.
      if (line !== "" && (line < prefix || line.startsWith(prefix))) low = middle;
      else high = middle - 1;
    }
    const { length } = this.readBlock(low);
    for (let at = this.findStart(low), line = ""; at <= length; at += line.length) {
      line = this.readLine(low, at);
      if (line === "") break;
      if (line.startsWith(prefix)) return line;
    }
    return undefined;
  }

  /** Where the first line begins that is not the block before's. A line that begins where the block does belongs to the one before. */
  private findStart(block: number): number {
    return block === 0 ? 0 : this.readBlock(block).indexOf("\n") + 1;
  }

  private readLine(block: number, at: number): string {
    const text = this.readBlock(block);
    const end = text.indexOf("\n", at) + 1;
    return end > 0
      ? text.slice(at, end)
      : `${text.slice(at)}${this.readBlock(block + 1).slice(0, this.findStart(block + 1))}`;
  }

  private readBlock(block: number): string {
    const known = this.blocks.get(block);
    if (known !== undefined) return known;
    const bytes = Buffer.alloc(BLOCK_BYTES);
    const file = openSync(this.path, "r");
    try {
      const size = readSync(file, bytes, 0, BLOCK_BYTES, block * BLOCK_BYTES);
      const text = bytes.toString("latin1", 0, size);
      this.blocks.set(block, text);
      return text;
    } finally {
      closeSync(file);
    }
  }
}
