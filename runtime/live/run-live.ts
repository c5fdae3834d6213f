import { BpftsError } from "../base/errors.ts";
import type { KernelPort } from "../kernel/door/port.ts";
import type { Script, ScriptText } from "../script/read-script.ts";
import type { GuestRun } from "../session/run/run-guest.ts";
import type { SharedTables } from "../session/load/shared-tables.ts";
import { openAttachedTexts } from "./attached-texts.ts";
import type { TextName } from "./attached-texts.ts";
import { completeLine } from "./complete-line.ts";
import { commandNames, findCommand } from "./dot-commands.ts";
import type { LiveContext } from "./dot-commands.ts";
import { isInputOver } from "./input-state.ts";
import { readLines } from "./read-lines.ts";
import type { LineSource, TypedLine } from "./line-source.ts";
import { openLiveGuest } from "./live-guest.ts";
import type { LinesEnd } from "./live-guest.ts";
import type { ProbeCosts } from "./probe-costs.ts";
import { openProbeLists } from "./probe-lists.ts";
import { openRepeats } from "./repeated-tables.ts";
import type { LiveNames } from "../../sdk/wire/guest-hooks.ts";
import { readyWords } from "../one-liner/ready-words.ts";
import { tableWords } from "../one-liner/table-words.ts";

/** What a session is run with besides its guest. */
export interface LiveOptions {
  /** The path of the script that it begins with. */
  readonly script: string | undefined;
  /** Texts to attach at the beginning. */
  readonly texts: readonly string[];
  readonly tables: SharedTables;
  /** Absent where the kernel does not count for this user. */
  readonly costs: ProbeCosts | undefined;
  /** Makes the script of a text, as `bpfts -e` does. @throws BpftsError */
  readText(text: string, name: TextName): ScriptText;
  /** Opens where lines come from; `write` shows a text, `complete` answers what may stand in place of a line's last word. */
  openLines(write: (text: string) => void, complete: (line: string) => [found: string[], word: string]): LineSource;
  /** Tells of an error on stderr. */
  report(error: unknown): void;
}

