// Balances services at the socket: what connects or sends to a service's address reaches one of its backends, and sees the service's address only.
// Subject: networking
//
//   bpfts socklb services.json --cgroup /sys/fs/cgroup/web             until Ctrl-C
//   bpfts --lab two-nodes.json socklb services.json --cgroup pod1
//
// Source: Cilium's socket load balancer (bpf_sock.c): connect4, sendmsg4, recvmsg4, getpeername4, their twins of IPv6, and sock_release.
import {
  ArgumentError,
  BPFAttachType,
  RowPrinter,
  eprint,
  interval_options,
  is_json_output,
  json_output,
  parse_args,
  print,
  print_intervals,
  tool_options,
} from "bpfts";
import { find_cgroup } from "./parts/find-cgroup.ts";
import { ServicesFile } from "./parts/services-file.ts";
import type { Service } from "./parts/services.ts";
import { load_socklb, socket_hooks } from "./parts/socklb-program.ts";
import { SocklbTables } from "./parts/socklb-tables.ts";
import type { BackendCounts, StaleSocket } from "./parts/socklb-tables.ts";
import { read_or_refuse } from "./parts/usage.ts";

const args = parse_args({
  description: "Balance services at the socket, for the processes of a cgroup",
  examples: `
examples:
    bpfts socklb services.json --cgroup /sys/fs/cgroup/web
    bpfts socklb services.json --cgroup /sys/fs/cgroup/web 5             # counters every five seconds
    bpfts --lab two-nodes.json socklb services.json --cgroup pod1        # the processes of a pod
    bpfts --allow-cgroup / socklb services.json --cgroup /sys/fs/cgroup  # all processes of the machine

services.json:
    [{ "name": "web", "frontend": "10.96.0.10:80", "backends": ["10.0.1.2:8080", "10.0.1.3:8080"], "affinity": 30 },
     { "name": "dns", "frontend": "[fd00::a]:53", "protocol": "udp", "backends": ["[fd00:1::2]:53"] }]

It looks at the file every second and takes over what has changed. A socket keeps its backend until it is closed, also one that was removed from the file: such sockets are listed.`,
  arguments: {
    services: { help: "the file of services" },
    ...interval_options,
    cgroup: {
      flags: ["--cgroup"],
      type: "string",
      help: "the cgroup whose processes reach the services: its folder, or a place of the lab (needed)",
    },
    duration: tool_options.duration,
    json: tool_options.json,
  },
});
json_output(args.json);

function warn_of_maglev(services: readonly Service[]): void {
  const names = services.filter(({ algorithm }) => algorithm === "maglev").map(({ name }) => `"${name}"`);
  if (names.length > 0)
    eprint(
      `socklb: warning: ${names.join(", ")}: a socket's backend is chosen at random, not by "maglev", which is for packets: bpfts service`,
    );
}

const cgroup = read_or_refuse("socklb", () => find_cgroup(args.cgroup));
const file = new ServicesFile(args.services);
const services = read_or_refuse("socklb", () => file.read());
warn_of_maglev(services);

const program = load_socklb();
const tables = new SocklbTables(program);
tables.replace(services);
// All of them load before the first one is attached: half of them would be worse than none.
for (const name of Object.values(socket_hooks)) program.load_func(name);
for (const [hook, fn_name] of Object.entries(socket_hooks))
  program.attach_func({ fn_name, cgroup, attach_type: BPFAttachType[hook as keyof typeof socket_hooks] });
if (!is_json_output())
  eprint(`Balancing ${count_services(services.length)} at the sockets of ${cgroup}. Ctrl-C to end.`);

function count_services(count: number): string {
  return `${count} service${count === 1 ? "" : "s"}`;
}

function look_again(): void {
  try {
    const changed = file.look_again();
    if (changed === undefined) return;
    warn_of_maglev(changed);
    tables.replace(changed);
    const stale = tables.list_stale().length;
    const kept =
      stale === 0
        ? ""
        : `; ${stale} open socket${stale === 1 ? " is" : "s are"} connected to backends that were removed`;
    eprint(`socklb: ${args.services} has ${count_services(changed.length)} now${kept}`);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    eprint(`socklb: warning: ${error.message}; the services of before stay`);
  }
}
const watch = setInterval(look_again, 1000);

const rows = new RowPrinter<BackendCounts>([
  { head: "SERVICE", format: "%-16s", value: "service" },
  { head: "FRONTEND", format: "%-22s", value: "frontend" },
  { head: "BACKEND", format: "%-22s", value: "backend" },
  { head: "STATE", format: "%-8s", value: "state" },
  { head: "SOCKETS", format: "%8d", value: "sockets" },
  { head: "CONNECTS", format: "%10d", value: "connects" },
  { head: "DATAGRAMS", format: "%10d", value: "datagrams" },
]);
const stale_rows = new RowPrinter<StaleSocket>([
  { head: "PID", format: "%-8d", value: "pid" },
  { head: "COMM", format: "%-16s", value: "comm" },
  { head: "SERVICE", format: "%-16s", value: "service" },
  { head: "REMOVED BACKEND", format: "%-22s", value: "backend" },
]);
print_intervals(args, () => {
  rows.print_header();
  for (const row of tables.read_counts()) rows.print(row);
  const stale = tables.list_stale();
  if (stale.length === 0) return;
  if (!is_json_output()) print();
  stale_rows.print_header();
  for (const row of stale) stale_rows.print(row);
});
clearInterval(watch);
