import type { LabPlace } from "../../sdk/wire/lab-place.ts";
import { UsageError } from "../base/errors.ts";
import { giveAddresses } from "./give-addresses.ts";
import type { AddressedNode, AddressedPod } from "./give-addresses.ts";
import { countBits, renderIpAddress, renderIpNetwork } from "./ip-address.ts";
import type { IpNetwork } from "./ip-address.ts";
import { podDevicePrefix } from "./lab-file.ts";
import type { LabFile, Vxlan } from "./lab-file.ts";

/** What makes a lab, as data: the namespaces first, then the steps in their order. */
export interface LabPlan {
  /** The name of this lab among those that are there. */
  readonly name: string;
  /** As `ip netns` has them. */
  readonly namespaces: readonly string[];
  readonly steps: readonly LabStep[];
  readonly places: readonly PlannedPlace[];
  /** The cgroup of the lab, below the root of the cgroup file system; each place has one in it by its name. */
  readonly cgroup: string;
}

/** A node or a pod, with the namespace as the kernel has it and all devices there. */
export interface PlannedPlace extends Omit<LabPlace, "cgroup"> {
  readonly namespace: string;
  readonly devices: readonly string[];
}

/** Commands for one namespace: those of ip(8) or bridge(8), or settings below /proc/sys/net. */
export interface LabStep {
  readonly namespace: string;
  readonly tool: "ip" | "bridge" | "sysctl";
  readonly lines: readonly string[];
}

/** What names of the machine's own never begin with. */
export const namePrefix = "bpfts.";
/** The namespace of the switch between the nodes. No place is called so: names begin with a letter. */
const wire = "-wire";
const nodeDevice = "eth0",
  podDevice = "eth0",
  overlayDevice = "vxlan0",
  switchDevice = "br0";
/** What a pod takes for its next hop; its node answers, whatever its own addresses are. Source: Calico's and Cilium's. */
const podGateway = { 4: "169.254.1.1", 6: "fe80::1" } as const;
/** What VXLAN over IPv4 puts before a frame leaves this much of 1500. Units: bytes. */
const overlayMtu = 1450;

/** The kinds of devices that have an address in the Ethernet, by the byte that tells them apart there. */
const macKinds = { pod: 0, podCable: 1, node: 2, overlay: 3 } as const;

/** Plans a lab. `name` tells it apart from others of the same file. @throws UsageError for addresses that cannot be */
export function planLab(file: LabFile, name: string): LabPlan {
  const nodes = giveAddresses(file);
  const findNamespace = (place: string): string => `${namePrefix}${name}.${place}`;
  requireOwnNames(nodes, name);
  const isWired = file.network.length > 0;
  const plans = nodes.map((node, at) => planNode({ file, node, at, nodes, findNamespace, isWired }));
  const switchSteps = isWired ? planSwitch(nodes, findNamespace(wire)) : [];
  const places = plans.flatMap((plan) => plan.places);
  const namespaces = [...(isWired ? [findNamespace(wire)] : []), ...places.map(({ namespace }) => namespace)];
  const hasIpv6 = [...file.network, ...nodes.flatMap(({ pods }) => pods.flatMap(({ address }) => address))].some(
    ({ family }) => family === 6,
  );
  return {
    name,
    namespaces,
    steps: [
      ...namespaces.map((namespace) => planSettings(namespace, hasIpv6)),
      ...(isWired
        ? [
            {
              namespace: findNamespace(wire),
              tool: "ip" as const,
              lines: [`link add ${switchDevice} type bridge mcast_snooping 0`, `link set ${switchDevice} up`],
            },
          ]
        : []),
      ...plans.flatMap(({ steps }) => steps),
      ...switchSteps,
    ],
    places,
    cgroup: `${namePrefix}${name}`,
  };
}

/** @throws UsageError when two places have one name */
function requireOwnNames(nodes: readonly AddressedNode[], lab: string): void {
  const seen = new Set<string>();
  for (const name of nodes.flatMap((node) => [node.name, ...node.pods.map((pod) => pod.name)])) {
    if (seen.has(name))
      throw new UsageError(`Two places of the lab "${lab}" have the name "${name}"`, {
        hint: "nodes and pods are told apart by their names",
      });
    seen.add(name);
  }
}

/** Routers that let every packet through, and no packets of IPv6 that nobody asked for. */
function planSettings(namespace: string, hasIpv6: boolean): LabStep {
  const ipv6 = hasIpv6
    ? ["ipv6/conf/all/forwarding=1"]
    : ["ipv6/conf/all/disable_ipv6=1", "ipv6/conf/default/disable_ipv6=1"];
  return {
    namespace,
    tool: "sysctl",
    lines: ["ipv4/ip_forward=1", "ipv4/conf/all/rp_filter=0", "ipv4/conf/default/rp_filter=0", ...ipv6],
  };
}

