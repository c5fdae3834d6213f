// Shows the connections that policy and service remember, how long they are remembered and how full their tables are, and removes some.
// Subject: networking
//
//   bpfts conntrack list --pin net
//   bpfts conntrack flush --pin net --dst 10.77.1.2 --port 8080
//
// Source: `cilium bpf ct list` and `flush`.
import { eprint, is_json_output, json_output, parse_args, print, tool_options } from "bpfts";
import { parse_cidr } from "./parts/cidr.ts";
import { describe_connection, is_wanted, read_connections, render_connection } from "./parts/conntrack-entries.ts";
import { open_pinned } from "./parts/pinned-tables.ts";
import { pinned_option } from "./parts/pins.ts";
import { protocol_numbers } from "./parts/protocols.ts";
import { read_or_refuse, refuse } from "./parts/usage.ts";

const args = parse_args({
  description: "Show and remove the connections that policy --pin and service --pin remember",
  examples: `
examples:
    bpfts conntrack list                                  # tables of --pin net
    bpfts conntrack list --pin web --proto tcp --port 80  # from or to port 80
    bpfts conntrack list --identity 5001 --json
    bpfts conntrack flush --dst 10.77.1.2                 # the next packets are judged, and balanced, anew
    bpfts conntrack gc                                    # remove what has expired

A connection is remembered until it expires, also when the rule that allowed it is gone. The kernel drops the oldest entries of a full table by itself.`,
  arguments: {
    action: { choices: ["list", "flush", "gc"], help: "list, flush (remove) or gc (remove what has expired)" },
    pin: pinned_option,
    src: { flags: ["--src"], type: "string", metavar: "CIDR", help: "only connections that this network began" },
    dst: { flags: ["--dst"], type: "string", metavar: "CIDR", help: "only connections to this network" },
    port: { flags: ["--port"], type: "int", optional: true, help: "only connections from or to this port" },
    proto: { flags: ["--proto"], choices: [...protocol_numbers.keys()], help: "only this protocol" },
    identity: { flags: ["--identity"], type: "int", optional: true, help: "only connections from or to this identity" },
    endpoint: { flags: ["--endpoint"], type: "string", help: "only the table of this endpoint" },
    json: tool_options.json,
  },
});
json_output(args.json);

const { src, dst, port, proto, identity, endpoint } = args;
if (port !== undefined && (port < 1 || port > 65535)) refuse("conntrack", "--port wants a number from 1 to 65535");
const filter = {
  src: src === undefined ? undefined : read_or_refuse("conntrack", () => parse_cidr(src)),
  dst: dst === undefined ? undefined : read_or_refuse("conntrack", () => parse_cidr(dst)),
  port,
  proto: proto === undefined ? undefined : protocol_numbers.get(proto),
  identity,
  endpoint,
};

const pinned = open_pinned("conntrack", args.pin);
if (endpoint !== undefined && !pinned.endpoints.some(({ name }) => name === endpoint))
  refuse(
    "conntrack",
    `there is no endpoint "${endpoint}"; ${args.pin} has ${pinned.endpoints.map(({ name }) => name).join(", ") || "none"}`,
  );
const { connections, pressures, sweep } = read_connections(pinned);
const wanted = connections.filter((one) => is_wanted(one, filter));

function count_entries(count: number): string {
  return `${count} entr${count === 1 ? "y" : "ies"}`;
}

if (args.action === "list") {
  for (const one of wanted) print(is_json_output() ? JSON.stringify(describe_connection(one)) : render_connection(one));
  if (!is_json_output() && wanted.length > 0) print();
  for (const { table, entries, capacity } of pressures) {
    const pressure = (100 * entries) / capacity;
    if (is_json_output()) print(JSON.stringify({ table, entries, capacity, pressure }));
    else print(`${table}: ${count_entries(entries)} of ${capacity} (${pressure.toFixed(1)} %)`);
  }
} else {
  const removed =
    args.action === "flush"
      ? wanted.filter((one) => one.remove()).length
      : wanted.filter((one) => one.remaining === 0 && one.has_expired() && one.remove()).length;
  const swept = sweep();
  if (is_json_output()) print(JSON.stringify({ action: args.action, removed, of: connections.length }));
  else print(`${args.action === "flush" ? "Flushed" : "Removed"} ${count_entries(removed)} of ${connections.length}.`);
  if (swept > 0) eprint(`${count_entries(swept)} of answers that no connection expects went with them.`);
}
