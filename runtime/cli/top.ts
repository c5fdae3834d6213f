import type { Command } from "commander";
import { UsageError } from "../base/errors.ts";
import { findSimilar } from "../base/similar.ts";
import { openTop } from "../inspect/top/open-top.ts";
import { renderTop, sortKeys, sortRows } from "../inspect/top/top-rows.ts";
import type { SortKey } from "../inspect/top/top-rows.ts";
import { openTopScreen } from "./top-screen.ts";
import { renderJson } from "../../sdk/print/render-json.ts";

const examples = `
The columns: share of one CPU, runs a second, nanoseconds a run in the interval and since the kernel began to count.
The kernel counts only while somebody asks; bpfts stops asking when it ends, in whatever way.

On a terminal the table is refreshed in place. Keys sort it: c CPU, e events, a average, t total average, r runs,
n name, i id; q or Ctrl-C ends.

Examples:
  bpfts top                           what each BPF program costs, once a second
  bpfts top --sort events -i 5        by runs, every five seconds
  bpfts top --once                    one table of one second
  bpfts top --once --json | jq '.[] | select(.cpu_percent > 1)'
  bpfts top --json                    an array a line, for each second, until Ctrl-C`;

interface TopFlags {
  readonly interval: string;
  readonly sort: string;
  readonly once: boolean;
  readonly count?: string;
  readonly json: boolean;
}

/** Adds `bpfts top`. */
export function addCommand(program: Command, finish: (exitCode: number) => void): void {
  program
    .command("top")
    .summary("show what each BPF program costs: run time and events per second")
    .description("Show run time and events per second of each BPF program in the kernel, of any tool.")
    .option("-i, --interval <seconds>", "how long each table counts", "1")
    .option("--sort <column>", `sort by ${Object.keys(sortKeys).join(", ")}`, "cpu")
    .option("--once", "print one table and end", false)
    .option("-n, --count <tables>", "end after that many tables")
    .option("--json", "print an array a line for each interval", false)
    .option("--json-errors", "write errors as JSON, one a line")
    .addHelpText("after", examples)
    .action(async (flags: TopFlags) => {
      await showTop({
        intervalMs: parseInterval(flags.interval),
        sort: requireSort(flags.sort),
        count: flags.once ? 1 : parseCount(flags.count),
        json: flags.json,
      });
      finish(0);
    });
}

interface TopOptions {
  readonly intervalMs: number;
  readonly sort: SortKey;
  readonly count: number;
  readonly json: boolean;
}

async function showTop({ intervalMs, sort, count, json }: TopOptions): Promise<void> {
  const top = openTop();
  const screen = openTopScreen({ sort, isLive: !json && count > 1 && process.stdout.isTTY });
  try {
    for (let shown = 0; shown < count && (await screen.wait(intervalMs)); shown++) {
      const rows = top.next();
      if (json) screen.print(`${renderJson(sortRows(rows, sort))}\n`);
      else screen.show((key) => renderTop(sortRows(rows, key)));
    }
  } finally {
    screen.close();
    top.close();
  }
}

/** @throws UsageError */
function requireSort(word: string): SortKey {
  const keys = Object.keys(sortKeys);
  if (keys.includes(word)) return word as SortKey;
  const similar = findSimilar(word, keys);
  throw new UsageError(`Cannot sort by "${word}"`, {
    hint: similar === undefined ? `the columns are: ${keys.join(", ")}` : `did you mean "${similar}"?`,
  });
}

/** @throws UsageError */
function parseInterval(text: string): number {
  const seconds = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && seconds >= 0.1 && seconds <= 86_400) return seconds * 1000;
  throw new UsageError(`"${text}" is no interval`, { hint: "seconds, 0.1 to 86400, for example: -i 2" });
}

/** @throws UsageError */
function parseCount(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`"${text}" is no number of tables`, { hint: "for example: -n 10" });
}
