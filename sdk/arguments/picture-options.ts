import { makeArgumentError } from "../wire/errors.ts";

/** Pictures are the host's: its command line has taken the options of a tool that was started by its name. */
function refuse(option: string): (text: string) => string {
  return (text) => {
    throw makeArgumentError(`give it before the script: bpfts run ${option} ${text} SCRIPT`);
  };
}

/**
 * The option of a tool whose histograms go to a heat map: `--heatmap`, for its help. bpfts itself takes the option and writes the file, from what
 * `print_log2_hist`, `print_linear_hist` and `print_json_hist` print.
 *
 * @example
 * import { heatmap_options, parse_args, print } from "bpfts";
 * const args = parse_args({ description: "Show how long it takes", arguments: { ...heatmap_options } });
 * print(args.heatmap); // undefined
 */
export const heatmap_options = {
  heatmap: {
    flags: ["--heatmap"],
    type: refuse("--heatmap") as (text: string) => string,
    metavar: "FILE",
    help: "draw the histograms over time into a file that ends in .svg or .html, one each second without an interval",
  },
} as const;

/**
 * The options of a tool whose stacks go to pictures: `--flame`, `--speedscope` and `--pprof`, for its help. bpfts itself takes the options and writes the files,
 * from what `StackPrinter` prints and `record_stack` gets.
 *
 * @example
 * import { parse_args, picture_options, print } from "bpfts";
 * const args = parse_args({ description: "Show who allocates", arguments: { ...picture_options } });
 * print(args.flame); // undefined
 */
export const picture_options = {
  flame: {
    flags: ["--flame"],
    type: refuse("--flame") as (text: string) => string,
    metavar: "FILE",
    help: "draw a flame graph into a file that ends in .svg or .html",
  },
  speedscope: {
    flags: ["--speedscope"],
    type: refuse("--speedscope") as (text: string) => string,
    metavar: "FILE",
    help: "write a profile for the viewer speedscope",
  },
  pprof: {
    flags: ["--pprof"],
    type: refuse("--pprof") as (text: string) => string,
    metavar: "FILE",
    help: "write a profile for pprof",
  },
} as const;
