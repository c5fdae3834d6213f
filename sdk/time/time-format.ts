import { showValue } from "../checks/check-options.ts";
import { makeArgumentError } from "../wire/errors.ts";

const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

const two = (value: number): string => String(value).padStart(2, "0");
const DAY_MS = 86_400_000;

/** Days since the year's first one. */
function countDays(date: Date): number {
  return Math.round(
    (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - Date.UTC(date.getFullYear(), 0, 1)) / DAY_MS,
  );
}

/** The number of a week that starts on a day; what lies before the year's first such day is week 0. */
const countWeeks = (date: Date, firstDay: number): number =>
  Math.floor((countDays(date) + 7 - ((date.getDay() - firstDay + 7) % 7)) / 7);

/** The Thursday of the date's week, whose year the week is of. Source: ISO 8601 */
const findThursday = (date: Date): Date =>
  new Date(date.getFullYear(), date.getMonth(), date.getDate() + 4 - (date.getDay() || 7));

/** One row for each conversion. Source: strftime(3) */
const conversions: Readonly<Record<string, (date: Date) => string>> = {
  Y: (date) => String(date.getFullYear()),
  y: (date) => two(date.getFullYear() % 100),
  C: (date) => two(Math.floor(date.getFullYear() / 100)),
  G: (date) => strftime("%Y", findThursday(date)),
  g: (date) => strftime("%y", findThursday(date)),
  m: (date) => two(date.getMonth() + 1),
  d: (date) => two(date.getDate()),
  e: (date) => String(date.getDate()).padStart(2),
  H: (date) => two(date.getHours()),
  I: (date) => two(date.getHours() % 12 || 12),
  k: (date) => String(date.getHours()).padStart(2),
  l: (date) => String(date.getHours() % 12 || 12).padStart(2),
  M: (date) => two(date.getMinutes()),
  S: (date) => two(date.getSeconds()),
  // Python's %f, which scripts use; a Date knows milliseconds.
  f: (date) => `${String(date.getMilliseconds()).padStart(3, "0")}000`,
  p: (date) => (date.getHours() < 12 ? "AM" : "PM"),
  P: (date) => (date.getHours() < 12 ? "am" : "pm"),
  r: (date) => strftime("%I:%M:%S %p", date),
  a: (date) => days[date.getDay()]!.slice(0, 3),
  A: (date) => days[date.getDay()]!,
  b: (date) => months[date.getMonth()]!.slice(0, 3),
  B: (date) => months[date.getMonth()]!,
  h: (date) => strftime("%b", date),
  u: (date) => String(date.getDay() || 7),
  w: (date) => String(date.getDay()),
  U: (date) => two(countWeeks(date, 0)),
  W: (date) => two(countWeeks(date, 1)),
  V: (date) => two(Math.floor(countDays(findThursday(date)) / 7) + 1),
  j: (date) => String(countDays(date) + 1).padStart(3, "0"),
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  T: (date) => strftime("%H:%M:%S", date),
  R: (date) => strftime("%H:%M", date),
  F: (date) => strftime("%Y-%m-%d", date),
  D: (date) => strftime("%m/%d/%y", date),
  c: (date) => strftime("%a %b %e %H:%M:%S %Y", date),
  x: (date) => strftime("%m/%d/%y", date),
  X: (date) => strftime("%H:%M:%S", date),
  z: (date) => {
    const minutes = -date.getTimezoneOffset();
    return `${minutes < 0 ? "-" : "+"}${two(Math.floor(Math.abs(minutes) / 60))}${two(Math.abs(minutes) % 60)}`;
  },
  n: () => "\n",
  t: () => "\t",
  "%": () => "%",
};

/** What was written last by each format: thousands of rows may be of one second. */
const lastTexts = new Map<string, { readonly second: number; readonly text: string }>();
const MAX_FORMATS = 32;

/**
 * Writes a time as C's strftime does: `strftime("%H:%M:%S")` is the time of day now. A conversion that is not known stays as it is, `%Z` among them: zones have no names here.
 * @throws ArgumentError for what is no date
 *
 * @example
 * import { print, strftime } from "bpfts";
 * print(strftime("%H:%M:%S"));
 */
export function strftime(format: string, date: Date = new Date()): string {
  if (!(date instanceof Date) || Number.isNaN(date.getTime()))
    throw makeArgumentError(
      `strftime() takes the time as a Date, got ${showValue(date)}`,
      "a Date of seconds since 1970 is new Date(seconds * 1000)",
    );
  const second = Math.floor(date.getTime() / 1000);
  const last = lastTexts.get(format);
  if (last !== undefined && last.second === second) return last.text;
  const text = format.replace(/%([A-Za-z%])/g, (whole: string, name: string) => conversions[name]?.(date) ?? whole);
  if (!format.includes("%f")) {
    if (lastTexts.size >= MAX_FORMATS) lastTexts.clear();
    lastTexts.set(format, { second, text });
  }
  return text;
}
