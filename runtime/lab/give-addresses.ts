import { UsageError } from "../base/errors.ts";
import { isInNetwork, listHosts, renderIpAddress, renderIpNetwork } from "./ip-address.ts";
import type { IpNetwork } from "./ip-address.ts";
import type { LabFile, LabNode, LabPod } from "./lab-file.ts";

/** A node, with an address of each family that the network between the nodes has, in the same order. */
export interface AddressedNode extends LabNode {
  readonly pods: readonly AddressedPod[];
}

/** A pod, with at least one address. */
export type AddressedPod = LabPod;

/** Who has which address, by its text. */
type Owners = Map<string, string>;

/** More is nobody's lab; the addresses of devices count them in one byte. */
const mostNodes = 250;

/**
 * Gives every node and pod of a lab its addresses: those that the file names, else the first free ones of its networks.
 *
 * @throws UsageError when one is given twice, lies outside of its network, or there are too few
 */
export function giveAddresses(file: LabFile): readonly AddressedNode[] {
  if (file.nodes.length > mostNodes)
    throw new UsageError(`The lab "${file.name}" has ${file.nodes.length} nodes: ${mostNodes} is the most`);
  const owners: Owners = new Map();
  const places = file.nodes.flatMap((node) => [
    {
      label: `node "${node.name}"`,
      address: node.address,
      networks: file.network,
      what: "the network between the nodes",
    },
    ...node.pods.map(({ name, address }) => ({
      label: `pod "${name}"`,
      address,
      networks: node.subnet,
      what: `the subnet of node "${node.name}"`,
    })),
  ]);
  for (const { label, address, networks, what } of places)
    for (const one of address) {
      const network = networks.find(({ family }) => family === one.family);
      if (network === undefined && networks === file.network)
        throw new UsageError(`The address ${renderIpAddress(one)} of ${label} is in no network between the nodes`, {
          hint: 'name that network: "network": "172.31.9.0/24"',
        });
      if (network !== undefined && !isInNetwork(one, network))
        throw new UsageError(
          `The address ${renderIpAddress(one)} of ${label} is not in ${what}, ${renderIpNetwork(network)}`,
        );
      takeAddress(owners, one, label);
    }
  return file.nodes.map((node) => ({
    ...node,
    address: fillAddresses(owners, `node "${node.name}"`, node.address, file.network, "the network between the nodes"),
    pods: node.pods.map((pod) => {
      const label = `pod "${pod.name}"`;
      const address = fillAddresses(owners, label, pod.address, node.subnet, `the subnet of node "${node.name}"`);
      if (address.length > 0) return { ...pod, address };
      throw new UsageError(`The ${label} has no address`, {
        hint: `give it one ("address": "10.0.1.5"), or give its node "${node.name}" a subnet ("subnet": "10.0.1.0/24")`,
      });
    }),
  }));
}

/** An address for each network, in the networks' order, then those that are in none. */
function fillAddresses(
  owners: Owners,
  label: string,
  given: readonly IpNetwork[],
  networks: readonly IpNetwork[],
  what: string,
): readonly IpNetwork[] {
  const filled = networks.map(
    (network) => given.find(({ family }) => family === network.family) ?? takeFree(owners, label, network, what),
  );
  return [...filled, ...given.filter((address) => !filled.includes(address))];
}

function takeFree(owners: Owners, label: string, network: IpNetwork, what: string): IpNetwork {
  for (const address of listHosts(network)) {
    if (owners.has(renderIpAddress(address))) continue;
    owners.set(renderIpAddress(address), label);
    return address;
  }
  throw new UsageError(`The ${label} gets no address: ${what}, ${renderIpNetwork(network)}, is too small`, {
    hint: "take a shorter prefix: each bit less doubles it",
  });
}

function takeAddress(owners: Owners, address: IpNetwork, label: string): void {
  const text = renderIpAddress(address);
  const other = owners.get(text);
  if (other !== undefined) throw new UsageError(`The address ${text} is given twice: to ${other} and to ${label}`);
  owners.set(text, label);
}
