import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { UsageError } from "../base/errors.ts";
import { findSimilar } from "../base/similar.ts";
import { parseIpAddress, parseIpNetwork } from "./ip-address.ts";
import type { IpNetwork } from "./ip-address.ts";

/** A network to try scripts in, as its file describes it. */
export interface LabFile {
  readonly name: string;
  /** The network between the nodes; at most one of each family. */
  readonly network: readonly IpNetwork[];
  readonly vxlan: Vxlan | undefined;
  readonly nodes: readonly LabNode[];
  /** The file without its spaces: two labs are the same when these are. */
  readonly source: string;
}

/** The overlay between the nodes. */
export interface Vxlan {
  readonly vni: number;
  readonly port: number;
  /** Programs say to which node each packet goes; routes lead to the device all the same. */
  readonly external: boolean;
}

/** A host, which is a network namespace. */
export interface LabNode {
  readonly name: string;
  readonly address: readonly IpNetwork[];
  /** The networks that its pods take their addresses from. */
  readonly subnet: readonly IpNetwork[];
  readonly pods: readonly LabPod[];
}

/** A container, which is a network namespace with one device. */
export interface LabPod {
  readonly name: string;
  readonly address: readonly IpNetwork[];
}

/** What leads from the file's beginning to a value: `nodes.node1.pods`. */
type Path = readonly string[];
type Members = Readonly<Record<string, unknown>>;

/** A device's name has at most so many characters. Source: IFNAMSIZ of linux/if.h, without the NUL. */
const deviceNameLength = 15;
/** The device at the node's end of a pod's veth pair is called so, with the pod's name behind it. */
export const podDevicePrefix = "lxc-";
/** Names that the end of a node's veth pair in the switch cannot have. */
const takenNames: Readonly<Record<string, string>> = {
  lo: "the loopback device has this name",
  br0: "the switch between the nodes has this name",
  all: "the kernel keeps the settings of all devices under this name",
  default: "the kernel keeps the settings of new devices under this name",
};
const defaultNetwork = "172.31.9.0/24";
/** Source: the port that Linux takes by default, also Cilium's. */
const defaultPort = 8472;

/** Reads the file of a lab. @throws UsageError for a file that cannot be read or says what no lab is */
export function readLabFile(path: string): LabFile {
  let text: string;
  try {
    const found = statSync(path);
    // It would be read until it ends.
    if (found.isCharacterDevice() || found.isBlockDevice())
      throw new UsageError(`Cannot read the lab "${path}": it is a device`);
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`Cannot read the lab "${path}": ${(cause as Error).message}`, { cause });
  }
  return parseLabFile(text, path);
}

