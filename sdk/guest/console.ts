import { eprint, print } from "../print/output.ts";
import { renderValue } from "../print/render-value.ts";
import { loadModule } from "../lazy/load-module.ts";

let haveGroups = false;

function log(toError: boolean, values: readonly unknown[]): void {
  // Most lines need no more than this.
  const isFormat = values.length > 1 && typeof values[0] === "string" && values[0].includes("%");
  if (!haveGroups && !isFormat && !values.some((value) => value instanceof Error)) {
    const text = values.map((value) => renderValue(value, { bigints: "n" })).join(" ");
    if (toError) eprint(text);
    else print(text);
    return;
  }
  loadModule("console-calls").writeLog(values, toError);
}

const toOutput = (...values: readonly unknown[]): void => log(false, values);
const toErrors = (...values: readonly unknown[]): void => log(true, values);

/** The calls that are read when a script first uses one. */
type ConsoleCalls = Pick<
  typeof import("../web/console-calls.ts"),
  "assert" | "count" | "countReset" | "dir" | "table" | "time" | "timeEnd" | "timeLog" | "trace"
>;

const lazy = <Name extends keyof ConsoleCalls>(name: Name): ConsoleCalls[Name] =>
  ((...values: never[]) =>
    (loadModule("console-calls")[name] as (...values: never[]) => void)(...values)) as ConsoleCalls[Name];

function group(...values: readonly unknown[]): void {
  haveGroups = true;
  loadModule("console-calls").group(...values);
}

/**
 * The script's `console`. Values are shown as `print` shows them, but for bigints, which have their `n`: `1n` is a u64, `1` a number. A text with `%s`,
 * `%d`, `%i`, `%f`, `%o`, `%j` takes the values behind it.
 */
export const guestConsole: Readonly<
  Record<
    "log" | "info" | "debug" | "error" | "warn" | "group" | "groupCollapsed",
    (...values: readonly unknown[]) => void
  > & { groupEnd(): void; dirxml(...values: readonly unknown[]): void } & ConsoleCalls
> = {
  log: toOutput,
  info: toOutput,
  debug: toOutput,
  dirxml: toOutput,
  error: toErrors,
  warn: toErrors,
  group,
  groupCollapsed: group,
  groupEnd() {
    if (!haveGroups) return;
    const calls = loadModule("console-calls");
    calls.groupEnd();
    haveGroups = calls.isGrouped();
  },
  assert: lazy("assert"),
  count: lazy("count"),
  countReset: lazy("countReset"),
  dir: lazy("dir"),
  table: lazy("table"),
  time: lazy("time"),
  timeEnd: lazy("timeEnd"),
  timeLog: lazy("timeLog"),
  trace: lazy("trace"),
};
