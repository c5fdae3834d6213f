import { callHost } from "../wire/host.ts";
import { renderValue } from "../print/render-value.ts";
import { SymbolNames } from "../queries/symbols.ts";
import { markCut } from "../tables/table-stack-trace.ts";
import type { StackTraceTable } from "../tables/table-stack-trace.ts";
import { errno_name } from "../queries/errno-names.ts";
import type { KeyPart } from "./table-rows.ts";

/** Looks up stacks by their numbers; undefined for a program without any. */
export type FindStacks = () => StackTraceTable | undefined;

const two = (value: number): string => String(value).padStart(2, "0");

/** How far the time of day is ahead of the clock that programs read. Units: ns. */
function findClockOffset(): bigint {
  return BigInt(Date.now()) * 1_000_000n - BigInt(callHost("now", null).monotonicNs);
}

let clockOffset: bigint | undefined;

/** A moment of `bpf_ktime_get_ns` as nanoseconds since 1970. */
export function findWallTime(monotonicNs: bigint): bigint {
  return (clockOffset ??= findClockOffset()) + monotonicNs;
}

/** A moment as people write it, in the script's time zone. */
export function renderWallTime(ns: bigint): string {
  const date = new Date(Number(ns / 1_000_000n));
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${day} ${clock}.${String(ns % 1_000_000_000n).padStart(9, "0")}`;
}

/** Opens the names of functions for the stacks of one table or one event. Pictures leave offsets out: a box is a function. */
export function openFrameNames(show_offset = true): SymbolNames {
  return new SymbolNames({ show_offset }, { show_offset, show_module: true });
}

/** The frames of a stack, the innermost first. */
export function nameFrames(
  id: number,
  pid: number | undefined,
  findStacks: FindStacks,
  symbols: SymbolNames,
): string[] {
  // Without frames to walk: a kernel thread has no user stack.
  if (id < 0) return [id === -14 ? "[no stack]" : `[no stack: ${errno_name(id)}]`];
  try {
    const stacks = findStacks();
    if (stacks === undefined) return [`[stack ${id}]`];
    const names = stacks.walk(id, (address) =>
      pid === undefined ? symbols.nameKernel(address) : symbols.nameUser(address, pid),
    );
    return markCut(names, names.length);
  } catch {
    return [`[stack ${id} is gone]`];
  }
}

/** What the names of a key's parts say: the words of a one-liner, or what the author of a struct chose, of which only stacks and padding are told. */
export type PartNames = "words" | "members";

/** A key's parts as they are shown: stacks as frames, times as times, the pid of a stack within its stack. */
export function showParts(
  parts: readonly KeyPart[],
  findStacks: FindStacks,
  names: PartNames,
  symbols: SymbolNames,
): KeyPart[] {
  const find = (name: string): unknown => parts.find((part) => part.name === name)?.value;
  return parts
    .filter(({ name }) => name !== "ustack_pid" && (names === "words" || !/^__pad/.test(name)))
    .map(({ name, value }) => {
      if (names === "words" && name === "walltime" && typeof value === "bigint")
        return { name, value: renderWallTime(findWallTime(value)) };
      if (name === "kstack") return { name, value: nameFrames(Number(value), undefined, findStacks, symbols) };
      if (name === "ustack" && find("ustack_pid") !== undefined)
        return { name, value: nameFrames(Number(value), Number(find("ustack_pid")), findStacks, symbols) };
      return { name, value };
    });
}

/** Whether a part of this name holds a stack: the number of one in a table, its frames when it is shown. */
export function isStackName(name: string): boolean {
  return name === "kstack" || name === "ustack";
}

/** Whether a part is a stack that has its frames. */
export function isStack({ name, value }: KeyPart): boolean {
  return isStackName(name) && Array.isArray(value);
}

/** Parts on one line: texts as they are, what is a stack left out. */
export function renderParts(parts: readonly KeyPart[]): string {
  return parts
    .filter((part) => !isStack(part))
    .map(({ value }) => renderValue(value, { depth: typeof value === "string" ? 0 : 1 }))
    .join(", ");
}
