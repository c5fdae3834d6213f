import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { Capture, CapturedText, CaptureMode } from "./capture.ts";

/** A text in the corpus folder; the modes that gave this very text, cflags and attach calls share it. */
export interface CorpusEntry {
  readonly name: string;
  readonly tool: string;
  readonly args: string;
  readonly modes: readonly CaptureMode[];
  readonly cflags: readonly string[];
  readonly assumed: readonly string[];
  readonly attach: CapturedText["attach"];
  readonly text: string;
}

/** Gives each text of the captures a name, once per tool and argument set. */
export function collectEntries(captures: readonly Capture[]): CorpusEntry[] {
  const entries = new Map<string, CorpusEntry>();
  for (const capture of captures) {
    capture.texts.forEach((captured, order) => {
      const key = JSON.stringify([capture.tool, capture.index, order, captured]);
      const known = entries.get(key);
      entries.set(key, {
        ...captured,
        name: "",
        tool: capture.tool,
        args: capture.args,
        modes: [...(known?.modes ?? []), capture.mode],
        assumed: [...new Set([...(known?.assumed ?? []), ...capture.assumed])],
      });
    });
  }
  const orders = new Map<string, number>();
  return [...entries].map(([key, entry]) => {
    const [, index, order] = JSON.parse(key) as [string, number, number];
    const stem = entry.tool.replace("/", "-");
    const mode = entry.modes.length > 1 ? "both" : (entry.modes[0] ?? "both");
    const base = `${stem}--${index}${order > 0 ? `.${order}` : ""}--${mode}`;
    const repeat = orders.get(base) ?? 0;
    orders.set(base, repeat + 1);
    return { ...entry, name: repeat > 0 ? `${base}.${repeat}` : base };
  });
}

/** Writes NAME.c, NAME.attach.json and NAME.json for each entry; what an earlier capture left goes. */
export function writeCorpus(folder: string, entries: readonly CorpusEntry[]): void {
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(folder).filter((file) => /--\d+.*\.(c|json)$/.test(file)))
    rmSync(path.join(folder, file));
  for (const { text, attach, ...entry } of entries) {
    writeFileSync(path.join(folder, `${entry.name}.c`), text);
    writeFileSync(path.join(folder, `${entry.name}.attach.json`), `${JSON.stringify(attach, null, 1)}\n`);
    writeFileSync(path.join(folder, `${entry.name}.json`), `${JSON.stringify({ ...entry, attach }, null, 1)}\n`);
  }
}
