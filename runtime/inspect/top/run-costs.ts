import type { Closable } from "../../base/scope.ts";
import { openAddon } from "../../kernel/door/addon.ts";
import type { Handle, KernelPort } from "../../kernel/door/port.ts";
import { readMapNotes } from "../../kernel/live/map-info.ts";
import { readProgramInfo } from "../../kernel/live/program-info.ts";
import type { ProgramRuns } from "./cost-limits.ts";
import { openStatistics } from "./program-statistics.ts";

/** What one program of a run has cost. */
export interface ProgramCost {
  /** The function's name in the C text. */
  readonly name: string;
  /** Source: enum bpf_prog_type. */
  readonly type: number;
  /** How often it ran. */
  readonly events: bigint;
  readonly runTimeNs: bigint;
  /** How long it was loaded. Units: ns */
  readonly lifeNs: bigint;
  /** The maps that it uses, by their ids; others may use them, too. */
  readonly mapIds: readonly number[];
}

/** What the programs of a run have cost together. */
export interface RunCosts {
  readonly programs: readonly ProgramCost[];
  /** Units: bytes of the kernel's memory, by the map's id. */
  readonly mapBytes: ReadonlyMap<number, number>;
}

/** The costs of a run while it goes on. Owner: whoever opened it closes it, and the kernel counts no longer. */
export interface CostMeter extends Closable {
  /** The port of the run: what is loaded through it is measured. */
  watchPort(port: KernelPort): KernelPort;
  /** How often and how long the programs have run that are loaded now. */
  readRuns(): readonly ProgramRuns[];
  /** What was measured until the programs were detached or closed. */
  read(): RunCosts;
}

interface Watched {
  readonly name: string;
  readonly object: Handle;
  readonly handle: Handle;
  readonly loadedAt: bigint;
  cost: ProgramCost | undefined;
}

/**
 * Makes the kernel count runs of programs. Programs are asked when they are detached at the end of the run, or when they go before that:
 * the kernel forgets their counts with them.
 *
 * @throws PrivilegeError, UnsupportedFeatureError
 */
export function openCostMeter(
  port: KernelPort = openAddon(),
  readTimeNs: () => bigint = () => process.hrtime.bigint(),
): CostMeter {
  const statistics = openStatistics(port);
  const watched: Watched[] = [];
  const mapBytes = new Map<number, number>();

  const measure = (entry: Watched): void => {
    const runs = port.programInfo(entry.handle);
    const info = typeof runs === "number" ? undefined : readProgramInfo(port, runs.id);
    if (info === undefined) return;
    const { type, runCount: events, runTimeNs, mapIds } = info;
    entry.cost = { name: entry.name, type, events, runTimeNs, lifeNs: readTimeNs() - entry.loadedAt, mapIds };
    for (const id of mapIds) {
      const bytes = readMapNotes(port, id).memoryBytes;
      if (bytes !== undefined) mapBytes.set(id, bytes);
    }
  };

  return {
    watchPort(given) {
      const programHandle: KernelPort["programHandle"] = (object, name) => {
        const handle = given.programHandle(object, name);
        if (handle >= 0) watched.push({ name, object, handle, loadedAt: readTimeNs(), cost: undefined });
        return handle;
      };
      const detachProbes: KernelPort["detachProbes"] = () => {
        for (const entry of watched) if (entry.cost === undefined) measure(entry);
        return given.detachProbes();
      };
      const objectClose: KernelPort["objectClose"] = (object) => {
        for (const entry of watched) if (entry.object === object && entry.cost === undefined) measure(entry);
        return given.objectClose(object);
      };
      return Object.create(given, {
        programHandle: { value: programHandle },
        detachProbes: { value: detachProbes },
        objectClose: { value: objectClose },
      }) as KernelPort;
    },
    readRuns: () =>
      watched.flatMap(({ name, handle, cost }) => {
        const runs = cost === undefined ? port.programInfo(handle) : 0;
        return typeof runs === "number"
          ? []
          : [{ key: handle, name, runCount: runs.runCount, runTimeNs: runs.runTimeNs }];
      }),
    read: () => ({ programs: watched.flatMap(({ cost }) => (cost === undefined ? [] : [cost])), mapBytes }),
    close: () => statistics.close(),
  };
}
