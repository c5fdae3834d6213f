import { positive_int } from "./interval-options.ts";

/**
 * The arguments of a tool that prints stacks: which ones, and how. Spread them into the arguments of `parse_args`, with
 * `exclusive: [["user_stacks_only", "kernel_stacks_only"]]`, and pass what they got to a `StackPrinter`.
 *
 * @example
 * import { parse_args, print, stack_options } from "bpfts";
 * const args = parse_args({
 *   description: "Show where a program waits",
 *   arguments: { ...stack_options },
 *   exclusive: [["user_stacks_only", "kernel_stacks_only"]],
 * });
 * print(args.stack_storage_size); // 16384
 */
export const stack_options = {
  user_stacks_only: {
    flags: ["-U", "--user-stacks-only"],
    help: "show stacks from user space only (no kernel space stacks)",
  },
  kernel_stacks_only: {
    flags: ["-K", "--kernel-stacks-only"],
    help: "show stacks from kernel space only (no user space stacks)",
  },
  delimited: { flags: ["-d", "--delimited"], help: "insert delimiter between kernel/user stacks" },
  folded: { flags: ["-f", "--folded"], help: "output folded format, one line per stack (for flame graphs)" },
  stack_storage_size: {
    flags: ["--stack-storage-size"],
    type: positive_int as (text: string) => number,
    default: 16384,
    help: "the number of unique stack traces that can be stored and displayed (default %(default)s)",
  },
} as const;
