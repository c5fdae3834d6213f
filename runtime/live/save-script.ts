import { existsSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { ArgumentError, ResourceError } from "../base/errors.ts";

/** What of a session is saved. */
export interface SavedSession {
  /** The texts that are attached, in the order of their numbers. */
  readonly texts: readonly string[];
  /** The lines of TypeScript that went well. */
  readonly lines: readonly string[];
  readonly tables: readonly string[];
  /** What the library exports. */
  readonly exports: readonly string[];
  /** The path of the script that the session began with. */
  readonly script: string | undefined;
  /** Makes the script of a text, as `bpfts -e --script` does. @throws BpftsError */
  renderText(text: string): string;
}

/** Lines that leave something behind for others. */
const declaring = /^(?:export\s+)?(?:const|let|var|(?:async\s+)?function|class|enum|type|interface)\b/;
/** Lines that begin something which goes on by itself. */
const starting = /^(?:set(?:Interval|Timeout)|on_exit)\s*\(/;

/**
 * Writes a session as a script: the texts that are attached as one program, with the lines that declare or begin something before it waits. Lines that
 * only looked at something are comments.
 *
 * @throws ArgumentError when there is nothing to save, or something is there already; ResourceError when it cannot be written
 */
export function saveSession(path: string, session: SavedSession): string {
  if (existsSync(resolve(path)))
    throw new ArgumentError(`"${path}" is there already`, { hint: "give another name: .save NAME.ts" });
  const text = renderSession(session);
  try {
    writeFileSync(resolve(path), text, { flag: "wx" });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ResourceError(`Cannot write "${path}" (${code ?? String(cause)})`, { cause });
  }
  return `saved: bpfts run ${path}\n`;
}

/** The same as a text. @throws ArgumentError when there is nothing to save */
export function renderSession({ texts, lines, tables, exports, script, renderText }: SavedSession): string {
  const kept = keepLast(lines.filter((line) => declaring.test(line) || starting.test(line)));
  const imports = lines.filter((line) => /^import\b/.test(line));
  if (texts.length === 0 && kept.length === 0)
    throw new ArgumentError("There is nothing to save", { hint: "attach a text first: .on TEXT" });
  const looks = lines.filter((line) => !kept.includes(line) && !imports.includes(line));
  const body = texts.length === 0 ? "" : renderText(texts.join("\n")).trimEnd();
  const used = new Set(kept.join("\n").match(/[A-Za-z_$][\w$]*/g) ?? []);
  const importLine = /^import \{ ([^}]*) \} from "bpfts";$/m;
  const names = new Set([
    ...(importLine.exec(body)?.[1] ?? "").split(", ").filter((name) => name !== ""),
    ...exports.filter((name) => used.has(name)),
  ]);
  const importAll = `import { ${[...names].join(", ")} } from "bpfts";`;
  const named = tables.filter((name) => used.has(name) && new RegExp(`\\b${name}\\b`).test(body));
  const head = [
    ...(script === undefined ? [] : [`// The session began with ${script}, whose own programs are not in here.`]),
    ...looks.flatMap((line) => line.split("\n").map((row) => `// > ${row}`)),
    ...imports,
    ...(body === "" && names.size > 0 ? [importAll] : []),
  ];
  const added = [
    ...(named.length === 0 ? [] : [`const { ${named.join(", ")} } = b.tables;`]),
    ...kept.map((line) => line.replace(/^export\s+/, "")),
  ];
  const at = body.lastIndexOf("\nreport(b, {");
  const parts =
    at < 0 ? [body, ...added] : [body.slice(0, at), ...added, ...(added.length === 0 ? [] : [""]), body.slice(at + 1)];
  const text = [...head, ...parts.filter((part, index) => part !== "" || index > 0)].join("\n").trimEnd();
  return `${text.replace(importLine, () => importAll)}\n`;
}

/** Of lines that declare the same name the last one counts. */
function keepLast(lines: readonly string[]): string[] {
  const nameOf = (line: string): string | undefined =>
    /^(?:export\s+)?(?:async\s+)?(?:const|let|var|function|class|enum|type|interface)\s+([A-Za-z_$][\w$]*)/.exec(
      line,
    )?.[1];
  return lines.filter((line, index) => {
    const name = nameOf(line);
    return name === undefined || !lines.slice(index + 1).some((later) => nameOf(later) === name);
  });
}
