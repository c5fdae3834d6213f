// Spreads connections to the address of a service over its backends, by tc programs at the host's end of the clients' veth pairs: what kube-proxy does.
// Subject: networking
//
//   bpfts --lab two-nodes.json service services.json --dev pod1
//   bpfts service services.json --netns node1 --dev veth1 --drain 60
//
// Source: Cilium's service load balancing (lb.h): frontends, slots and backends, Maglev, session affinity, reverse NAT.
import {
  ArgumentError,
  BPF,
  Interrupt,
  RowPrinter,
  address_text,
  eprint,
  is_json_output,
  json_output,
  lab_places,
  ntohs,
  parse_args,
  poll_events,
  print,
  strftime,
  tool_options,
} from "bpfts";
import { drop_reasons, hubble_reasons } from "./parts/drop-reasons.ts";
import { join_port } from "./parts/join-port.ts";
import { maglev_sizes } from "./parts/maglev.ts";
import { hubble_protocols, protocol_names } from "./parts/protocols.ts";
import { claim_pins, find_pins, pin_option } from "./parts/pins.ts";
import { MAX_BACKENDS, MAX_SERVICES } from "./parts/service-program.ts";
import type { ServiceEvent } from "./parts/service-program.ts";
import { ServiceTables } from "./parts/service-tables.ts";
import { ServicesFile } from "./parts/services-file.ts";
import { parse_services } from "./parts/services.ts";
import type { Service } from "./parts/services.ts";
import { read_or_refuse, refuse } from "./parts/usage.ts";

const args = parse_args({
  description: "Spread connections to a service's address over its backends, as kube-proxy does",
  examples: `
examples:
    bpfts --lab two-nodes.json service services.json --dev pod1      # packets of pod1
    bpfts service services.json --netns node1 --dev veth1 --dev veth2
    bpfts service services.json --dev veth1 --drain 60 --connections
    bpfts service services.json --dev veth1 --pin net      # bpfts netlist lb, bpfts monitor

services.json:
    [{ "name": "web", "frontend": "10.96.0.10:80", "backends": ["10.77.1.2:8080", "10.77.2.1:8080"] },
     { "name": "dns", "frontend": "10.96.0.10:53", "protocol": "udp", "backends": ["10.77.2.1:5353"], "algorithm": "maglev", "affinity": 30 }]

Change the file while it runs: it is read again. A backend that is no more in it keeps its connections for a time and gets no new ones.`,
  arguments: {
    services: { type: "string", metavar: "SERVICES.json", help: "the file of the services" },
    dev: {
      flags: ["--dev"],
      type: "string",
      repeat: true,
      help: "the host's end of a client's veth pair, or the name of a pod in a lab; may be given more than once",
    },
    netns: { flags: ["--netns"], type: "string", help: "the network namespace of the devices" },
    drain: {
      flags: ["--drain"],
      type: "float",
      default: 3600,
      metavar: "SECONDS",
      help: "how long connections stay with a backend that was removed (default %(default)s)",
    },
    maglev_size: {
      flags: ["--maglev-size"],
      choices: maglev_sizes.map(String),
      default: "1021",
      help: "places in the table of a service with Maglev: 100 for each backend or more (default %(default)s)",
    },
    pin: pin_option,
    connections: { flags: ["--connections"], help: "tell of each new connection, too" },
    duration: tool_options.duration,
    json: tool_options.json,
  },
});
json_output(args.json);

/** Parses the services of a file. @throws ArgumentError */
function parse(text: string, path: string): readonly Service[] {
  const services = parse_services(text, path);
  const backends = services.reduce((sum, service) => sum + service.backends.length, 0);
  if (services.length > MAX_SERVICES || backends > MAX_BACKENDS)
    throw new ArgumentError(
      "BPFTS_ARGUMENT",
      `${path}: ${services.length} services with ${backends} backends are more than ${MAX_SERVICES} with ${MAX_BACKENDS}`,
    );
  return services;
}

if (args.dev.length === 0) refuse("service", "there is nothing to do: give --dev");
if (args.drain < 0) refuse("service", "--drain wants a number of seconds, 0 or more");

const places = args.dev.map((name) => {
  const pod = lab_places().find((place) => place.name === name && place.kind === "pod");
  const node = lab_places().find((place) => place.name === pod?.node);
  const netns = args.netns ?? node?.netns;
  return { dev: pod?.host_dev ?? name, ...(netns !== undefined && { netns }) };
});

