// Hands what one local socket sends straight to the socket that it is connected to, past TCP and IP: for TCP connections between processes of a cgroup.
// Subject: networking
//
//   bpfts sockmap --cgroup /sys/fs/cgroup/web           until Ctrl-C
//   bpfts --lab two-nodes.json sockmap --cgroup pod1 5
//
// Source: Cilium's socket layer acceleration (bpf_sockops.c, bpf_redir.c), which Cilium had until 1.14.
import {
  RowPrinter,
  eprint,
  interval_options,
  is_json_output,
  json_output,
  parse_args,
  print_intervals,
  tool_options,
} from "bpfts";
import { find_cgroup } from "./parts/find-cgroup.ts";
import { attach_sockmap } from "./parts/sockmap-program.ts";
import type { SockmapCounts } from "./parts/sockmap-program.ts";
import { read_or_refuse } from "./parts/usage.ts";

const args = parse_args({
  description: "Hand what local sockets send straight to the sockets that they are connected to",
  examples: `
examples:
    bpfts sockmap --cgroup /sys/fs/cgroup/web
    bpfts sockmap --cgroup /sys/fs/cgroup/web 5             # counters every five seconds
    bpfts --lab two-nodes.json sockmap --cgroup pod1        # the processes of a pod

Both ends of a connection must be processes of the cgroup, in one network namespace, and connect while it runs. All other sockets of the cgroup send through TCP.`,
  arguments: {
    ...interval_options,
    cgroup: {
      flags: ["--cgroup"],
      type: "string",
      help: "the cgroup whose sockets are accelerated: its folder, or a place of the lab (needed)",
    },
    duration: tool_options.duration,
    json: tool_options.json,
  },
});
json_output(args.json);

const cgroup = read_or_refuse("sockmap", () => find_cgroup(args.cgroup));
const { read_counts } = attach_sockmap(cgroup);
if (!is_json_output()) eprint(`Accelerating connections within ${cgroup}. Ctrl-C to end.`);

const rows = new RowPrinter<SockmapCounts>([
  { head: "SOCKETS", format: "%8d", value: "sockets" },
  { head: "MESSAGES", format: "%12d", value: "messages" },
  { head: "BYTES", format: "%16d", value: "bytes" },
  { head: "REDIRECTED", format: "%12d", value: "redirected" },
  { head: "REDIRECTED BYTES", format: "%16d", value: "redirected_bytes" },
]);
print_intervals(args, () => {
  rows.print_header();
  rows.print(read_counts());
});
