import { sortKeys } from "../inspect/top/top-rows.ts";
import type { SortKey } from "../inspect/top/top-rows.ts";

/** Where tables go: in place on a terminal, one after another elsewhere. */
export interface TopScreen {
  /** Waits; answers false when the user, a signal or the reader of a pipe has ended it. */
  wait(timeMs: number): Promise<boolean>;
  /** Shows a table; a key that sorts it otherwise shows it again. */
  show(render: (sort: SortKey) => string): void;
  print(text: string): void;
  close(): void;
}

/** Sequences of a terminal. Source: ECMA-48; the other screen is xterm's. */
const otherScreen = "\x1b[?1049h\x1b[?25l";
const firstScreen = "\x1b[?25h\x1b[?1049l";
const home = "\x1b[H";
const clearLine = "\x1b[K";
const clearBelow = "\x1b[J";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Opens the screen. With `isLive` it takes the terminal over until it is closed, and listens to keys. */
export function openTopScreen({
  sort: first,
  isLive,
}: {
  readonly sort: SortKey;
  readonly isLive: boolean;
}): TopScreen {
  let sort = first;
  let hasEnded = false;
  let wake: () => void = () => {};
  let render: ((sort: SortKey) => string) | undefined;
  const end = (): void => {
    hasEnded = true;
    wake();
  };
  const draw = (): void => {
    const rows = process.stdout.rows ?? 24;
    const columns = process.stdout.columns ?? 80;
    const head = `bpfts top   sorted by ${sort}   keys: ${Object.values(sortKeys).join(" ")} sort, q ends`;
    const lines = [head, "", ...(render?.(sort) ?? "").trimEnd().split("\n")].slice(0, rows);
    const texts = lines.map((line) => [...line].slice(0, columns).join("") + clearLine);
    process.stdout.write(home + texts.join("\r\n") + clearBelow);
  };
  const listen = (keys: Buffer): void => {
    const typed = keys.toString("latin1");
    if (/[q\x03]/.test(typed)) return end();
    const found = Object.entries(sortKeys).find(([, key]) => typed.includes(key));
    if (found === undefined) return;
    sort = found[0] as SortKey;
    if (render !== undefined) draw();
  };
  const hearsKeys = isLive && process.stdin.isTTY;
  for (const signal of signals) process.on(signal, end);
  // Whoever reads a pipe may have seen enough.
  process.stdout.on("error", end);
  if (isLive) process.stdout.write(`${otherScreen}${home}measuring …`);
  if (hearsKeys) process.stdin.setRawMode(true).on("data", listen);

  return {
    wait: (timeMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => resolve(!hasEnded), timeMs);
        wake = () => {
          clearTimeout(timer);
          resolve(false);
        };
        if (hasEnded) wake();
      }),
    show(next) {
      render = next;
      if (isLive) draw();
      else process.stdout.write(next(sort));
    },
    print: (text) => void process.stdout.write(text),
    close() {
      for (const signal of signals) process.off(signal, end);
      if (hearsKeys) process.stdin.setRawMode(false).off("data", listen).pause();
      if (isLive) process.stdout.write(firstScreen + (render?.(sort) ?? ""));
    },
  };
}
