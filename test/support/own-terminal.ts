import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { makeFolder } from "./run-cli.ts";

/** A terminal of the test's own, by tmux. */
export interface OwnTerminal {
  /** Types text as it is. */
  type(text: string): void;
  /** Presses a key by tmux's name: `Enter`, `Tab`, `C-c`. */
  press(...keys: readonly string[]): void;
  /** The lines that are on the screen, without the empty ones at its end. */
  read(): string[];
  /** Waits until the screen is so. @throws Error with the screen when it never is */
  waitFor(isSo: (lines: readonly string[]) => boolean): Promise<string[]>;
  close(): void;
}

const LONGEST_MS = 20_000;
const LOOK_MS = 100;

/** Opens a terminal in which a command runs; it shows the command's end as `ended STATUS`. */
export function openTerminal(command: readonly string[], env: Readonly<Record<string, string>> = {}): OwnTerminal {
  const socket = join(makeFolder(), "tmux");
  const call = (...args: readonly string[]): string => {
    const { status, stdout, stderr, error } = spawnSync("tmux", ["-S", socket, "-f", "/dev/null", ...args], {
      encoding: "utf8",
      env: { ...process.env, ...env, LC_ALL: "C.UTF-8", TMUX: undefined },
    });
    if (error !== undefined) throw error;
    if (status !== 0) throw new Error(`tmux ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  const line = `${command.map((word) => `'${word}'`).join(" ")}; echo ended $?; exec sleep 60`;
  call("new-session", "-d", "-x", "90", "-y", "30", "sh", "-c", line);
  const read = (): string[] => call("capture-pane", "-p").trimEnd().split("\n");
  return {
    type: (text) => void call("send-keys", "-l", text),
    press: (...keys) => void call("send-keys", ...keys),
    read,
    async waitFor(isSo) {
      const end = performance.now() + LONGEST_MS;
      for (let lines = read(); ; lines = read()) {
        if (isSo(lines)) return lines;
        if (performance.now() > end) throw new Error(`the screen is\n${lines.join("\n")}`);
        await delay(LOOK_MS);
      }
    },
    close: () => void spawnSync("tmux", ["-S", socket, "kill-server"]),
  };
}
