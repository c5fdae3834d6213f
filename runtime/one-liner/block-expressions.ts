import { splitAtCommas } from "../dialect/text/lexer.ts";
import type { TokenRange } from "../dialect/text/lexer.ts";
import { BlockColumns } from "./block-columns.ts";
import type { TableCall } from "./block-columns.ts";
import type { TextComparison } from "./block-words.ts";
import { readLiteralBytes } from "./c-literal.ts";
import { fillColumn, passKey } from "./fill-column.ts";
import { copyPiece, makePiece } from "./pieces.ts";
import type { Piece } from "./pieces.ts";
import type { Column, LineTable, TableUse } from "./tables.ts";
import { findTableWord } from "./table-words.ts";
import { askName } from "./value-types.ts";

function renderByte(byte: number): string {
  if (byte < 32 || byte > 126) return String(byte);
  const character = String.fromCharCode(byte);
  return `'${/['\\]/.test(character) ? "\\" : ""}${character}'`;
}

/** Expressions of a block: copied, with what is ours in them written as C. */
export abstract class BlockExpressions extends BlockColumns {
  /** Copies an expression; what is ours in it becomes C. */
  protected lowerExpression({ from, to }: TokenRange): Piece[] {
    const { tokens, text } = this;
    if (from >= to) return [];
    const pieces: Piece[] = [];
    let last = tokens[from]!.start;
    const replace = (start: number, end: number, ...made: readonly Piece[]): void => {
      pieces.push(copyPiece(text, last, start), ...made);
      last = end;
    };
    for (let at = from; at < to; at++) {
      const token = tokens[at]!;
      if (token.text === "@" || (token.kind === "word" && token.text.startsWith("$")))
        throw this.fail(
          token,
          `"${token.text}" is no C`,
          "a table is named and called, count(key) or NAME.count(key); a variable is declared: u64 x = …",
        );
      const call = this.readTableCall(at);
      if (call !== undefined) {
        if (call.word.use === "statement") throw this.refuseStatement(at, call.word.name);
        replace(token.start, tokens[call.close]!.end, ...this.lowerValue(call));
        at = call.close;
        continue;
      }
      if (token.kind === "word" && tokens[at + 1]?.text === "(" && !this.isMember(at) && !this.isOwn(token.text)) {
        if (token.text === "str")
          throw this.fail(
            token,
            '"str()" is no value of C: it is a key, or something to print',
            'for example count(str(args->filename)), print("%s", str(args->filename))',
          );
        if (token.text === "print") throw this.refuseStatement(at, "print");
        if (token.text === "printf")
          throw this.fail(token, 'A block has no "printf"', `write print(…): it is formatted by bpfts`);
        if (/^(kstack|ustack|nsecs|pid|comm)$/.test(token.text))
          throw this.fail(token, `"${token.text}" is no function`, `write ${token.text}`);
      }
      const compared = this.readComparison(at, to);
      if (compared !== undefined) {
        replace(token.start, tokens[compared.to - 1]!.end, ...this.lowerComparison(compared, token.start));
        at = compared.to - 1;
        continue;
      }
      if (/^[=!]=$/.test(token.text) && (tokens[at + 1]?.kind === "string" || tokens[at - 1]?.kind === "string"))
        throw this.fail(
          token,
          "Only a name or a member is compared with a text: of anything else C would compare addresses",
          'for example args->comm == "bash"; of a call, keep the text in an array first',
        );
      const word = this.readWord(at);
      if (word === "walltime")
        throw this.fail(
          token,
          '"walltime" is a key or something to print, by itself',
          "differences of times are taken with nsecs",
        );
      if (word === "nsecs") replace(token.start, token.end, makePiece("bpf_ktime_get_ns()", token.start));
    }
    const end = tokens[to - 1]!.end;
    if (last < end) pieces.push(copyPiece(text, last, end));
    return pieces;
  }

  /** Character by character: C would compare addresses. */
  private lowerComparison({ value, literal, most, isEqual }: TextComparison, at: number): Piece[] {
    const pieces = this.lowerExpression(value);
    // The length of what stands there is clang's to tell; that of the thread's name is known.
    const question = most === undefined ? this.options.findings.questions++ : undefined;
    const type = question === undefined ? undefined : this.options.types?.get(question);
    if (question !== undefined && this.options.types === undefined)
      return [makePiece(`({ ${askName}(${question}, (`, at), ...pieces, makePiece(")); 1; })", at)];
    const written = readLiteralBytes(literal).subarray(0, most);
    const size = type?.kind === "text" ? type.length : Infinity;
    const text = this.text.slice(this.tokens[value.from]!.start, this.tokens[value.to - 1]!.end);
    // The kernel ends each thread's name; another text may fill its array, and then has no end of its own.
    const room = /comm$/.test(text) ? size - 1 : size;
    if (written.length > room)
      throw this.options.line.fail(
        at,
        `"${text}" has at most ${room} characters, the text that it is compared with has ${written.length}: they are never equal`,
        "the kernel cuts what is longer: leave the rest of the text out",
      );
    const bytes = [...written, ...(written.length === size ? [] : [0])];
    const tests = bytes.flatMap((byte, index): Piece[] => [
      makePiece(index === 0 ? "" : " && "),
      makePiece(byte > 127 ? "(u8)" : "", at),
      ...pieces,
      makePiece(`[${index}] == ${renderByte(byte)}`, at),
    ]);
    return [makePiece(`${isEqual ? "" : "!"}(`, at), ...tests, makePiece(")", at)];
  }