/** Runs a session to its end. Answers the exit status: that of `exit()`, else 1 when a line that came through a pipe failed. */
export async function runLive(
  run: GuestRun,
  read: (text: ScriptText) => Promise<Script>,
  options: LiveOptions,
): Promise<number> {
  let source: LineSource | undefined;
  let captured: string[] | undefined;
  const write: KernelPort["write"] = (fd, bytes, timeoutMs) => {
    if (captured !== undefined && fd === 1) {
      captured.push(Buffer.from(bytes).toString("utf8"));
      return bytes.length;
    }
    let written = 0;
    const send = (): void => void (written = run.port.write(fd, bytes, timeoutMs));
    if (source === undefined) send();
    else source.writeBeside(send);
    source?.noteWritten();
    return written;
  };
  const port = Object.create(run.port, { write: { value: write } }) as KernelPort;
  const show = (text: string): void => void port.write(1, Buffer.from(text, "utf8"), -1);
  const guest = await openLiveGuest({ ...run, port });
  const typedLines: string[] = [];
  let failures = 0;
  let status: number | undefined;

  /** Notes how something ended, and tells of its failure. */
  const note = (end: LinesEnd): boolean => {
    if (end.kind === "over") status = end.status;
    if (end.kind === "failed") {
      failures++;
      options.report(end.error);
    }
    return end.kind === "done";
  };
  /** Does what may throw a BpftsError, and tells of that. */
  const attempt = async (work: () => void | Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof BpftsError)) throw error;
      note({ kind: "failed", error });
    }
  };
  /** What the guest writes meanwhile. */
  const capture = (work: () => void): string => {
    captured = [];
    try {
      work();
      return captured.join("");
    } finally {
      captured = undefined;
    }
  };

  const repeats = openRepeats((name) => {
    let isGood = false;
    const text = capture(() => (isGood = note(guest.call("showTable", name))));
    if (isGood) source?.redraw(text);
    return isGood;
  });
  const listFunctions = (): readonly number[] => options.costs?.listFunctions() ?? [];
  const texts = openAttachedTexts({ ...options, guest, read, note, listFunctions });
  const probes = openProbeLists();
  const context: LiveContext = {
    guest,
    texts,
    repeats,
    probes,
    show,
    note,
    lines: [],
    script: options.script,
    costs: options.costs,
    renderText: (text) => options.readText(text, ".on").text,
  };
  const listNames = (): Partial<LiveNames> => parse(guest.ask("listNames")) as Partial<LiveNames>;
  const complete = (line: string): [found: string[], word: string] =>
    completeLine(line, {
      commands: commandNames,
      words: [...readyWords, ...tableWords].map(({ name }) => name),
      listTexts: () => texts.list().map(({ number }) => String(number)),
      listTables: () => listNames().tables ?? [],
      listMembers: (path) => parse(guest.ask("listMembers", path)) as string[],
      completeProbe: (start) => probes.complete(start),
      listValues: (probe) => probes.listValues(probe),
    });

  let timer: NodeJS.Timeout | undefined;
  let wakeEnd: (() => void) | undefined;
  const rest = (): void => {
    const { end, nextMs } = guest.idle();
    note(end);
    const dueMs = repeats.showDue();
    if (status !== undefined) wakeEnd?.();
    else timer = setTimeout(rest, Math.min(nextMs, dueMs));
  };
  /** Waits for a line, and sees to events, timers and repeated tables meanwhile. */
  const readLine = async (lines: LineSource, isContinued: boolean): Promise<TypedLine> => {
    const ended = new Promise<undefined>((resolve) => (wakeEnd = () => resolve(undefined)));
    rest();
    const typed = await Promise.race([status === undefined ? lines.next(isContinued) : ended, ended]);
    clearTimeout(timer);
    // What came before the line is shown before what it prints.
    if (typed !== undefined && status === undefined) note(guest.idle().end);
    return typed === undefined || status !== undefined ? { kind: "end" } : typed;
  };

  const runLines = async (text: string, line: number): Promise<void> => {
    if (note(guest.run(await readLines(text, line, typedLines, read)))) context.lines.push(text);
  };

  try {
    note(guest.begin(run.script as Script));
    for (const text of options.texts) await attempt(() => texts.attach(text, "-e").then(show));
    if (failures > 0) return 1;
    source = options.openLines(show, complete);
    let input = "";
    let first = 1;
    for (let line = 1; status === undefined; line++) {
      const read = await readLine(source, input !== "");
      if (read.kind === "end") break;
      if (read.kind === "dropped") {
        input = "";
        continue;
      }
      const typed = read.text;
      typedLines[line - 1] = typed;
      if (input === "") first = line;
      // An empty line ends whatever is not over.
      const isOver = input !== "" && typed.trim() === "";
      input = input === "" ? typed : `${input}\n${typed}`;
      if (!isOver && !isInputOver(input)) continue;
      const whole = input;
      input = "";
      if (whole.trim() === "") continue;
      if (/^(?:exit|quit)$/.test(whole.trim())) break;
      await attempt(async () => {
        const found = findCommand(whole);
        if (found === undefined) await runLines(whole, first);
        else await found.run(context, found.rest);
      });
    }
    if (input.trim() !== "" && status === undefined) await attempt(() => runLines(input, first));
    note(guest.idle().end);
    note(guest.end());
    return status ?? (failures > 0 && !source.isTerminal ? 1 : 0);
  } finally {
    clearTimeout(timer);
    source?.close();
    probes.close();
    guest.close();
  }
}

/** What the guest answers; nothing where it was stopped. */
function parse(text: string): unknown {
  return text === "" ? [] : JSON.parse(text);
}
