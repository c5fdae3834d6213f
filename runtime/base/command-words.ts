/** What only a shell knows: its words, and the programs that live within it. Source: POSIX.1-2017, Shell Command Language 2.4, 2.14; dash(1) */
const shellWords = new Set(
  (
    "! { } if then else elif fi do done case esac in while until for select function time " +
    ". : alias bg break cd chdir command continue eval exec exit export fc fg getopts hash jobs local read readonly return set " +
    "shift source times trap type ulimit umask unalias unset wait"
  ).split(" "),
);

/** Spaces, then pieces of a word: in single quotes, in double quotes, one after a backslash, or plain ones. */
const pieces = /([ \t]+)|'([^']*)'|"((?:[^"\\$`]|\\[^\n])*)"|\\([^\n])|([^\s'"\\|&;<>()$`*?[{}]+|\{\})/y;

/**
 * Takes a command line apart as a POSIX shell does: words, quotes, escaped characters. Answers undefined for one that needs a shell: it has
 * operators, expansions, patterns, assignments, comments, several lines, or a word that a shell understands itself.
 */
export function splitSimpleCommand(line: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  const text = line.replace(/\n+$/, "");
  for (pieces.lastIndex = 0; pieces.lastIndex < text.length; ) {
    const piece = pieces.exec(text);
    if (piece === null) return undefined;
    const [, space, single, double, escaped, plain] = piece;
    if (space !== undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    if (plain !== undefined && needsShell(plain, word, words.length === 0)) return undefined;
    word = (word ?? "") + (single ?? double?.replace(/\\(["\\$`])/g, "$1") ?? escaped ?? plain ?? "");
  }
  if (word !== undefined) words.push(word);
  return words[0] === undefined || words[0] === "" || shellWords.has(words[0]) ? undefined : words;
}

/** A home, a comment, an assignment before the command. `before` is what the word has already. */
function needsShell(plain: string, before: string | undefined, isFirst: boolean): boolean {
  return (before === undefined && /^[~#]/.test(plain)) || /[=:]~/.test(plain) || (isFirst && plain.includes("="));
}

const value = String.raw`(?:'[^']*'|"(?:[^"\\\x60]|\\.)*"|\\.|[^\s'"\\|&;<>()\x60#])*`;
const assignments = new RegExp(String.raw`^[ \t]*(?:[A-Za-z_]\w*=${value}[ \t]+)*`);
const commandWord = /^[^\s'"\\|&;<>()$`*?[{}#~=!]+(?=[ \t]|$)/;
/** Arguments, in quotes or not, with variables and patterns in them, and redirections; no operator that could start a second process. */
const argumentWords =
  /^(?:'[^']*'|"(?:[^"\\`$]|\\[^\n]|\$(?!\())*"|\\[^\n]|\d*[<>]&\d|\d*(?:>>?|<)(?![<>&(])|\$(?!\()|[^'"\\|&;<>()`\n$])*$/;

/**
 * Lets a shell become the program of a line that is one command, though only a shell understands it: it sets variables, has patterns or
 * writes to a file. Answers undefined for a line that has operators, or words of the shell's own.
 */
export function replaceShell(line: string): string | undefined {
  const text = line.replace(/\n+$/, "");
  const before = assignments.exec(text)![0];
  const rest = text.slice(before.length);
  const word = commandWord.exec(rest)?.[0];
  if (word === undefined || shellWords.has(word) || !argumentWords.test(rest)) return undefined;
  return `${before}exec ${rest}`;
}
