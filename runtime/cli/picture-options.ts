import type { Command } from "commander";
import { openStderrLog } from "../base/log.ts";
import type { Log } from "../base/log.ts";
import { requireValue } from "./lift-options.ts";
import type { Recorders } from "../pictures/open-pictures.ts";

/** The options that `addPictureOptions` adds. */
export interface PictureFlags {
  readonly folded?: readonly string[];
  readonly speedscope?: readonly string[];
  readonly pprof?: readonly string[];
  readonly perfetto?: readonly string[];
  readonly flame?: readonly string[];
  readonly heatmap?: readonly string[];
}

const kinds = ["folded", "speedscope", "pprof", "perfetto", "flame", "heatmap"] as const;

/** An option that names a file for what a run records. */
export type PictureKind = (typeof kinds)[number];

/** Adds the options by which the user has the script's stacks and histograms written to files. */
export function addPictureOptions(command: Command): Command {
  const collect = (path: string, paths: readonly string[] = []): readonly string[] => [...paths, path];
  return command
    .option(
      "--flame <file>",
      "draw the stacks that the script prints as a flame graph, into a file that ends in .svg or .html",
      collect,
    )
    .option("--folded <file>", "write them a line each, for other tools that draw flame graphs", collect)
    .option("--speedscope <file>", "write them as a profile for the viewer speedscope", collect)
    .option("--pprof <file>", "write them as a profile for pprof, compressed: go tool pprof FILE", collect)
    .option("--perfetto <file>", "write them as trace events for Perfetto and chrome://tracing", collect)
    .option(
      "--heatmap <file>",
      "draw the histograms that the script prints over time as a heat map, into a file that ends in .svg or .html",
      collect,
    );
}

/** The files that the flags name, each with its option. */
export function listPictureFiles(flags: PictureFlags): (readonly [option: string, path: string])[] {
  return kinds.flatMap((kind) => (flags[kind] ?? []).map((path) => [`--${kind}`, path] as const));
}

/** Does a run, whose own output goes to the descriptor `output` if that is given; what it records goes to the files that the flags name, which are opened before it. */
export async function runWithPictures(
  flags: PictureFlags & { readonly output?: number | undefined },
  title: string,
  log: Log,
  run: (recorders: Recorders) => Promise<number>,
): Promise<number> {
  const requests = kinds.flatMap((kind) => (flags[kind] ?? []).map((path) => ({ kind, path })));
  if (requests.length === 0) return run({});
  for (const { kind, path } of requests) requireValue(`--${kind}`, "FILE", path);
  const { openPictures } = await import("../pictures/open-pictures.ts");
  const pictures = openPictures(requests, title, flags.output);
  let isDone = false;
  try {
    const status = await run(pictures.recorders);
    isDone = true;
    return status;
  } finally {
    for (const { noun, count, dropped, paths } of pictures.finish()) {
      const names = paths.map((path) => `"${path}"`).join(", ");
      if (count > 0)
        openStderrLog({ verbose: true }).info(`wrote ${count} ${noun}${count === 1 ? "" : "s"} to ${names}`);
      else if (isDone)
        log.warn(
          `The script recorded no ${noun}s, so nothing was written to ${names}. Tools that print ${noun}s record them`,
        );
      if (dropped > 0) log.warn(`There was no room for ${dropped} of the ${noun}s`);
    }
  }
}
