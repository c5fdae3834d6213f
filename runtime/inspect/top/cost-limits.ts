import type { KernelPort } from "../../kernel/door/port.ts";

/** What the programs of a run may cost. */
export interface CostLimits {
  /** Of one CPU, by all programs together. */
  readonly maxCpuPercent?: number;
  /** Runs of one program a second. */
  readonly maxRate?: number;
}

/** How often and how long one program has run until now. */
export interface ProgramRuns {
  /** What tells it from others of its name. */
  readonly key: number;
  readonly name: string;
  readonly runCount: bigint;
  readonly runTimeNs: bigint;
}

/** How often programs are looked at while the script waits. Units: milliseconds. */
const LOOK_MS = 250;

/**
 * The port of a run that ends like at Ctrl-C when its programs cost more than they may; `tell` gets the sentence about it. Waits are cut into pieces, and between them `readRuns` is
 * asked.
 */
export function limitCosts(
  port: KernelPort,
  limits: CostLimits,
  readRuns: () => readonly ProgramRuns[],
  tell: (sentence: string) => void,
  readTimeNs: () => bigint = () => process.hrtime.bigint(),
): KernelPort {
  let known = new Map<number, ProgramRuns>();
  let lookedAt = readTimeNs();
  let isOver = false;
  const look = (): void => {
    const now = readTimeNs();
    const seconds = Number(now - lookedAt) / 1e9;
    lookedAt = now;
    const runs = readRuns();
    const rows = runs.map((run) => {
      const before = known.get(run.key);
      return {
        name: run.name,
        rate: Number(run.runCount - (before?.runCount ?? 0n)) / seconds,
        percent: Number(run.runTimeNs - (before?.runTimeNs ?? 0n)) / 1e7 / seconds,
      };
    });
    known = new Map(runs.map((run) => [run.key, run]));
    const sentence = findExcess(rows, limits);
    if (sentence === undefined) return;
    isOver = true;
    tell(sentence);
    port.signalAfter(1);
  };
  const wait: KernelPort["wait"] = (timeoutMs, sources, lookMs) => {
    if (isOver) return port.wait(timeoutMs, sources, lookMs);
    const left = Math.max(1, LOOK_MS - Number(readTimeNs() - lookedAt) / 1e6);
    const status = port.wait(Math.ceil(timeoutMs < 0 ? left : Math.min(timeoutMs, left)), sources, lookMs);
    if (Number(readTimeNs() - lookedAt) / 1e6 >= LOOK_MS) look();
    return status;
  };
  return Object.create(port, { wait: { value: wait } }) as KernelPort;
}

interface Row {
  readonly name: string;
  readonly rate: number;
  readonly percent: number;
}

/** The sentence about the program that costs most, when something costs too much. */
function findExcess(rows: readonly Row[], { maxCpuPercent, maxRate }: CostLimits): string | undefined {
  const percent = rows.reduce((sum, row) => sum + row.percent, 0);
  const [dearest] = rows.toSorted((a, b) => b.percent - a.percent);
  const [busiest] = rows.toSorted((a, b) => b.rate - a.rate);
  const end = "The run ends, and its programs are detached";
  if (busiest !== undefined && maxRate !== undefined && busiest.rate > maxRate)
    return `${busiest.name} ran ${renderCount(busiest.rate)} times a second, ${busiest.percent.toFixed(1)} % of a CPU, and --max-rate allows ${renderCount(maxRate)}. ${end}`;
  if (dearest === undefined || maxCpuPercent === undefined || percent <= maxCpuPercent) return undefined;
  const others = rows.length === 1 ? "" : `, all programs ${percent.toFixed(1)} %`;
  return `${dearest.name} ran ${renderCount(dearest.rate)} times a second, ${dearest.percent.toFixed(1)} % of a CPU${others}, and --max-cpu allows ${maxCpuPercent} %. ${end}`;
}

function renderCount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}
