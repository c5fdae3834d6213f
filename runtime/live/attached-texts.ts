import { ArgumentError } from "../base/errors.ts";
import { parseLine } from "../one-liner/parse-line.ts";
import type { Script, ScriptText } from "../script/read-script.ts";
import type { BuiltProgram } from "../session/load/program.ts";
import type { SharedTables } from "../session/load/shared-tables.ts";
import type { LinesEnd, LiveGuest } from "./live-guest.ts";

/** The texts that a session has attached. */
export interface AttachedTexts {
  /** Attaches a text; messages call it `name`. Answers a line about it; "" when it failed. @throws BpftsError */
  attach(text: string, name: TextName): Promise<string>;
  /** Detaches a text, or all of them and the script's programs. Answers a line about it. @throws ArgumentError when there is no such text */
  detach(number: number | "all"): string;
  /** Those that are attached, by number. */
  list(): readonly AttachedText[];
  /** Functions that are loaded and sit nowhere any more. */
  readonly idleFunctions: ReadonlySet<number>;
}

/** One of them. */
export interface AttachedText {
  readonly number: number;
  readonly text: string;
  /** The probes, as the user wrote them. */
  readonly probes: readonly string[];
  readonly programs: readonly BuiltProgram[];
  /** Its functions, by the numbers of `ProbeCosts`. */
  readonly functions: readonly number[];
}

/** What attaching needs. */
export interface AttachOptions {
  readonly guest: LiveGuest;
  readonly tables: SharedTables;
  readText(text: string, name: TextName): ScriptText;
  read(text: ScriptText): Promise<Script>;
  note(end: LinesEnd): boolean;
  /** The functions that are loaded. */
  listFunctions(): readonly number[];
}

/** What messages call a text, by where it comes from. */
export type TextName = ".on" | "-e";

/** Opens the list of a session. */
export function openAttachedTexts({
  guest,
  tables,
  readText,
  read,
  note,
  listFunctions,
}: AttachOptions): AttachedTexts {
  const texts = new Map<number, AttachedText>();
  const idleFunctions = new Set<number>();
  let last = 0;
  const detachAll = (programs: readonly BuiltProgram[]): void => {
    for (const program of programs) program.detachAll();
  };
  return {
    async attach(text, name) {
      const script = await read(readText(text, name));
      const before = guest.programs.length;
      const known = new Set(listFunctions());
      tables.areShared = true;
      const isAttached = note(guest.attach(script));
      tables.areShared = false;
      const programs = guest.programs.slice(before);
      if (!isAttached) {
        // One of several probes may sit already.
        detachAll(programs);
        for (const key of listFunctions()) if (!known.has(key)) idleFunctions.add(key);
        return "";
      }
      const probes = parseLine(text, name).blocks.flatMap((block) => block.probes.map((probe) => probe.text));
      const number = ++last;
      const functions = listFunctions().filter((key) => !known.has(key));
      texts.set(number, { number, text, probes, programs, functions });
      return `${number}: ${probes.join(", ")}\n`;
    },
    detach(number) {
      if (number === "all") {
        const count = texts.size;
        detachAll(guest.programs);
        for (const key of listFunctions()) idleFunctions.add(key);
        texts.clear();
        return `detached everything (${count} text${count === 1 ? "" : "s"}); the tables stay\n`;
      }
      const found = texts.get(number);
      if (found === undefined) {
        const known = [...texts.keys()].join(", ");
        throw new ArgumentError(`There is no text ${number}`, {
          hint: known === "" ? "nothing is attached by .on" : `attached: ${known}`,
        });
      }
      detachAll(found.programs);
      for (const key of found.functions) idleFunctions.add(key);
      texts.delete(number);
      return `detached ${number}; its tables stay\n`;
    },
    list: () => [...texts.values()],
    idleFunctions,
  };
}