  private refuseStatement(at: number, name: string): Error {
    const doc = findTableWord(name)?.doc ?? 'print("format", values…)';
    return this.fail(this.tokens[at]!, `"${name}" is a statement of its own`, doc);
  }

  /** The argument of a column as C: of a text, its pointer. */
  protected lowerColumn({ from, to }: TokenRange, column: Column): Piece[] {
    if (column.form === "value") return this.lowerExpression({ from, to });
    if (column.form !== "str") return [];
    const pointer = splitAtCommas(this.tokens, from + 1, to - 1)[0]!;
    return this.lowerExpression(pointer);
  }

  protected ask(column: Column, pieces: readonly Piece[]): Piece[] {
    if (column.form === "str") return [makePiece("(void)("), ...pieces, makePiece(");")];
    if (column.form !== "value") return [];
    return [makePiece(`${askName}(${column.question!}, (`), ...pieces, makePiece("));")];
  }

  protected readonly lowerArguments = (call: TableCall, use: TableUse): Piece[][] => {
    const parts = splitAtCommas(this.tokens, call.open, call.close).slice(call.word.before);
    return use.keys.map((column, index) => this.lowerColumn(parts[index]!, column));
  };

  protected lowerValueOf(call: TableCall, use: TableUse): Piece[] {
    const parts = splitAtCommas(this.tokens, call.open, call.close);
    if (use.value === undefined) return [makePiece("1")];
    return this.lowerExpression(parts[call.word.after === 1 ? parts.length - 1 : 0]!);
  }

  /** `NAME.take(key)` and its like. */
  private lowerValue(call: TableCall): Piece[] {
    const use = this.readUse(call);
    this.options.findings.tables.push(use);
    const keys = this.lowerArguments(call, use);
    const { tables } = this.options;
    const at = use.at;
    if (tables === undefined) {
      const asks = use.keys.flatMap((column, index) => this.ask(column, keys[index]!));
      const type = call.word.name === "has" ? "bool" : (this.options.values?.get(use.table) ?? "u8");
      return [makePiece("({ ", at), ...asks, makePiece(` ((${type}){0}); })`, at)];
    }
    const table = tables.get(use.table)!;
    const name = `${use.table}_${call.word.name}`;
    if (!table.isStruct) return [makePiece(`${name}(`, at), ...passKey(table, keys[0]), makePiece(")", at)];
    const [lines, key] = this.fillKey(table, use, keys);
    return [
      makePiece("({ ", at),
      ...lines.flatMap((line) => [...line, makePiece(" ")]),
      makePiece(`${name}(${key}); })`, at),
    ];
  }

  /** The lines that put a key together, and its address. */
  protected fillKey(table: LineTable, use: TableUse, keys: readonly (readonly Piece[])[]): [Piece[][], string] {
    // Variables around expressions of the user's: their names are none that the user would write.
    const variable = `bpfts_${table.name}_key`;
    const slot = `bpfts_${table.name}_slot`;
    const start: Piece[][] = table.isLarge
      ? [
          [makePiece(`u32 ${slot} = 0;`)],
          [makePiece(`${table.keyType} *${variable} = ${table.name}_room.lookup(&${slot});`)],
          [makePiece(`if (!${variable})`)],
          [makePiece("    return 0;")],
          [makePiece(`__builtin_memset(${variable}, 0, sizeof(*${variable}));`)],
        ]
      : [
          [makePiece(`${table.keyType} ${variable};`)],
          // What lies between members is a part of the key, too.
          [makePiece(`__builtin_memset(&${variable}, 0, sizeof(${variable}));`)],
        ];
    const member = table.isLarge ? `${variable}->` : `${variable}.`;
    const fields = use.keys.flatMap((column, index) => {
      const { name, type } = table.keys[index]!;
      return fillColumn(
        `${member}${name}`,
        { ...column, isText: type.kind === "text", isPointer: type.kind === "pointer" },
        keys[index]!,
      );
    });
    return [[...start, ...fields], table.isLarge ? variable : `&${variable}`];
  }
}
