import { waitSources } from "../../kernel/door/port.ts";
import { nameUnknownTasks } from "../../kernel/machine/trace-pipe.ts";
import type { TracePipe } from "../../kernel/machine/trace-pipe.ts";
import type { BridgeState, Handlers } from "./bridge-state.ts";
import { decodeText } from "./decode-text.ts";
import { wakeAtSecondLook } from "../wait/waiter.ts";

/** The trace pipe and the call that reads it. */
export interface TraceCalls {
  readonly handlers: Handlers<"trace_read">;
  /** Lines that the kernel's buffer had no room for. */
  countLost(): number;
  /** Counts no more of them: the script has all the lines that the user wants. */
  stopCounting(): void;
  /** Whether the script has read the pipe. */
  wasRead(): boolean;
}

const NEWLINE = 10;
const READ_BYTES = 256 * 1024;
/** A line without an end this long is no line: hand it out as it is. Units: bytes. */
const MAX_LINE_BYTES = 64 * 1024;
const lostLine = /^CPU:\s*\d+ \[LOST (\d+) EVENTS\]$/gm;

/** Opens the call for the trace pipe; the pipe itself is opened at the first read. */
export function openTraceCalls(state: BridgeState): TraceCalls {
  let pipe: TracePipe | undefined;
  let rest = Buffer.alloc(0);
  let lost = 0;
  /** Before the lines that the script has now. */
  let lostBefore = 0;
  let isCounting = true;

  const readLines = (): string | undefined => {
    const fresh = state.port.fileRead(pipe!.file, READ_BYTES);
    if (typeof fresh === "number" || fresh.length === 0) return undefined;
    const bytes = Buffer.concat([rest, fresh]);
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    const cut = end === 0 && bytes.length >= MAX_LINE_BYTES ? bytes.length : end;
    // Copied: the rest must not keep the whole batch alive.
    rest = Buffer.from(bytes.subarray(cut));
    const text = decodeText(bytes.subarray(0, cut))
      .replaceAll("\0", "")
      .replace(lostLine, (_, count: string) => {
        if (isCounting) lost += Number(count);
        return "";
      });
    // A message with a newline of its own leaves an empty line behind.
    const lines = text.replace(/^\n+/, "").replace(/\n{2,}/g, "\n");
    return lines === "" ? undefined : nameUnknownTasks(lines, decodeText);
  };

  return {
    handlers: {
      trace_read({ timeoutMs, events }) {
        pipe ??= state.openTracePipe();
        lostBefore = lost;
        if (!events) return state.waiter.waitFor(timeoutMs, waitSources.files, readLines) ?? "";
        const wake = wakeAtSecondLook();
        return (
          state.waiter.waitFor(timeoutMs, waitSources.files | waitSources.rings, () => readLines() ?? (wake() && "")) ??
          ""
        );
      },
    },
    countLost: () => lost,
    stopCounting() {
      isCounting = false;
      lost = lostBefore;
    },
    wasRead: () => pipe !== undefined,
  };
}
