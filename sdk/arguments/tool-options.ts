/**
 * The options that tools share beyond BCC's: `--cgroup PATH`, `--duration SECONDS` and `--json`. Spread them into the arguments of `parse_args`, and pass
 * what they got to `filter_by_containers`, `poll_events` or `intervals`, and `json_output`.
 *
 * @example
 * import { filter_by_process, json_output, parse_args, poll_events, print, tool_options } from "bpfts";
 * const args = parse_args({ description: "Trace new processes", arguments: { ...tool_options } });
 * if (args.json) json_output();
 * const filter = filter_by_process({ cgroup: args.cgroup });
 * print(filter.includes("process_should_be_filtered")); // true
 */
export const tool_options = {
  cgroup: {
    flags: ["--cgroup"],
    type: "string",
    repeat: true,
    metavar: "PATH",
    help: "trace this cgroup, by its path, only",
  },
  duration: { flags: ["--duration"], type: "float", metavar: "SECONDS", help: "end after this many seconds" },
  json: { flags: ["--json"], help: "print a JSON object a line" },
} as const;
