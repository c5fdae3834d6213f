// Drops packets from networks, and to ports, before the kernel looks at them (XDP), and counts what each rule dropped.
// Subject: networking
//
//   bpfts prefilter --dev eth0 --deny 203.0.113.0/24                  until Ctrl-C
//   bpfts prefilter --dev eth0 --deny 203.0.113.0/24 --allow 203.0.113.7 --deny-port udp/53
//   bpfts --lab two-nodes.json prefilter --netns pod1 --dev eth0 --deny 10.77.0.0/16
//
// Source: Cilium's prefilter (bpf_xdp.c): the source address of each packet is looked up in a table of networks, the longest prefix decides.
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
import { keep_text, parse_cidr, parse_port } from "./parts/cidr.ts";
import { MAX_RULES, load_prefilter } from "./parts/prefilter-program.ts";
import type { Rule, RuleCounts } from "./parts/prefilter-program.ts";
import { refuse } from "./parts/usage.ts";

const args = parse_args({
  description: "Drop packets from networks, and to ports, before the kernel looks at them",
  examples: `
examples:
    bpfts prefilter --dev eth0 --deny 203.0.113.0/24
    bpfts prefilter --dev eth0 --deny 203.0.113.0/24 --allow 203.0.113.7   # the longest prefix decides
    bpfts prefilter --dev eth0 --deny-port tcp/23 --deny-port udp/53       # whoever sends it
    bpfts prefilter --dev eth0 --deny fd00::/8 5                           # counters every five seconds
    bpfts --allow-dev eth0 prefilter --dev eth0 --deny 203.0.113.0/24      # the way of the default route leads through eth0`,
  arguments: {
    dev: { flags: ["--dev"], type: "string", help: "the network device (needed)" },
    netns: {
      flags: ["--netns"],
      type: "string",
      help: "its network namespace: a name of ip netns, a place of the lab, or a path",
    },
    mode: {
      flags: ["--mode"],
      choices: ["auto", "native", "generic"],
      default: "auto",
      help: "where in the kernel it runs (default %(default)s)",
    },
    deny: {
      flags: ["--deny"],
      type: keep_text(parse_cidr),
      repeat: true,
      metavar: "CIDR",
      help: "drop packets from this network",
    },
    allow: {
      flags: ["--allow"],
      type: keep_text(parse_cidr),
      repeat: true,
      metavar: "CIDR",
      help: "let packets from this network through, whatever their port is",
    },
    deny_port: {
      flags: ["--deny-port"],
      type: keep_text(parse_port),
      repeat: true,
      metavar: "PROTOCOL/PORT",
      help: "drop packets to this port, unless their network is allowed",
    },
    ...interval_options,
    duration: tool_options.duration,
    json: tool_options.json,
  },
});
json_output(args.json);

if (args.dev === undefined) refuse("prefilter", "a device is needed: --dev eth0");
const rules: readonly Rule[] = [
  ...args.deny.map(({ text, value }) => ({ action: "deny" as const, text, cidr: value })),
  ...args.allow.map(({ text, value }) => ({ action: "allow" as const, text, cidr: value })),
  ...args.deny_port.map(({ text, value }) => ({ action: "deny" as const, text, port: value })),
];
if (rules.length > MAX_RULES)
  refuse("prefilter", `${rules.length} rules are more than the ${MAX_RULES} that can be counted`);
if (rules.length === 0) refuse("prefilter", "there is nothing to do: give --deny or --deny-port");
const seen = new Map<string, string>();
for (const rule of rules) {
  const key = JSON.stringify(
    "cidr" in rule ? [rule.cidr.prefixlen, rule.cidr.address.family, ...rule.cidr.address.bytes] : rule.port,
  );
  const other = seen.get(key);
  if (other !== undefined)
    refuse("prefilter", `"${rule.action} ${rule.text}" and "${other}" are rules for the same packets`);
  seen.set(key, `${rule.action} ${rule.text}`);
}

const { program, read_counts } = load_prefilter(rules);
const link = program.attach_xdp({ dev: args.dev, netns: args.netns, mode: args.mode, fn_name: "prefilter_xdp" });
if (!is_json_output())
  eprint(
    `Filtering ${args.dev} with ${rules.length} rule${rules.length === 1 ? "" : "s"} (${link.mode ?? args.mode} XDP). Ctrl-C to end.`,
  );

const width = Math.max("RULE".length, ...rules.map(({ action, text }) => `${action} ${text}`.length));
const rows = new RowPrinter<RuleCounts>([
  { head: "RULE", format: `%-${width}s`, value: "rule" },
  { head: "PACKETS", format: "%12d", value: "packets" },
  { head: "BYTES", format: "%14d", value: "bytes" },
]);
print_intervals(args, () => {
  rows.print_header();
  for (const row of read_counts()) rows.print(row);
});
