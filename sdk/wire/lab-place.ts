/**
 * A node or a pod of the lab that a script runs in.
 *
 * @example
 * import { print, type LabPlace } from "bpfts";
 * const describe = ({ name, ip }: Pick<LabPlace, "name" | "ip">): string => `${name} ${ip ?? "without an address"}`;
 * print(describe({ name: "pod1", ip: "10.77.1.2" })); // pod1 10.77.1.2
 */
export interface LabPlace {
  /** As the file of the lab calls it. */
  readonly name: string;
  /** A pod is a container on a node. */
  readonly kind: "node" | "pod";
  /** The node that it is, or is on. */
  readonly node: string;
  /** Its network namespace, as `attach_xdp` and its like take it. */
  readonly netns: string;
  /** The device by which it reaches the others; null for a node that has no other beside it. */
  readonly dev: string | null;
  /** The other end of a pod's veth pair, which is a device of its node; null for a node. */
  readonly host_dev: string | null;
  /** The external vxlan device of a node, on which programs say to which node each packet goes (`bpf_skb_set_tunnel_key`); null where there is none. */
  readonly tunnel_dev: string | null;
  /** Its address of IPv4. */
  readonly ip: string | null;
  /** Its address of IPv6. */
  readonly ip6: string | null;
  /** The address of `dev` in its Ethernet. */
  readonly mac: string | null;
  /** The path of its cgroup, in which its processes are. */
  readonly cgroup: string;
}
