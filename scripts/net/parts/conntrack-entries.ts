import { address_text, monotonic_ns, ntohs } from "bpfts";
import { join_port } from "./join-port.ts";
import { open_endpoint_tables } from "./pinned-tables.ts";
import type { NetAddress, NetEnd, open_pinned } from "./pinned-tables.ts";
import { open_if_pinned } from "./pins.ts";
import type { Cidr } from "./cidr.ts";
import { has_ports, protocol_names } from "./protocols.ts";

/** A connection that a table remembers. */
export interface Connection {
  /** The endpoint's name, or "service". */
  readonly table: string;
  /** From the endpoint's side; SVC for one to a service. Source: the words of `cilium bpf ct list` */
  readonly direction: "IN" | "OUT" | "SVC";
  readonly protocol: number;
  /** Who began it. */
  readonly source: NetAddress;
  readonly source_port: number;
  readonly destination: NetAddress;
  readonly destination_port: number;
  /** By the kernel's clock. Units: seconds. */
  readonly expires: number;
  /** 0 for one that has expired. Units: seconds. */
  readonly remaining: number;
  readonly flags: readonly ("RxClosing" | "TxClosing" | "SeenNonSyn")[];
  /** Of a service they are not counted. */
  readonly tx_packets?: bigint;
  readonly rx_packets?: bigint;
  readonly rev_nat: number;
  readonly backend: number;
  readonly source_identity?: number;
  readonly destination_identity?: number;
  /** Takes it out of its table. Answers whether it was still there. */
  remove(): boolean;
  /** Whether it has expired by now: it may have been used since it was read. */
  has_expired(): boolean;
}

/** How full a table is. */
export interface TablePressure {
  readonly table: string;
  readonly entries: number;
  readonly capacity: number;
}

/** Which connections are wanted; all where nothing is given. */
export interface ConnectionFilter {
  readonly src?: Cidr | undefined;
  readonly dst?: Cidr | undefined;
  readonly port?: number | undefined;
  readonly proto?: number | undefined;
  readonly identity?: number | undefined;
  readonly endpoint?: string | undefined;
}

interface State {
  readonly expires_ns: bigint;
  readonly is_sender_closed: number;
  readonly is_answerer_closed: number;
  readonly have_non_syn: number;
}

/** Reads the connections of all tables of a name, and how full the tables are. */
export function read_connections(pinned: ReturnType<typeof open_pinned>) {
  const tables = [
    ...pinned.endpoints.flatMap(({ name, identity }) => read_endpoint(pinned, name, identity) ?? []),
    ...(pinned.services === undefined ? [] : [read_services(pinned.services)]),
  ];
  return {
    connections: tables.flatMap(({ connections }) => connections),
    pressures: tables.map(({ pressure }) => pressure),
    /** Removes answers that no connection expects any more. */
    sweep: () => tables.reduce((sum, { sweep }) => sum + (sweep?.() ?? 0), 0),
  };
}

function read_state(state: State, sender: "Tx" | "Rx") {
  const now = monotonic_ns();
  const answerer = sender === "Tx" ? "Rx" : "Tx";
  const remaining = state.expires_ns > now ? Math.ceil(Number(state.expires_ns - now) / 1e9) : 0;
  return {
    expires: Math.floor(Number(state.expires_ns) / 1e9),
    remaining,
    flags: [
      ...(state.is_sender_closed ? [`${sender}Closing` as const] : []),
      ...(state.is_answerer_closed ? [`${answerer}Closing` as const] : []),
      ...(state.have_non_syn ? ["SeenNonSyn" as const] : []),
    ],
  };
}

function read_endpoint(pinned: ReturnType<typeof open_pinned>, name: string, identity: number) {
  const found = open_if_pinned(() => open_endpoint_tables(pinned.name, name));
  if (found === undefined) return undefined;
  const ct = found.table<
    {
      readonly source: NetAddress;
      readonly destination: NetAddress;
      readonly protocol: number;
      readonly source_port: number;
      readonly destination_port: number;
      readonly is_egress: number;
      readonly icmp_type: number;
    },
    { readonly state: State; readonly tx_packets: bigint; readonly rx_packets: bigint; readonly peer: number }
  >("ct");
  const entries = [...ct.entries()];
  const connections = entries.map(([key, { state, tx_packets, rx_packets, peer }]): Connection => {
    const is_egress = key.is_egress !== 0;
    return {
      table: name,
      direction: is_egress ? "OUT" : "IN",
      protocol: key.protocol,
      source: key.source,
      source_port: ntohs(key.source_port),
      destination: key.destination,
      destination_port: ntohs(key.destination_port),
      ...read_state(state, is_egress ? "Tx" : "Rx"),
      tx_packets: is_egress ? tx_packets : rx_packets,
      rx_packets: is_egress ? rx_packets : tx_packets,
      rev_nat: 0,
      backend: 0,
      source_identity: is_egress ? identity : peer,
      destination_identity: is_egress ? peer : identity,
      remove: () => ct.delete(key),
      has_expired: () => (ct.get(key)?.state.expires_ns ?? 0n) < monotonic_ns(),
    };
  });
  const pressure: TablePressure = { table: name, entries: entries.length, capacity: ct.max_entries };
  return { connections, pressure, sweep: undefined };
}