const file = new ServicesFile(args.services, parse);
const services = read_or_refuse("service", () => file.read());
if (args.pin !== undefined) claim_pins("service", args.pin, "service");
const tables = new ServiceTables(Number(args.maglev_size), args.pin === undefined ? undefined : find_pins(args.pin));
tables.apply(services);
const { program } = tables;
// Both are loaded before one is attached.
for (const name of ["from_container", "to_container"] as const) program.load_func(name, BPF.SCHED_CLS);
// The way back first: an answer is never left with the backend's address.
// policy.ts on the same device sees backends alone: it comes behind what makes a service's address theirs, and before what undoes that.
for (const place of places)
  program.attach_tc({ ...place, direction: "egress", fn_name: "to_container", order: "last", priority: 200 });
for (const place of places)
  program.attach_tc({ ...place, direction: "ingress", fn_name: "from_container", order: "first", priority: 100 });

/** In the words of cilium monitor; in JSON with the names of Hubble. */
function show({ reason, service: id, backend, line, tuple }: ServiceEvent): void {
  if (reason === 0 && !args.connections) return;
  const known = tables.known.get(id);
  const { family } = tuple.source;
  const [source, destination] = [tuple.source, tuple.destination].map(({ bytes }) => address_text(family, bytes));
  const [sport, dport] = [ntohs(tuple.source_port), ntohs(tuple.destination_port)];
  const chosen = [...(known?.backends.values() ?? [])].find((one) => one.id === backend)?.address.text;
  if (is_json_output()) {
    print(
      JSON.stringify({
        time: strftime("%Y-%m-%dT%H:%M:%S%z"),
        verdict: reason === 0 ? "TRANSLATED" : "DROPPED",
        ...(reason !== 0 && { drop_reason: reason, drop_reason_desc: hubble_reasons[reason] }),
        IP: { source, destination },
        l4: { [hubble_protocols.get(tuple.protocol)!]: { source_port: sport, destination_port: dport } },
        ...(known !== undefined && { service: known.service.name }),
        ...(chosen !== undefined && { backend: chosen }),
        file: { name: "service-program.ts", line },
      }),
    );
    return;
  }
  const what =
    reason === 0 ? "-> new connection" : `xx drop (${drop_reasons[reason]}) file service-program.ts:${line},`;
  const ends = `${join_port(source!, sport)} -> ${join_port(destination!, dport)} ${protocol_names.get(tuple.protocol)}`;
  print(
    `${what} ${known === undefined ? "" : `service ${known.service.name}, `}${ends}${chosen === undefined ? "" : ` to ${chosen}`}`,
  );
}

/** Takes over a change of the file; a file with a mistake changes nothing. */
function look_again(): void {
  try {
    const changed = file.look_again();
    if (changed === undefined) return;
    tables.apply(changed);
    eprint(`${args.services} was read again.`);
  } catch (error) {
    eprint(`service: ${(error as Error).message}. The services stay as they are.`);
  }
}

program.tables.events.open_perf_buffer((event) => show(event as ServiceEvent), { by_time: true });
const count = tables.known.size;
eprint(`Balancing ${count} service${count === 1 ? "" : "s"} for ${args.dev.join(", ")}. Ctrl-C to end.`);
/** Units: seconds. */
const LOOK_AGAIN = 0.5;
const end = args.duration === undefined ? Number.POSITIVE_INFINITY : Date.now() + args.duration * 1000;
try {
  for (;;) {
    const left = (end - Date.now()) / 1000;
    if (left <= 0) break;
    poll_events(Math.min(LOOK_AGAIN, left));
    look_again();
    tables.sweep(args.drain);
  }
} catch (error) {
  if (!(error instanceof Interrupt)) throw error;
}

const rows = new RowPrinter<{
  readonly service: string;
  readonly frontend: string;
  readonly backend: string;
  readonly state: string;
  readonly connections: bigint;
  readonly packets: bigint;
  readonly bytes: bigint;
}>([
  { head: "SERVICE", format: "%-16s", value: "service" },
  { head: "FRONTEND", format: "%-22s", value: "frontend" },
  { head: "BACKEND", format: "%-22s", value: "backend" },
  { head: "STATE", format: "%-11s", value: "state" },
  { head: "CONNECTIONS", format: "%11d", value: "connections" },
  { head: "PACKETS", format: "%10d", value: "packets" },
  { head: "BYTES", format: "%12d", value: "bytes" },
]);
if (!is_json_output()) print();
rows.print_header();
for (const { service, backends } of tables.known.values())
  for (const backend of backends.values())
    rows.print({
      service: service.name,
      frontend: `${service.frontend.text}/${protocol_names.get(service.protocol)}`,
      backend: backend.address.text,
      state: backend.drained_since === undefined ? "active" : "terminating",
      ...tables.read_counts(backend),
    });
