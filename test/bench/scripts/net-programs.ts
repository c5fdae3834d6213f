import { BPF, RowPrinter, argv, make_packet } from "bpfts";
import { parse_cidr } from "../../../scripts/net/parts/cidr.ts";
import { load_overlay_program } from "../../../scripts/net/parts/overlay-program.ts";
import { load_prefilter } from "../../../scripts/net/parts/prefilter-program.ts";
import { load_endpoint } from "../../../scripts/net/parts/policy-program.ts";
import { ServiceTables } from "../../../scripts/net/parts/service-tables.ts";
import { parse_services } from "../../../scripts/net/parts/services.ts";

const runs = Number(argv[0] ?? 3);
const rows = new RowPrinter<{ program: string; action: string; ns: number }>([
  { head: "PROGRAM", format: "%-52s", value: "program" },
  { head: "ACTION", format: "%-14s", value: "action" },
  { head: "NS", format: "%6d", value: "ns" },
]);
rows.print_header();

interface TestRun {
  test_run(options: { packet: Uint8Array; repeat: number; ctx?: object }): {
    action?: string;
    retval: number;
    duration_ns?: number;
  };
}

/** A program that rewrites its packet runs once at a time: the next one would meet what it has left. */
function measure(program: string, fn: unknown, packet: Uint8Array, rewrites = false): void {
  let best = Number.POSITIVE_INFINITY;
  let action = "";
  const repeat = rewrites ? 1 : 100_000;
  const times = rewrites ? 2000 : 1;
  for (let run = 0; run < runs; run++) {
    let sum = 0;
    for (let time = 0; time < times; time++) {
      const result = (fn as TestRun).test_run({ packet, repeat });
      sum += result.duration_ns ?? 0;
      action = result.action ?? String(result.retval);
    }
    best = Math.min(best, Math.round(sum / times));
  }
  rows.print({ program, action, ns: best });
}

const ends = { src: "10.77.1.1", dst: "10.77.2.1" };
const udp = make_packet({ ipv4: ends, udp: { sport: 7, dport: 5353 } });
const tcp = make_packet({ ipv4: { src: "10.77.1.1", dst: "10.96.0.10" }, tcp: { sport: 4000, dport: 80, flags: "S" } });

const rules = Array.from({ length: 200 }, (_, at) => ({
  action: "deny" as const,
  text: String(at),
  cidr: parse_cidr(`10.${at}.0.0/16`),
}));
const { program: prefilter } = load_prefilter(rules);
const filter = prefilter.load_func("prefilter_xdp", BPF.XDP);
measure("prefilter, 200 rules, one fits", filter, udp);
measure(
  "prefilter, 200 rules, none fits",
  filter,
  make_packet({ ipv4: { src: "192.0.2.1", dst: "10.77.2.1" }, udp: { dport: 5353 } }),
);

const open = { is_enforced: false, entries: [] };
const { program: policy } = load_endpoint({
  id: 1,
  identity: 5001,
  addresses: [parse_cidr("10.77.1.1")],
  ingress: open,
  egress: open,
  identities: [],
  audit: false,
  rules: 0,
} as unknown as Parameters<typeof load_endpoint>[0]);
measure("policy from_container, a known flow", policy.load_func("from_container", BPF.SCHED_CLS), udp);

const tables = new ServiceTables(1021);
tables.apply(
  parse_services(
    JSON.stringify([{ name: "web", frontend: "10.96.0.10:80", backends: ["10.77.2.1:8080"] }]),
    "services",
  ),
);
const from = tables.program.load_func("from_container", BPF.SCHED_CLS);
measure("service from_container, to a service (runs of one)", from, tcp, true);
measure("service from_container, to no service", from, udp);

const { program: overlay, write_tables } = load_overlay_program({
  id: 1,
  address: 0xac1f0901,
  peers: [0xac1f0902],
  port: 8472,
});
write_tables(
  [{ cidr: parse_cidr("10.77.2.0/24"), node: 0xac1f0902 }],
  [{ cidr: parse_cidr("10.77.1.1"), identity: 5001 }],
);
measure("overlay to_overlay", overlay.load_func("to_overlay", BPF.SCHED_CLS), udp);
measure("overlay from_netdev", overlay.load_func("from_netdev", BPF.SCHED_CLS), udp);
