import { readClock } from "../base/clock.ts";

/** Tables that are shown again and again. */
export interface Repeats {
  /** Shows a table now and after each interval; a second one joins the first. Units: seconds. */
  add(seconds: number, name: string): void;
  /** Ends all. Answers how many there were. */
  stop(): number;
  /** Shows what is due. Answers how long it is to the next one. Units: milliseconds, Infinity for none. */
  showDue(): number;
  list(): readonly { readonly seconds: number; readonly name: string }[];
}

interface Repeat {
  readonly seconds: number;
  readonly name: string;
  dueAt: number;
}

/** Opens the list of a session. `show` answers whether that went well; a table that cannot be shown is not shown again. */
export function openRepeats(show: (name: string) => boolean, now: () => number = readClock): Repeats {
  let repeats: Repeat[] = [];
  return {
    add(seconds, name) {
      repeats = [...repeats.filter((repeat) => repeat.name !== name), { seconds, name, dueAt: now() }];
    },
    stop() {
      const count = repeats.length;
      repeats = [];
      return count;
    },
    showDue() {
      for (const repeat of repeats.filter(({ dueAt }) => dueAt <= now())) {
        if (!show(repeat.name)) repeats = repeats.filter((other) => other !== repeat);
        repeat.dueAt = now() + repeat.seconds * 1000;
      }
      return repeats.reduce((least, { dueAt }) => Math.min(least, Math.max(0, dueAt - now())), Infinity);
    },
    list: () => repeats,
  };
}
