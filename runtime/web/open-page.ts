import type { Worker } from "node:worker_threads";
import { InternalError, ResourceError } from "../base/errors.ts";
import type { PageMessage, PageReply, PageSettings } from "./page-messages.ts";

/** The page of a run, served by a thread of its own. Owner: whoever opened it closes it. */
export interface OpenPage {
  readonly url: string;
  /** Takes records of what the script shows, a JSON object a line. */
  take(lines: string): void;
  /** Takes what the script prints. */
  takeText(text: string): void;
  /** Tells the page that the run has ended, and ends its thread. */
  close(): Promise<void>;
}

/** How often the page hears of what changed: ten times a second. Units: milliseconds. */
export const PAGE_STEP_MS = 100;

/** Messages that may wait for the thread; each has up to 64 KiB of records. */
const MAX_WAITING = 128;

/** How long the thread may take to tell browsers of the end. Units: milliseconds. */
const CLOSE_MS = 1000;

type PlaceSettings = Omit<PageSettings, "stepMs" | "waiting">;

/** Opens the page. `code` is the file of the thread. @throws ResourceError when the port is taken, or not this user's */
export async function openPage(code: string, settings: PlaceSettings): Promise<OpenPage> {
  const waiting = new Int32Array(new SharedArrayBuffer(4));
  let dropped = 0;
  const threads = await import("node:worker_threads");
  const worker = new threads.Worker(code, {
    workerData: { ...settings, stepMs: PAGE_STEP_MS, waiting } satisfies PageSettings,
    // It reads no input, and has nothing of the environment.
    env: {},
    execArgv: [],
    argv: [],
  });
  const url = await new Promise<string>((resolve, reject) => {
    worker.once("message", (message: PageReply) => {
      if (message.kind === "open") resolve(message.url);
      else if (message.kind === "failed") reject(describeFailure(message.reason, settings));
    });
    worker.once("error", (cause) => reject(new InternalError("The page's thread failed", { cause })));
  });
  const tell = (message: PageMessage): void => {
    Atomics.add(waiting, 0, 1);
    worker.postMessage(message);
  };
  // A page must not take the memory of a run that shows more than a browser can.
  const tellIfRoom = (message: PageMessage): void => {
    if (Atomics.load(waiting, 0) < MAX_WAITING) tell(message);
    else dropped++;
  };
  return {
    url,
    take: (lines) => tellIfRoom({ kind: "records", lines }),
    takeText: (text) => tellIfRoom({ kind: "text", text }),
    async close() {
      tell({ kind: "end", dropped });
      await waitForEnd(worker);
    },
  };
}

async function waitForEnd(worker: Worker): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    worker.once("exit", () => resolve());
  });
  const late = setTimeout(() => void worker.terminate(), CLOSE_MS);
  await ended;
  clearTimeout(late);
}

function describeFailure(reason: string, { host, port }: PlaceSettings): ResourceError {
  const shown = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  if (reason === "EADDRINUSE")
    return new ResourceError(`--web cannot have port ${port}: somebody listens on ${shown} already`, {
      hint: "give another port, or none: --web takes one that is free",
    });
  if (reason === "EACCES")
    return new ResourceError(`--web cannot have port ${port}: ports below 1024 are root's`, {
      hint: "give a higher port, or none: --web takes one that is free",
    });
  return new ResourceError(`--web cannot listen on ${shown} (${reason})`, { hint: "try --web 127.0.0.1:0" });
}
