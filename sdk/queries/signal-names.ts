/** Names by number from 1 on. Source: include/uapi/asm-generic/signal.h in the kernel's tree, which x86 and arm64 share. */
const names =
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS".split(
    " ",
  );

const FIRST_REAL_TIME = 34;
const LAST_REAL_TIME = 64;

/**
 * The name of a signal, `"SIGKILL"` for 9, `"SIGRTMIN+1"` for 35; the number as text when there is no such signal.
 *
 * @example
 * import { print, signal_name } from "bpfts";
 * print(signal_name(9)); // SIGKILL
 */
export function signal_name(number: number): string {
  const name = names[number - 1];
  if (name !== undefined) return `SIG${name}`;
  if (number < FIRST_REAL_TIME || number > LAST_REAL_TIME) return String(number);
  return number === FIRST_REAL_TIME ? "SIGRTMIN" : `SIGRTMIN+${number - FIRST_REAL_TIME}`;
}

/**
 * The number of a signal by its name, with or without `SIG`, in any case; undefined when there is no such signal.
 *
 * @example
 * import { print, signal_number } from "bpfts";
 * print(signal_number("TERM")); // 15
 */
export function signal_number(name: string): number | undefined {
  const short = name.toUpperCase().replace(/^SIG/, "");
  const index = names.indexOf(short);
  if (index >= 0) return index + 1;
  const [, offset = "0"] = /^RTMIN(?:\+(\d+))?$/.exec(short) ?? [undefined, "-1"];
  const number = FIRST_REAL_TIME + Number(offset);
  return number < FIRST_REAL_TIME || number > LAST_REAL_TIME ? undefined : number;
}