/** The ends of the nodes' veth pairs, which their namespaces have put there. */
function planSwitch(nodes: readonly AddressedNode[], namespace: string): readonly LabStep[] {
  return [
    {
      namespace,
      tool: "ip",
      lines: nodes.flatMap(({ name }) => [`link set dev ${name} master ${switchDevice}`, `link set dev ${name} up`]),
    },
  ];
}

interface NodeRequest {
  readonly file: LabFile;
  readonly node: AddressedNode;
  readonly at: number;
  readonly nodes: readonly AddressedNode[];
  readonly isWired: boolean;
  findNamespace(place: string): string;
}

function planNode(request: NodeRequest): {
  readonly steps: readonly LabStep[];
  readonly places: readonly PlannedPlace[];
} {
  const { file, node, at, nodes, findNamespace, isWired } = request;
  const namespace = findNamespace(node.name);
  const mtu = file.vxlan === undefined ? 1500 : overlayMtu;
  const lines = ["link set lo up"];
  if (isWired) {
    lines.push(
      `link add ${nodeDevice} address ${renderMac(macKinds.node, at)} type veth peer name ${node.name} netns ${findNamespace(wire)}`,
      `link set ${nodeDevice} up`,
      ...node.address.map((address, index) => addAddress(address, nodeDevice, file.network[index]!.prefix)),
      ...listOthers(nodes, at).flatMap(({ node: other, at: number }) =>
        other.address.map((address) => addNeighbour(address, renderMac(macKinds.node, number), nodeDevice)),
      ),
    );
  }
  const pods = node.pods.map((pod, number) =>
    planPod({ pod, node: node.name, namespace: findNamespace(pod.name), host: namespace, at, number, mtu }),
  );
  lines.push(...pods.flatMap(({ hostLines }) => hostLines));
  const vxlan = node.pods.length === 0 ? undefined : file.vxlan;
  const overlay = vxlan === undefined ? { lines: [], peers: [] } : planOverlay(vxlan, nodes, at);
  lines.push(...overlay.lines);
  if (vxlan === undefined) lines.push(...planRoutes(nodes, at, file.vxlan !== undefined));
  const devices = [
    "lo",
    ...(isWired ? [nodeDevice] : []),
    ...node.pods.map(({ name }) => `${podDevicePrefix}${name}`),
    ...(vxlan === undefined ? [] : [overlayDevice]),
  ];
  const place: PlannedPlace = {
    name: node.name,
    kind: "node",
    node: node.name,
    netns: node.name,
    dev: isWired ? nodeDevice : null,
    host_dev: null,
    tunnel_dev: vxlan?.external === true ? overlayDevice : null,
    ...renderAddresses(node.address),
    mac: isWired ? renderMac(macKinds.node, at) : null,
    namespace,
    devices,
  };
  return {
    steps: [
      { namespace, tool: "ip", lines },
      ...(overlay.peers.length === 0 ? [] : [{ namespace, tool: "bridge" as const, lines: overlay.peers }]),
      ...pods.map(({ step }) => step),
    ],
    places: [place, ...pods.map((pod) => pod.place)],
  };
}

interface PodRequest {
  readonly pod: AddressedPod;
  readonly node: string;
  readonly namespace: string;
  /** The namespace of the node. */
  readonly host: string;
  readonly at: number;
  readonly number: number;
  readonly mtu: number;
}

/** A pod has its address alone and takes its node for the way to everybody; both know the other's Ethernet, so nobody has to ask. */
function planPod({ pod, node, namespace, at, number, mtu }: PodRequest): {
  readonly hostLines: readonly string[];
  readonly step: LabStep;
  readonly place: PlannedPlace;
} {
  const hostDevice = `${podDevicePrefix}${pod.name}`;
  const mac = renderMac(macKinds.pod, at, number),
    hostMac = renderMac(macKinds.podCable, at, number);
  return {
    hostLines: [
      `link add ${hostDevice} address ${hostMac} mtu ${mtu} type veth peer name ${podDevice} address ${mac} mtu ${mtu} netns ${namespace}`,
      `link set ${hostDevice} up`,
      ...pod.address.flatMap((address) => [
        `route add ${renderWhole(address)} dev ${hostDevice}`,
        addNeighbour(address, mac, hostDevice),
      ]),
    ],
    step: {
      namespace,
      tool: "ip",
      lines: [
        "link set lo up",
        `link set ${podDevice} up`,
        ...pod.address.flatMap((address) => {
          const gateway = podGateway[address.family];
          return [
            addAddress(address, podDevice, address.prefix),
            `neighbour add ${gateway} lladdr ${hostMac} dev ${podDevice} nud permanent`,
            ...(address.family === 4 ? [`route add ${gateway} dev ${podDevice} scope link`] : []),
            `route add default via ${gateway} dev ${podDevice}`,
          ];
        }),
      ],
    },
    place: {
      name: pod.name,
      kind: "pod",
      node,
      netns: pod.name,
      dev: podDevice,
      host_dev: hostDevice,
      tunnel_dev: null,
      ...renderAddresses(pod.address),
      mac,
      namespace,
      devices: ["lo", podDevice],
    },
  };
}

