import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { messageFd, orderFd, versionVariable } from "./version-messages.ts";
import type { OrderMessage, VersionMessage } from "./version-messages.ts";

/** The process of one version of a script. */
export interface VersionProcess {
  order(message: OrderMessage): void;
  /** Told of what the version says; set before it begins. */
  onMessage: (message: Exclude<VersionMessage, { readonly kind: "left" }>) => void;
  signal(name: NodeJS.Signals): void;
  readonly isRunning: boolean;
  /** Resolves when it is off its places, at the latest with `ended`. */
  readonly left: Promise<void>;
  /** The exit status, 128 and the number of the signal that ended it. */
  readonly ended: Promise<number>;
}

/** Starts a process for one version, by the command line of this one. It waits until it is told to begin. */
export function startVersion(signalNumbers: Readonly<Record<string, number>>): VersionProcess {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    stdio: ["inherit", "inherit", "inherit", "pipe", "pipe"],
    env: { ...process.env, [versionVariable]: "1" },
  });
  const orders = child.stdio[orderFd] as Writable;
  const messages = child.stdio[messageFd] as Readable;
  // A version that has ended reads no more.
  orders.on("error", () => undefined);
  let isRunning = true;
  let leave = (): void => undefined;
  const left = new Promise<void>((resolve) => (leave = resolve));
  const ended = new Promise<number>((resolve) => {
    const end = (status: number): void => {
      isRunning = false;
      leave();
      resolve(status);
    };
    // "close" comes when its messages have been read, too.
    child.on("close", (code, signal) => end(code ?? 128 + (signalNumbers[signal ?? ""] ?? 0)));
    child.on("error", () => end(127));
  });
  const version = {
    onMessage: (() => undefined) as VersionProcess["onMessage"],
    order: (message: OrderMessage) => void orders.write(`${JSON.stringify(message)}\n`),
    signal: (name: NodeJS.Signals) => void child.kill(name),
    get isRunning() {
      return isRunning;
    },
    ended,
    left,
  };
  createInterface({ input: messages }).on("line", (line) => {
    const message = JSON.parse(line) as VersionMessage;
    if (message.kind === "left") leave();
    else version.onMessage(message);
  });
  return version;
}
