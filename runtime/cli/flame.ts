import type { Command } from "commander";
import { openStderrLog } from "../base/log.ts";

interface FlameFlags {
  readonly before?: string;
  readonly output: string;
  readonly title?: string;
}

const examples = `
Examples:
  bpfts profile --folded=day.txt 60                     record, as text that can be kept
  bpfts flame day.txt -o day.html                       draw it later
  bpfts flame cpu0.txt cpu1.pb.gz -o both.svg           several files in one picture
  bpfts flame --before old.txt new.txt -o change.html   what has changed: red takes more of the whole than
                                                        before, blue less; widths are those of new.txt
  perf script | stackcollapse-perf.pl | bpfts flame - -o perf.html

Files: folded stacks (--folded), profiles of pprof (--pprof, also of Go and others), JSON of speedscope (--speedscope); each
of them may be packed by gzip.
Folded stacks do not say what their numbers count: they are shown without a unit.`;

/** Adds `bpfts flame`. */
export function addCommand(program: Command, finish: (exitCode: number) => void): void {
  program
    .command("flame")
    .summary("draw a flame graph of recorded stacks")
    .description("Draw one flame graph of files of stacks, or the difference of two recordings.")
    .argument("<files...>", "files of stacks, which are added up; - is standard input")
    .option("--before <file>", "colour the boxes by what has changed since this recording")
    .option("-o, --output <file>", "the picture, which ends in .html or .svg", "flame.html")
    .option("--title <text>", "its heading; the names of the files unless given")
    .addHelpText("after", examples)
    .action(async (files: readonly string[], { before, output, title }: FlameFlags) => {
      const { drawFlame } = await import("../pictures/draw-flame.ts");
      const stacks = drawFlame({
        files,
        output,
        ...(before !== undefined && { before }),
        ...(title !== undefined && { title }),
      });
      openStderrLog({ verbose: true }).info(`wrote ${stacks} ${stacks === 1 ? "stack" : "stacks"} to "${output}"`);
      finish(0);
    });
}