function read_services(services: NonNullable<ReturnType<typeof open_pinned>["services"]>) {
  const { service_ct: ct, backends } = services.tables;
  const entries = [...ct.entries()];
  const find_end = (backend: number): NetEnd | undefined => backends.get(backend)?.end as NetEnd | undefined;
  type Key = (typeof entries)[number][0];
  const find_answer = (key: Key, backend: number): Key | undefined => {
    const end = find_end(backend);
    return (
      end && {
        ...key,
        source: end.address,
        source_port: end.port,
        destination: key.source,
        destination_port: key.source_port,
        is_answer: 1,
      }
    );
  };
  const connections = entries
    .filter(([key]) => key.is_answer === 0)
    .map(
      ([key, flow]): Connection => ({
        table: "service",
        direction: "SVC",
        protocol: key.protocol,
        source: key.source as NetAddress,
        source_port: ntohs(key.source_port),
        destination: key.destination as NetAddress,
        destination_port: ntohs(key.destination_port),
        ...read_state(flow.state as State, "Tx"),
        rev_nat: flow.service,
        backend: flow.backend,
        remove: () => {
          const answer = find_answer(key, flow.backend);
          if (answer !== undefined) ct.delete(answer);
          return ct.delete(key);
        },
        has_expired: () => ((ct.get(key)?.state as State | undefined)?.expires_ns ?? 0n) < monotonic_ns(),
      }),
    );
  const show = ({ source, source_port, destination, destination_port, protocol }: Key): string =>
    JSON.stringify([source, source_port, destination, destination_port, protocol]);
  /** An answer belongs to the connection whose client and backend it has. */
  const sweep = (): number => {
    const now = [...ct.entries()];
    const expected = new Set(
      now.flatMap(([key, { backend }]) => {
        const answer = key.is_answer === 0 ? find_answer(key, backend) : undefined;
        return answer === undefined ? [] : [show(answer)];
      }),
    );
    const left = now.filter(([key]) => key.is_answer === 1 && !expected.has(show(key)));
    return left.filter(([key]) => ct.delete(key)).length;
  };
  const pressure: TablePressure = { table: "service", entries: entries.length, capacity: ct.max_entries };
  return { connections, pressure, sweep };
}

function lies_in({ family, bytes }: NetAddress, { prefixlen, address }: Cidr): boolean {
  if (family !== address.family) return false;
  return bytes.every(
    (byte, at) => ((byte ^ address.bytes[at]!) & ~(0xff >> Math.min(8, Math.max(0, prefixlen - 32 - at * 8)))) === 0,
  );
}

/** Whether a filter wants a connection. */
export function is_wanted(one: Connection, { src, dst, port, proto, identity, endpoint }: ConnectionFilter): boolean {
  return (
    (src === undefined || lies_in(one.source, src)) &&
    (dst === undefined || lies_in(one.destination, dst)) &&
    (port === undefined ||
      (has_ports(protocol_names.get(one.protocol) ?? "") &&
        (one.source_port === port || one.destination_port === port))) &&
    (proto === undefined || one.protocol === proto) &&
    (identity === undefined || one.source_identity === identity || one.destination_identity === identity) &&
    (endpoint === undefined || one.table === endpoint)
  );
}

/** The bits of the flags. Source: struct ct_entry of Cilium */
const flag_bits = { RxClosing: 1, TxClosing: 2, SeenNonSyn: 0x10 } as const;

/** What a connection is, in a word. */
export function name_state({ protocol, flags, remaining }: Connection): string {
  if (remaining === 0) return "EXPIRED";
  if (flags.includes("RxClosing") && flags.includes("TxClosing")) return "CLOSING";
  if (flags.includes("RxClosing") || flags.includes("TxClosing")) return "HALF_CLOSED";
  if (protocol !== 6) return "ACTIVE";
  return flags.includes("SeenNonSyn") ? "ESTABLISHED" : "SYN";
}

function name_protocol(protocol: number): string {
  return protocol_names.get(protocol)?.toUpperCase() ?? String(protocol);
}

function show_end(protocol: number, { family, bytes }: NetAddress, port: number): string {
  const address = address_text(family, bytes);
  return has_ports(protocol_names.get(protocol) ?? "") ? join_port(address, port) : address;
}

/** A connection in a line of `cilium bpf ct list`. */
export function render_connection(one: Connection): string {
  const { protocol, direction, source, destination, flags } = one;
  const bits = flags.reduce((sum, flag) => sum | flag_bits[flag], 0);
  const counts = one.tx_packets === undefined ? "" : ` TxPackets=${one.tx_packets} RxPackets=${one.rx_packets}`;
  const rest =
    direction === "SVC"
      ? ` RevNAT=${one.rev_nat} BackendID=${one.backend}`
      : ` SourceSecurityID=${one.source_identity} DestinationSecurityID=${one.destination_identity}`;
  return `${name_protocol(protocol)} ${direction} ${show_end(protocol, source, one.source_port)} -> ${show_end(protocol, destination, one.destination_port)} expires=${one.expires} (remaining: ${one.remaining} sec(s)) State=${name_state(one)}${counts} Flags=0x${bits.toString(16).padStart(4, "0")} [${flags.map((flag) => ` ${flag}`).join("")} ]${rest} ${one.table}`;
}

/** A connection for programs. */
export function describe_connection(one: Connection) {
  const { protocol, source, destination } = one;
  return {
    proto: name_protocol(protocol),
    direction: one.direction,
    source: address_text(source.family, source.bytes),
    source_port: one.source_port,
    destination: address_text(destination.family, destination.bytes),
    destination_port: one.destination_port,
    expires: one.expires,
    remaining: one.remaining,
    state: name_state(one),
    flags: one.flags,
    ...(one.tx_packets !== undefined && { TxPackets: Number(one.tx_packets), RxPackets: Number(one.rx_packets) }),
    ...(one.direction === "SVC"
      ? { RevNAT: one.rev_nat, BackendID: one.backend }
      : { SourceSecurityID: one.source_identity, DestinationSecurityID: one.destination_identity }),
    table: one.table,
  };
}
