import { readSync, writeSync } from "node:fs";
import { InterruptedError } from "../base/errors.ts";
import type { PreparedRun } from "../session/run/prepare-run.ts";
import type { Handover } from "../session/run/handover.ts";
import { messageFd, orderFd, versionVariable } from "./version-messages.ts";
import type { OrderMessage, VersionMessage } from "./version-messages.ts";

/** A version of a script, in its own process. */
export interface JoinedVersion {
  /** What was done while it waited. */
  readonly prepared: PreparedRun;
  readonly handover: Handover;
  /** Whether no version came before. */
  readonly isFirst: boolean;
}

/** Whether this process was started for one version of a script. What it starts itself must not take itself for one. */
export function isVersion(): boolean {
  const isOne = process.env[versionVariable] !== undefined;
  delete process.env[versionVariable];
  return isOne;
}

/** Prepares a run, then waits for the order to begin. Answers undefined when the supervisor has ended instead. */
export async function joinVersions(prepare: () => Promise<PreparedRun>): Promise<JoinedVersion | undefined> {
  const supervisor = process.ppid;
  const prepared = await prepare();
  const begin = readOrder();

  if (begin?.kind !== "begin") return undefined;
  return {
    prepared,
    isFirst: begin.isFirst,
    handover: {
      tables: begin.tables,
      haveSupervisor: () => process.ppid === supervisor,
      leave: () => tell({ kind: "left" }),
      noteFile: (path) => tell({ kind: "file", path }),
      takeTurn({ tables, kept, left }) {
        tell({ kind: "ready", tables, kept, left });
        if (readOrder()?.kind !== "go") throw new InterruptedError("The supervisor of the versions has ended");
      },
    },
  };
}

/** A supervisor that has ended hears nothing. */
function tell(message: VersionMessage): void {
  try {
    writeSync(messageFd, `${JSON.stringify(message)}\n`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  }
}

/** Reads one line; undefined at the end of the pipe, and when a signal came. */
function readOrder(): OrderMessage | undefined {
  const bytes: number[] = [];
  const one = new Uint8Array(1);
  for (;;) {
    if (readByte(one) === 0) return undefined;
    if (one[0] === 0x0a) return JSON.parse(Buffer.from(bytes).toString("utf8")) as OrderMessage;
    bytes.push(one[0]!);
  }
}

function readByte(into: Uint8Array): number {
  try {
    return readSync(orderFd, into);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EINTR") return 0;
    throw error;
  }
}
