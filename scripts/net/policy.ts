// Lets containers talk only as rules between their identities allow, by tc programs at the host's end of their veth pairs, and tells of every packet that is dropped.
// Subject: networking
//
//   bpfts --lab two-nodes.json policy --endpoint pod1=5001 --endpoint pod2=5002 --allow 'pod2 from pod1 tcp/8080'
//   bpfts policy --netns node1 --endpoint web=5001,veth1,10.0.0.5 --allow 'web from world tcp/80' --audit
//
// Source: Cilium's endpoint policy (bpf_lxc.c): from-container and to-container, ipcache, a policy table for each endpoint, connection tracking.
import {
  BPF,
  Interrupt,
  RowPrinter,
  address_text,
  eprint,
  is_json_output,
  json_output,
  ntohs,
  parse_args,
  poll_events,
  print,
  strftime,
  tool_options,
} from "bpfts";
import { drop_reasons, hubble_reasons } from "./parts/drop-reasons.ts";
import { join_port } from "./parts/join-port.ts";
import { keep_text } from "./parts/cidr.ts";
import { LINES_ABOVE_TEXT, MAX_RULES, load_endpoint, other_counters } from "./parts/policy-program.ts";
import type { PacketCounts, PolicyEvent } from "./parts/policy-program.ts";
import { find_peer, read_endpoints, read_identities } from "./parts/policy-endpoints.ts";
import { write_catalogue } from "./parts/policy-catalogue.ts";
import { claim_pins, find_pins, pin_option } from "./parts/pins.ts";
import { list_entries, parse_rule, reserved } from "./parts/policy-rules.ts";
import { has_ports, hubble_protocols, protocol_names } from "./parts/protocols.ts";
import { read_or_refuse, refuse } from "./parts/usage.ts";

const args = parse_args({
  description: "Let containers talk only as rules between their identities allow",
  examples: `
examples:
    bpfts --lab two-nodes.json policy --endpoint pod1=5001 --endpoint pod2=5002 --allow 'pod2 from pod1 tcp/8080'
    bpfts --lab two-nodes.json policy --endpoint pod2=5002 --allow 'pod2 from any' --deny 'pod2 from any tcp/22'
    bpfts --lab two-nodes.json policy --endpoint pod1=5001 --identity 10.77.2.0/24=5003 --allow 'pod1 to 5003 tcp/8000-8099'
    bpfts policy --netns node1 --endpoint web=5001,veth1,10.0.0.5 --allow 'web from world tcp/80' --audit
    bpfts --lab two-nodes.json policy --endpoint pod1=5001 --allow 'pod1 to any' --pin net      # bpfts conntrack list, bpfts monitor

An endpoint that a rule is about is held to its rules in that direction: what none allows is dropped, and a deny beats every allow.`,
  arguments: {
    netns: {
      flags: ["--netns"],
      type: "string",
      help: "the network namespace of the endpoints' devices; in a lab, that of each one's node",
    },
    endpoint: {
      flags: ["--endpoint"],
      type: "string",
      repeat: true,
      metavar: "NAME=IDENTITY[,DEV,ADDRESS...]",
      help: "a container: its identity is a number from 256 on. A pod of a lab needs no more, others the host's end of its veth pair and its addresses",
    },
    identity: {
      flags: ["--identity"],
      type: "string",
      repeat: true,
      metavar: "CIDR=IDENTITY",
      help: "whose packets come from this network; others are the world's (2)",
    },
    allow: {
      flags: ["--allow"],
      type: keep_text((text) => parse_rule(text, "allow")),
      repeat: true,
      metavar: "RULE",
      help: "for example 'pod2 from pod1 tcp/8080'",
    },
    deny: {
      flags: ["--deny"],
      type: keep_text((text) => parse_rule(text, "deny")),
      repeat: true,
      metavar: "RULE",
      help: "for example 'pod2 from any tcp/22'",
    },
    enforce: {
      flags: ["--enforce"],
      choices: ["default", "always"],
      default: "default",
      help: "hold endpoints to their rules where they have any, or always (default %(default)s)",
    },
    audit: { flags: ["--audit"], help: "tell of what would be dropped, and let it through" },
    pin: pin_option,
    verdicts: { flags: ["--verdicts"], help: "tell of each new flow that is let through, too" },
    duration: tool_options.duration,
    json: tool_options.json,
  },
});
json_output(args.json);

if (args.endpoint.length === 0) refuse("policy", "there is nothing to do: give --endpoint");
const endpoints = read_or_refuse("policy", () => read_endpoints(args.endpoint, args.netns));
const identities = read_or_refuse("policy", () => read_identities(args.identity, endpoints));
const find_identity = (peer: string): number =>
  read_or_refuse("policy", () => find_peer(peer, endpoints, identities, args.pin !== undefined));

const rules = [...args.allow, ...args.deny].map(({ value }, number) => ({ ...value, number }));
for (const { endpoint, text } of rules)
  if (!endpoints.some(({ name }) => name === endpoint))
    refuse("policy", `"${text}" is about "${endpoint}", which is no --endpoint`);
if (rules.length > MAX_RULES)
  refuse("policy", `${rules.length} rules are more than the ${MAX_RULES} that can be counted`);

