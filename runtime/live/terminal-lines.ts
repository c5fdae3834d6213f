import { clearScreenDown, createInterface, cursorTo, moveCursor } from "node:readline";
import type { ReadStream, WriteStream } from "node:tty";
import type { LineSource, TypedLine } from "./line-source.ts";

/** What a terminal's lines need from the session. */
export interface TerminalOptions {
  readonly input: ReadStream;
  readonly output: WriteStream;
  /** The lines of earlier sessions, the newest first. */
  readonly history: readonly string[];
  /** What may stand in place of the last word of a line: all of them, and that word. */
  complete(line: string): [found: string[], word: string];
  noteHistory(history: readonly string[]): void;
}

const PROMPT = "> ";
const CONTINUED = ". ";

/** The longest history. Units: lines. */
const HISTORY_LINES = 500;

/**
 * Reads lines from a terminal. While a line is typed the terminal tells of each key, Ctrl-C among them; while one runs it is as shells leave it, so that
 * Ctrl-C is a signal.
 */
export function openTerminalLines({ input, output, history, complete, noteHistory }: TerminalOptions): LineSource {
  const lines: TypedLine[] = [];
  let wake: (() => void) | undefined;
  let isTyping = false;
  let isInput = false;
  /** Rows that the last drawing takes. */
  let drawnRows = 0;
  const add = (line: TypedLine): void => {
    lines.push(line);
    wake?.();
  };
  const reader = createInterface({
    input,
    output,
    terminal: true,
    prompt: PROMPT,
    history: [...history],
    historySize: HISTORY_LINES,
    removeHistoryDuplicates: true,
    completer: (line: string) => complete(line),
    tabSize: 4,
  });
  reader.pause();
  reader.on("line", (text) => {
    drawnRows = 0;
    add({ kind: "line", text });
  });
  reader.on("history", noteHistory);
  reader.on("close", () => add({ kind: "end" }));
  reader.on("SIGINT", () => {
    drawnRows = 0;
    const hadText = reader.line !== "" || isInput;
    output.write(hadText ? "^C\n" : "\nCtrl-D ends the session\n");
    reader.write(null, { ctrl: true, name: "e" });
    reader.write(null, { ctrl: true, name: "u" });
    add({ kind: "dropped" });
  });

  const hide = (): void => {
    if (!isTyping) return;
    moveCursor(output, 0, -reader.getCursorPos().rows);
    cursorTo(output, 0);
    clearScreenDown(output);
  };
  const show = (): void => {
    if (!isTyping) return;
    // The cursor stands at the beginning of a row, wherever it stood in the line.
    (reader as unknown as { prevRows: number }).prevRows = 0;
    reader.prompt(true);
  };

  return {
    isTerminal: true,
    async next(isContinued) {
      if (lines.length === 0) {
        isInput = isContinued;
        reader.setPrompt(isContinued ? CONTINUED : PROMPT);
        reader.resume();
        input.setRawMode(true);
        isTyping = true;
        reader.prompt();
        while (lines.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        isTyping = false;
        reader.pause();
        if (!input.destroyed) input.setRawMode(false);
      }
      return lines[0]!.kind === "end" ? lines[0]! : lines.shift()!;
    },
    writeBeside(work) {
      hide();
      work();
      show();
    },
    redraw(text) {
      hide();
      if (drawnRows > 0) {
        moveCursor(output, 0, -drawnRows);
        clearScreenDown(output);
      }
      const rows = text
        .replace(/\n$/, "")
        .split("\n")
        .slice(0, Math.max(1, output.rows - 2));
      output.write(`${rows.map((row) => [...row].slice(0, output.columns - 1).join("")).join("\n")}\n`);
      drawnRows = rows.length;
      show();
    },
    noteWritten() {
      drawnRows = 0;
    },
    close() {
      reader.close();
      input.pause();
    },
  };
}