/**
 * Who is not on the overlay reaches the pods of a node by the node: all nodes where there is none, else those without pods, which are hosts outside.
 *
 * @throws UsageError when there is no overlay, and pods of two nodes have addresses of a family that the network between the nodes lacks
 */
function planRoutes(nodes: readonly AddressedNode[], at: number, hasOverlay: boolean): readonly string[] {
  return listOthers(nodes, at).flatMap(({ node }) =>
    node.pods.flatMap(({ address }) =>
      address.flatMap((one) => {
        const via = node.address.find((address) => address.family === one.family);
        if (via !== undefined) return [`route add ${renderWhole(one)} via ${renderIpAddress(via)} dev ${nodeDevice}`];
        const wants = nodes[at]!.pods.some((pod) => pod.address.some(({ family }) => family === one.family));
        if (hasOverlay || !wants) return [];
        throw new UsageError(
          `The pods of node "${node.name}" have IPv${one.family} addresses, the network between the nodes has none`,
          { hint: 'give it a network of each family: "network": ["172.31.9.0/24", "fd31:9::/64"]' },
        );
      }),
    ),
  );
}

/**
 * The overlay: the way to each pod of another node leads to that node's vxlan device, whose Ethernet is known. At which address the node is, the device knows by its forwarding table; of an
 * external one a program says it for each packet. Source: flannel's layout.
 */
function planOverlay(
  vxlan: Vxlan,
  nodes: readonly AddressedNode[],
  at: number,
): { readonly lines: readonly string[]; readonly peers: readonly string[] } {
  const findIpv4 = ({ address }: AddressedNode): string => renderIpAddress(address.find(({ family }) => family === 4)!);
  const kind = vxlan.external
    ? `external dstport ${vxlan.port}`
    : `id ${vxlan.vni} local ${findIpv4(nodes[at]!)} dstport ${vxlan.port} nolearning`;
  const lines = [
    `link add ${overlayDevice} address ${renderMac(macKinds.overlay, at)} mtu ${overlayMtu} type vxlan ${kind}`,
    `link set ${overlayDevice} up`,
  ];
  const peers: string[] = [];
  for (const { node, at: number } of listOthers(nodes, at)) {
    if (node.pods.length === 0) continue;
    const peerMac = renderMac(macKinds.overlay, number);
    if (!vxlan.external) peers.push(`fdb append ${peerMac} dev ${overlayDevice} dst ${findIpv4(node)}`);
    const gateways = { 4: findIpv4(node), 6: `fe80::${(number + 2).toString(16)}` };
    for (const known of new Set(node.pods.flatMap(({ address }) => address.map((one) => one.family))))
      lines.push(`neighbour add ${gateways[known]} lladdr ${peerMac} dev ${overlayDevice} nud permanent`);
    for (const one of node.pods.flatMap(({ address }) => address))
      lines.push(`route add ${renderWhole(one)} via ${gateways[one.family]} dev ${overlayDevice} onlink`);
  }
  return { lines, peers };
}

function listOthers(
  nodes: readonly AddressedNode[],
  at: number,
): readonly { readonly node: AddressedNode; readonly at: number }[] {
  return nodes.map((node, number) => ({ node, at: number })).filter((other) => other.at !== at);
}

/** Nobody has to find out first whether an address is somebody else's. */
function addAddress(address: IpNetwork, dev: string, prefix: number): string {
  return `address add ${renderIpNetwork({ ...address, prefix })} dev ${dev}${address.family === 6 ? " nodad" : ""}`;
}

function addNeighbour(address: IpNetwork, mac: string, dev: string): string {
  return `neighbour add ${renderIpAddress(address)} lladdr ${mac} dev ${dev} nud permanent`;
}

function renderWhole(address: IpNetwork): string {
  return renderIpNetwork({ ...address, prefix: countBits(address.family) });
}

function renderAddresses(addresses: readonly IpNetwork[]): Pick<LabPlace, "ip" | "ip6"> {
  const find = (family: 4 | 6): string | null => {
    const found = addresses.find((address) => address.family === family);
    return found === undefined ? null : renderIpAddress(found);
  };
  return { ip: find(4), ip6: find(6) };
}

/** An address of the kind that anybody may give. */
function renderMac(kind: number, node: number, pod = 0): string {
  const numbers = [kind, node + 1, (pod + 1) >> 8, (pod + 1) & 0xff];
  return ["02", "bf", ...numbers.map((number) => number.toString(16).padStart(2, "0"))].join(":");
}
