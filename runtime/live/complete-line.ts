/** What words may stand for. */
export interface CompletionSource {
  readonly commands: readonly string[];
  /** Words of a text's blocks: `pid`, `count`. */
  readonly words: readonly string[];
  /** Numbers of the texts that are attached. */
  listTexts(): readonly string[];
  listTables(): readonly string[];
  /** What stands behind a value's dot; the globals for "". */
  listMembers(path: string): readonly string[];
  completeProbe(start: string): readonly string[];
  /** The names of a probe's values. */
  listValues(probe: string): readonly string[];
}

/** Commands whose last word is a table. */
const tableCommands = /^\.(?:top\s+\S+|every\s+\S+|clear|types)\s+$/;

/** Answers what may stand in place of a line's last word, and that word. Shape: as `node:readline` wants it. */
export function completeLine(line: string, source: CompletionSource): [found: string[], word: string] {
  const choose = (words: readonly string[], word: string): [string[], string] => [
    words.filter((known) => known.startsWith(word)),
    word,
  ];
  if (/^\.\w*$/.test(line)) return choose(source.commands, line);
  const word = /\S*$/.exec(line)![0];
  const before = line.slice(0, line.length - word.length);
  if (/^\.off\s+$/.test(before)) return choose([...source.listTexts(), "all"], word);
  if (tableCommands.test(before)) return choose(source.listTables(), word);
  if (/^\.list\s+(?:-v\s+)?$/.test(before)) return choose(source.completeProbe(word), word);
  if (/^\.on\s/.test(line)) return completeText(line, source);
  if (line.startsWith(".")) return [[], word];
  const [, path, , member] = /((?:[A-Za-z_$][\w$]*\.)*)(([A-Za-z_$][\w$]*)?)$/.exec(line)!;
  const found = source.listMembers(path === "" ? "" : path!.slice(0, -1));
  return choose(
    path === "" && (member ?? "") === "" ? source.listTables() : found.map((name) => `${path}${name}`),
    `${path}${member ?? ""}`,
  );
}

/** A text is probes outside of braces, and words within. */
function completeText(line: string, source: CompletionSource): [found: string[], word: string] {
  const text = line.replace(/^\.on\s+/, "");
  const depth = text.split("{").length - text.split("}").length;
  if (depth <= 0) {
    const probe = /[^\s,{}]*$/.exec(text)![0];
    return [[...source.completeProbe(probe)], probe];
  }
  const probe = /([a-z]+:[^\s,{]+)[^{}]*\{[^{}]*$/.exec(text)?.[1];
  const value = /\bargs->(\w*)$/.exec(text)?.[1];
  const names =
    value === undefined
      ? [...source.words, ...source.listTables()]
      : probe === undefined
        ? []
        : source.listValues(probe);
  const word = value ?? /\w*$/.exec(text)![0];
  return [names.filter((name) => name.startsWith(word)), word];
}
