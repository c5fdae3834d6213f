import type { Command } from "commander";
import { openStderrLog } from "../base/log.ts";
import type { Log } from "../base/log.ts";
import { requireValue } from "./lift-options.ts";
import type { StackMessage } from "../../sdk/wire/stack-message.ts";

/** The options that `addPictureOptions` adds. */
export interface PictureFlags {
  readonly folded?: readonly string[];
  readonly speedscope?: readonly string[];
  readonly pprof?: readonly string[];
  readonly flame?: readonly string[];
}

const kinds = ["folded", "speedscope", "pprof", "flame"] as const;

/** Adds the options by which the user has the script's stacks written to files. */
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
    .option("--pprof <file>", "write them as a profile for pprof, compressed: go tool pprof FILE", collect);
}

/** Does a run, whose own output goes to the descriptor `output` if that is given; what it records goes to the files that the flags name, which are opened before it. */
export async function runWithPictures(
  flags: PictureFlags & { readonly output?: number | undefined },
  title: string,
  log: Log,
  run: (record?: (stack: StackMessage) => void) => Promise<number>,
): Promise<number> {
  const requests = kinds.flatMap((kind) => (flags[kind] ?? []).map((path) => ({ kind, path })));
  if (requests.length === 0) return run();
  for (const { kind, path } of requests) requireValue(`--${kind}`, "FILE", path);
  const { openPictures } = await import("../pictures/open-pictures.ts");
  const pictures = openPictures(requests, title, flags.output);
  let isDone = false;
  try {
    const status = await run(pictures.record);
    isDone = true;
    return status;
  } finally {
    const { stacks, dropped, paths } = pictures.finish();
    const names = paths.map((path) => `"${path}"`).join(", ");
    if (stacks > 0)
      openStderrLog({ verbose: true }).info(`wrote ${stacks} ${stacks === 1 ? "stack" : "stacks"} to ${names}`);
    else if (isDone)
      log.warn(
        `The script recorded no stacks, so nothing was written to ${names}. Tools that print stacks record them`,
      );
    if (dropped > 0) log.warn(`There was no room for ${dropped} of the stacks`);
  }
}
