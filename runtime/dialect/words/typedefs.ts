import type { KernelNames } from "../text/env.ts";
import type { Token } from "../text/lexer.ts";
import type { Pass } from "../text/pass.ts";
import { listMembers } from "./shadow.ts";

/**
 * Writes the kernel's structs out where the text names them by typedefs of its own (`typedef struct sock sock_t;`): clang
 * relocates an access by the name that it was written with, and the kernel has no such typedef.
 */
export function rewriteKernelTypedefs(pass: Pass, names: KernelNames): void {
  const { tokens, edits } = pass;
  const records = new Map<string, string>();
  const declared = new Set<number>();
  for (let at = 0; at < tokens.length; at++) {
    if (tokens[at]!.text !== "typedef" || tokens[at]!.inDirective) continue;
    const end = tokens.findIndex(({ text }, index) => index > at && (text === ";" || text === "{" || text === "("));
    if (end < 0 || tokens[end]!.text !== ";") continue;
    const record = readRecord(tokens, at + 1, records, names);
    if (record === undefined) continue;
    for (let name = record.end; name < end; name++) {
      declared.add(name);
      const isPlain =
        tokens[name]!.kind === "word" && tokens[name - 1]!.text !== "*" && /^[,;]$/.test(tokens[name + 1]!.text);
      if (isPlain) records.set(tokens[name]!.text, record.text);
    }
  }
  if (records.size === 0) return;
  const members = listMembers(tokens, (word) => records.has(word));
  tokens.forEach((token, at) => {
    const record = token.kind === "word" && !declared.has(at) ? records.get(token.text) : undefined;
    if (record !== undefined && !members.has(at) && !/^(struct|union|enum)$/.test(tokens[at - 1]?.text ?? ""))
      edits.replace(token.start, token.end, record);
  });
}

/** The struct of the kernel's that a typedef begins with, by its tag or by a typedef before, and where its names begin. */
function readRecord(
  tokens: readonly Token[],
  from: number,
  records: ReadonlyMap<string, string>,
  names: KernelNames,
): { text: string; end: number } | undefined {
  let at = from;
  const isQualifier = (): boolean => /^(const|volatile)$/.test(tokens[at]?.text ?? "");
  let qualifiers = "";
  const skip = (): void => {
    for (; isQualifier(); at++) qualifiers += `${tokens[at]!.text} `;
  };
  skip();
  const kind = tokens[at]?.text ?? "";
  const tag = tokens[at + 1]?.text ?? "";
  const known = records.get(kind);
  const record =
    known ?? ((kind === "struct" || kind === "union") && names.haveType(kind, tag) ? `${kind} ${tag}` : undefined);
  if (record === undefined) return undefined;
  at += known === undefined ? 2 : 1;
  skip();
  return { text: qualifiers + record, end: at };
}
