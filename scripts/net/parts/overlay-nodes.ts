import { AF_INET, ArgumentError, inet_pton, lab_places } from "bpfts";
import { parse_cidr } from "./cidr.ts";
import type { Cidr } from "./cidr.ts";

/** A node whose vxlan device the programs lead. */
export interface NodePlace {
  readonly name: string;
  readonly netns?: string;
  readonly dev: string;
  /** The device that carries the tunnel. */
  readonly net_dev?: string;
  /** Its own address as a number, 0 where it is not known. */
  readonly address: number;
}

/** At which node a network of containers is. */
export interface Tunnel {
  readonly cidr: Cidr;
  readonly node: number;
}

function refuse(message: string): never {
  throw new ArgumentError("BPFTS_ARGUMENT", message);
}

/** An address of IPv4 as a number. @throws ArgumentError */
export function parse_node_address(text: string, what: string): number {
  try {
    const [a = 0, b = 0, c = 0, d = 0] = inet_pton(AF_INET, text);
    return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  } catch {
    return refuse(`${what}: '${text}' is no address of IPv4, which the tunnel goes over`);
  }
}

/** An address of IPv4 from its number. */
export function show_node_address(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
}

/** The nodes of the lab with an external vxlan device, or those of them that are named. @throws ArgumentError */
export function find_lab_nodes(wanted: readonly string[]): readonly NodePlace[] {
  const nodes = lab_places().filter(({ kind }) => kind === "node");
  const tunnelled = nodes.filter((node) => typeof node.tunnel_dev === "string");
  if (tunnelled.length === 0)
    return refuse(
      nodes.length === 0
        ? "there is nothing to do: give --lab overlay.json in front, or --dev and --tunnel"
        : 'no node of the lab has a tunnel that programs lead: its file wants "vxlan": { "external": true }',
    );
  for (const name of wanted)
    if (!tunnelled.some((node) => node.name === name))
      refuse(
        `--node ${name}: the lab has no such node with a tunnel (${tunnelled.map((node) => node.name).join(", ")})`,
      );
  return tunnelled
    .filter(({ name }) => wanted.length === 0 || wanted.includes(name))
    .map(({ name, netns, tunnel_dev, dev, ip }) => ({
      name,
      netns,
      dev: tunnel_dev!,
      ...(dev !== null && { net_dev: dev }),
      address: parse_node_address(ip ?? "", name),
    }));
}

/** Where the pods of the lab are. */
export function list_lab_tunnels(): readonly Tunnel[] {
  const places = lab_places();
  return places
    .filter(({ kind }) => kind === "pod")
    .flatMap((pod) => {
      const node = parse_node_address(places.find(({ name }) => name === pod.node)?.ip ?? "", pod.node);
      return [pod.ip, pod.ip6].flatMap((address) => (address === null ? [] : [{ cidr: parse_cidr(address), node }]));
    });
}

/** Reads `--tunnel CIDR=ADDRESS`. @throws ArgumentError for a network that is given twice */
export function read_tunnels(texts: readonly string[]): readonly Tunnel[] {
  const seen = new Set<string>();
  return texts.map((text) => {
    const what = `--tunnel ${text}`;
    const [, network, address] = /^([^=]+)=(.+)$/.exec(text) ?? [];
    if (network === undefined || address === undefined) return refuse(`${what}: CIDR=ADDRESS is wanted`);
    const cidr = parse_cidr(network);
    const key = [cidr.prefixlen, cidr.address.family, ...cidr.address.bytes].join();
    if (seen.has(key)) return refuse(`${what}: ${network} is at a node already`);
    seen.add(key);
    return { cidr, node: parse_node_address(address, what) };
  });
}
