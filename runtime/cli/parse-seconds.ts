import { InvalidArgumentError } from "commander";

/** What the kernel's timers take in milliseconds: three weeks. */
const MAX_SECONDS = 2_000_000;

/** Reads the seconds of an option. @throws InvalidArgumentError */
export function parseSeconds(text: string): number {
  const value = Number(text);
  if (!/^\d*\.?\d+$/.test(text) || value < 0.001) throw new InvalidArgumentError("give seconds, such as 5 or 0.5");
  if (value > MAX_SECONDS) throw new InvalidArgumentError(`give at most ${MAX_SECONDS} seconds`);
  return value;
}