/** Parses the file of a lab. @throws UsageError */
export function parseLabFile(text: string, path: string): LabFile {
  const fail = (where: Path, what: string, hint?: string): UsageError =>
    new UsageError(`${path}: ${where.length === 0 ? "" : `${where.join(".")}: `}${what}`, {
      ...(hint !== undefined && { hint }),
    });
  const readMembers = (value: unknown, where: Path, known: readonly string[] | undefined): Members => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw fail(where, `an object is wanted, got ${JSON.stringify(value)}`);
    for (const key of known === undefined ? [] : Object.keys(value)) {
      if (known!.includes(key)) continue;
      const similar = findSimilar(key, known!);
      throw fail(
        where,
        `there is no "${key}"`,
        similar === undefined ? `there are: ${known!.join(", ")}` : `did you mean "${similar}"?`,
      );
    }
    return value as Members;
  };
  const readName = (name: string, where: Path, most: number, why: string): string => {
    if (!/^[A-Za-z][\w-]*$/.test(name))
      throw fail(where, `"${name}" is no name`, "a name is a letter, then letters, digits, - and _");
    if (name.length > most)
      throw fail(where, `the name "${name}" has ${name.length} characters: ${why}`, `take one of at most ${most}`);
    return name;
  };
  const readNumber = (value: unknown, where: Path, most: number, otherwise: number): number => {
    if (value === undefined) return otherwise;
    if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most) return value;
    throw fail(where, `a whole number from 1 to ${most} is wanted, got ${JSON.stringify(value)}`);
  };
  const readAddresses = (
    value: unknown,
    where: Path,
    parse: (text: string) => IpNetwork | undefined,
    wanted: string,
  ): readonly IpNetwork[] => {
    if (value === undefined) return [];
    const addresses = (Array.isArray(value) ? value : [value]).map((one: unknown) => {
      const parsed = typeof one === "string" ? parse(one) : undefined;
      if (parsed === undefined) throw fail(where, `${wanted}, got ${JSON.stringify(one)}`);
      return parsed;
    });
    if (new Set(addresses.map(({ family }) => family)).size < addresses.length)
      throw fail(where, "there can be one of IPv4 and one of IPv6, not two of the same family");
    return addresses;
  };
  const readAddress = (value: unknown, where: Path): readonly IpNetwork[] =>
    readAddresses(value, where, parseIpAddress, `an address like "10.0.1.5" is wanted`);
  const readNetwork = (value: unknown, where: Path): readonly IpNetwork[] =>
    readAddresses(
      value,
      where,
      parseIpNetwork,
      `a network like "10.0.1.0/24" is wanted, with no bit set behind the prefix`,
    );

  const readPod = (name: string, value: unknown, where: Path): LabPod => {
    const most = deviceNameLength - podDevicePrefix.length;
    readName(name, where, most, `its device "${podDevicePrefix}${name}" would have more than ${deviceNameLength}`);
    const { address } = readMembers(value, where, ["address"]);
    return { name, address: readAddress(address, [...where, "address"]) };
  };
  const readNode = (name: string, value: unknown, where: Path): LabNode => {
    readName(name, where, deviceNameLength, `a device of its name would have more than ${deviceNameLength}`);
    if (Object.hasOwn(takenNames, name))
      throw fail(where, `a node cannot have the name "${name}": ${takenNames[name]}`, "take another name");
    const { address, subnet, pods } = readMembers(value, where, ["address", "subnet", "pods"]);
    const podsPath = [...where, "pods"];
    return {
      name,
      address: readAddress(address, [...where, "address"]),
      subnet: readNetwork(subnet, [...where, "subnet"]),
      pods: Object.entries(pods === undefined ? {} : readMembers(pods, podsPath, undefined)).map(([pod, members]) =>
        readPod(pod, members, [...podsPath, pod]),
      ),
    };
  };
  const readVxlan = (value: unknown): Vxlan | undefined => {
    if (value === undefined || value === false) return undefined;
    const where = ["vxlan"];
    const { vni, port, external } = value === true ? {} : readMembers(value, where, ["vni", "port", "external"]);
    if (external !== undefined && typeof external !== "boolean")
      throw fail([...where, "external"], `true or false is wanted, got ${JSON.stringify(external)}`);
    if (external === true && vni !== undefined)
      throw fail(
        [...where, "vni"],
        "an external vxlan has no number of its own",
        "its programs choose one for each packet",
      );
    return {
      vni: readNumber(vni, [...where, "vni"], 2 ** 24 - 1, 1),
      port: readNumber(port, [...where, "port"], 65535, defaultPort),
      external: external === true,
    };
  };

  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`${path} is no JSON: ${(cause as Error).message}`, { cause });
  }
  const { name, network, vxlan, nodes } = readMembers(value, [], ["name", "network", "vxlan", "nodes"]);
  if (name !== undefined && typeof name !== "string")
    throw fail(["name"], `a text is wanted, got ${JSON.stringify(name)}`);
  const rows = Object.entries(readMembers(nodes ?? {}, ["nodes"], undefined)).map(([node, members]) =>
    readNode(node, members, ["nodes", node]),
  );
  if (rows.length === 0)
    throw fail(
      [],
      "a lab has at least one node",
      `for example: { "nodes": { "node1": { "pods": { "pod1": { "address": "10.0.1.5" } } } } }`,
    );
  const overlay = readVxlan(vxlan);
  const between = readNetwork(network ?? (rows.length > 1 || overlay !== undefined ? defaultNetwork : undefined), [
    "network",
  ]);
  if (overlay !== undefined && !between.some(({ family }) => family === 4))
    throw fail(["network"], "a vxlan needs a network of IPv4 between the nodes", `for example "${defaultNetwork}"`);
  return {
    name: readName(
      name ?? basename(path).replace(/\.[^.]*$/, ""),
      ["name"],
      32,
      "it is part of the names of namespaces",
    ),
    network: between,
    vxlan: overlay,
    nodes: rows,
    source: JSON.stringify(value),
  };
}
