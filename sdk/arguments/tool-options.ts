/**
 * The options that tools share beyond BCC's: `--cgroup PATH`, `--duration SECONDS` and `--json`. Spread them into the arguments of `parse_args`, and pass
 * what they got to `filter_by_containers`, `poll_events` or `intervals`, and `json_output`.
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
