import { BPF } from "bpfts";
import { cut_text, find_pins } from "./pins.ts";

/** What the numbers of an overlay's notices mean. */
export function open_nodes(name: string, create: boolean) {
  return new BPF({
    text: /* c */ `
struct node {
    u32 ifindex, net_ifindex;
    char name[64];
    char dev[16];
    char net_dev[16];
    char netns[64];
};
BPF_HASH(nodes, u32, struct node, 256);
`,
    pins: { nodes: { path: `${find_pins(name)}/nodes`, create } },
  });
}

/** A node as others are told of it. */
export interface CataloguedNode {
  readonly id: number;
  readonly name: string;
  /** The vxlan device and its number. */
  readonly dev: string;
  readonly ifindex: number;
  /** The device that carries the tunnel, where there is a program on it. */
  readonly net_dev?: string;
  readonly net_ifindex?: number;
  readonly netns?: string;
}

/** Writes the nodes of an overlay in the place of older ones. */
export function write_nodes(name: string, nodes: readonly CataloguedNode[]): void {
  const { tables } = open_nodes(name, true);
  tables.nodes.clear();
  for (const { id, ifindex, net_ifindex = 0, ...one } of nodes)
    tables.nodes.set(id, {
      ifindex,
      net_ifindex,
      name: cut_text(one.name, 64),
      dev: cut_text(one.dev, 16),
      net_dev: cut_text(one.net_dev ?? "", 16),
      netns: cut_text(one.netns ?? "", 64),
    });
}
