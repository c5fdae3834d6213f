import type { Closable } from "../base/scope.ts";
import { renderColumns } from "../inspect/objects/render-columns.ts";
import { openCostMeter } from "../inspect/top/run-costs.ts";
import { readClock } from "../base/clock.ts";
import type { KernelPort } from "../kernel/door/port.ts";
import type { AttachedTexts } from "./attached-texts.ts";

/** What the programs of a session cost. The kernel counts while this is open. Owner: the caller closes it. */
export interface ProbeCosts extends Closable {
  /** The port of the session: what is loaded through it is measured. */
  watchPort(port: KernelPort): KernelPort;
  /** The functions that are loaded now, by the meter's own numbers. */
  listFunctions(): readonly number[];
  /** A row for each function: of which text, how often it ran, what a run takes, and its share of a CPU since this was last asked. */
  render(texts: Pick<AttachedTexts, "list" | "idleFunctions">): string;
}

/** What of one function was seen last. */
interface Seen {
  readonly runTimeNs: bigint;
  readonly atMs: number;
}

/** Opens the meter. @throws PrivilegeError, UnsupportedFeatureError */
export function openProbeCosts(now: () => number = readClock): ProbeCosts {
  const meter = openCostMeter();
  const seen = new Map<number, Seen>();
  const noteNew = (): void => {
    for (const { key, runTimeNs } of meter.readRuns()) if (!seen.has(key)) seen.set(key, { runTimeNs, atMs: now() });
  };
  return {
    watchPort: (port) => meter.watchPort(port),
    listFunctions() {
      noteNew();
      return meter.readRuns().map(({ key }) => key);
    },
    render(texts) {
      noteNew();
      const owners = new Map(texts.list().flatMap((text) => text.functions.map((key) => [key, text] as const)));
      const attached = meter.readRuns().filter(({ key }) => !texts.idleFunctions.has(key));
      const rows = attached.map(({ key, name, runCount, runTimeNs }) => {
        const before = seen.get(key)!;
        const atMs = now();
        const passedNs = (atMs - before.atMs) * 1e6;
        const percent = passedNs <= 0 ? 0 : (Number(runTimeNs - before.runTimeNs) / passedNs) * 100;
        seen.set(key, { runTimeNs, atMs });
        const average = runCount === 0n ? 0 : Math.round(Number(runTimeNs) / Number(runCount));
        const text = owners.get(key);
        const probe = text?.probes.length === 1 ? text.probes[0]! : name;
        return [text?.number ?? "-", probe, runCount, average, percent.toFixed(2)] as const;
      });
      return rows.length === 0
        ? "nothing is attached\n"
        : renderColumns(["N", "PROBE", "HITS", "NS/HIT", "CPU%"], rows);
    },
    close: () => meter.close(),
  };
}
