const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

const two = (value: number): string => String(value).padStart(2, "0");

/** One row for each conversion. Source: strftime(3) */
const conversions: Readonly<Record<string, (date: Date) => string>> = {
  Y: (date) => String(date.getFullYear()),
  y: (date) => two(date.getFullYear() % 100),
  m: (date) => two(date.getMonth() + 1),
  d: (date) => two(date.getDate()),
  e: (date) => String(date.getDate()).padStart(2),
  H: (date) => two(date.getHours()),
  I: (date) => two(date.getHours() % 12 || 12),
  M: (date) => two(date.getMinutes()),
  S: (date) => two(date.getSeconds()),
  // Python's %f, which scripts use; a Date knows milliseconds.
  f: (date) => `${String(date.getMilliseconds()).padStart(3, "0")}000`,
  p: (date) => (date.getHours() < 12 ? "AM" : "PM"),
  a: (date) => days[date.getDay()]!.slice(0, 3),
  A: (date) => days[date.getDay()]!,
  b: (date) => months[date.getMonth()]!.slice(0, 3),
  B: (date) => months[date.getMonth()]!,
  j: (date) => String(Math.round((Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - Date.UTC(date.getFullYear(), 0, 0)) / 86_400_000)).padStart(3, "0"),
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

/** Writes a time as C's strftime does: `strftime("%H:%M:%S")` is the time of day now. A conversion that is not known stays as it is. */
export function strftime(format: string, date: Date = new Date()): string {
  return format.replace(/%([A-Za-z%])/g, (whole: string, name: string) => conversions[name]?.(date) ?? whole);
}