const pins = args.pin === undefined ? undefined : find_pins(args.pin);
if (args.pin !== undefined) claim_pins("policy", args.pin, "policy");
const programs = endpoints.map((endpoint) => {
  const [ingress, egress] = (["ingress", "egress"] as const).map((direction) => {
    const own = rules.filter((rule) => rule.endpoint === endpoint.name && rule.direction === direction);
    return { is_enforced: args.enforce === "always" || own.length > 0, entries: list_entries(own, find_identity) };
  });
  return {
    endpoint,
    loaded: load_endpoint({
      ...endpoint,
      ingress: ingress!,
      egress: egress!,
      identities,
      audit: args.audit,
      rules: rules.length,
      ...(pins !== undefined && { pins: { shared: pins, own: `${pins}/endpoint/${endpoint.name}` } }),
    }),
    is_ingress_enforced: ingress!.is_enforced,
    is_egress_enforced: egress!.is_enforced,
  };
});
// All are loaded before one is attached: half a policy is none.
for (const { loaded } of programs)
  for (const name of ["from_container", "to_container"]) loaded.program.load_func(name, BPF.SCHED_CLS);
if (args.pin !== undefined)
  write_catalogue(
    args.pin,
    programs.map(({ endpoint, ...enforced }) => ({ ...endpoint, ...enforced, is_audited: args.audit })),
    [...rules.map(({ action, text }) => `${action} ${text}`), ...other_counters],
  );
for (const { endpoint, loaded } of programs) {
  const { dev, netns } = endpoint;
  // Both see the backend where service.ts works on the device, too, whichever script was started first.
  loaded.program.attach_tc({
    dev,
    netns,
    direction: "ingress",
    fn_name: "from_container",
    order: "last",
    priority: 200,
  });
  loaded.program.attach_tc({ dev, netns, direction: "egress", fn_name: "to_container", order: "first", priority: 100 });
}

const names = new Map([
  ...[...reserved].map(([name, identity]) => [identity, name] as const),
  ...endpoints.map(({ name, identity }) => [identity, name] as const),
]);

function name_identity(identity: number): string {
  const name = names.get(identity);
  return name === undefined ? String(identity) : name;
}

function name_rule(rule: number): string {
  const found = rules[rule];
  return found === undefined ? other_counters[rule - rules.length]! : `${found.action} ${found.text}`;
}

/** In the words of cilium monitor; in JSON with the names of Hubble. */
function show(event: PolicyEvent): void {
  const { reason, tuple, source_identity, destination_identity, is_egress, is_audited, rule } = event;
  if (reason === 0 && !args.verdicts) return;
  const { family } = tuple.source;
  const direction = is_egress ? "egress" : "ingress";
  const endpoint = endpoints[event.endpoint - 1]!.name;
  const [source, destination] =
    family === 0
      ? ["?", "?"]
      : [address_text(family, tuple.source.bytes), address_text(family, tuple.destination.bytes)];
  const [sport, dport] = [ntohs(tuple.source_port), ntohs(tuple.destination_port)];
  const protocol = protocol_names.get(tuple.protocol) ?? `protocol ${tuple.protocol}`;
  if (is_json_output()) {
    const hubble_name = hubble_protocols.get(tuple.protocol);
    print(
      JSON.stringify({
        time: strftime("%Y-%m-%dT%H:%M:%S%z"),
        verdict: reason === 0 ? "FORWARDED" : is_audited ? "AUDIT" : "DROPPED",
        ...(reason !== 0 && {
          drop_reason: reason,
          drop_reason_desc: hubble_reasons[reason],
        }),
        ...(family !== 0 && { IP: { source, destination } }),
        ...(hubble_name !== undefined && {
          l4: {
            [hubble_name]: has_ports(protocol)
              ? { source_port: sport, destination_port: dport }
              : { type: tuple.icmp_type },
          },
        }),
        source: { identity: source_identity },
        destination: { identity: destination_identity },
        traffic_direction: direction.toUpperCase(),
        endpoint,
        rule: name_rule(rule),
        file: { name: "policy-program.ts", line: event.line + LINES_ABOVE_TEXT },
      }),
    );
    return;
  }
  const ends =
    sport === 0 || protocol.startsWith("icmp")
      ? `${source} -> ${destination}`
      : `${join_port(source!, sport)} -> ${join_port(destination!, dport)}`;
  const what =
    reason === 0
      ? "-> new flow"
      : `xx ${is_audited ? "would drop" : "drop"} (${drop_reasons[reason]}) file policy-program.ts:${event.line + LINES_ABOVE_TEXT},`;
  print(
    `${what} identity ${name_identity(source_identity)}->${name_identity(destination_identity)}: ${ends} ${protocol}, ${direction} of ${endpoint}, ${name_rule(rule)}`,
  );
}

for (const { loaded } of programs) loaded.open_events(show);
eprint(
  `Policy of ${endpoints.map(({ name, dev }) => `${name} (${dev})`).join(", ")}${args.audit ? ", audit only" : ""}. Ctrl-C to end.`,
);
try {
  poll_events(args.duration);
} catch (error) {
  if (!(error instanceof Interrupt)) throw error;
}

const rows = new RowPrinter<PacketCounts & { readonly endpoint: string; readonly rule: string }>([
  { head: "ENDPOINT", format: "%-12s", value: "endpoint" },
  { head: "RULE", format: "%-40s", value: "rule" },
  { head: "PACKETS", format: "%10d", value: "packets" },
  { head: "BYTES", format: "%12d", value: "bytes" },
]);
if (!is_json_output()) print();
rows.print_header();
for (const { endpoint, loaded } of programs)
  for (let counter = 0; counter < rules.length + other_counters.length; counter++) {
    const counts = loaded.read_counts(counter);
    const is_own = rules[counter]?.endpoint === endpoint.name;
    if (is_own || counts.packets > 0n) rows.print({ endpoint: endpoint.name, rule: name_rule(counter), ...counts });
  }
