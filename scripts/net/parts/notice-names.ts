import { address_text, ntohs } from "bpfts";
import { join_port } from "./join-port.ts";
import type { NetEnd, open_pinned } from "./pinned-tables.ts";
import { reserved } from "./policy-rules.ts";

/** What the numbers of notices mean, as the pinned tables say it. */
export class NoticeNames {
  private endpoints = new Map<
    number,
    { readonly name: string; readonly dev: string; readonly netns: string; readonly identity: number }
  >();
  private read_ms = Number.NEGATIVE_INFINITY;

  constructor(private readonly pinned: ReturnType<typeof open_pinned>) {}

  /** Looks at the endpoints again, which a policy that was started anew may have changed; at most once a second. */
  private look(): void {
    if (Date.now() - this.read_ms < 1000) return;
    this.read_ms = Date.now();
    this.endpoints = new Map(this.pinned.read_endpoints().map((endpoint) => [endpoint.id, endpoint]));
  }

  find_endpoint(id: number): { readonly name: string; readonly dev: string; readonly netns: string } | undefined {
    this.look();
    return this.endpoints.get(id);
  }

  find_endpoint_of(identity: number): string | undefined {
    this.look();
    return [...this.endpoints.values()].find((endpoint) => endpoint.identity === identity)?.name;
  }

  name_identity(identity: number): string {
    const known = [...reserved].find(([, number]) => number === identity)?.[0];
    return known ?? this.find_endpoint_of(identity) ?? String(identity);
  }

  name_rule(rule: number): string {
    return this.pinned.rules?.get(rule)?.text ?? `rule ${rule}`;
  }

  /** The node of a notice of overlay.ts, and how it calls the device. */
  find_node(
    id: number,
    ifindex: number,
  ): { readonly name: string; readonly dev: string | undefined; readonly netns: string } | undefined {
    const node = id === 0 ? undefined : this.pinned.nodes?.get(id);
    if (node === undefined) return undefined;
    const devices = new Map([
      [node.ifindex, node.dev],
      [node.net_ifindex, node.net_dev],
    ]);
    return { name: node.name, dev: devices.get(ifindex), netns: node.netns };
  }

  name_service(id: number): string {
    return this.pinned.services?.tables.service_names.get(id)?.name ?? String(id);
  }

  find_backend(id: number): string | undefined {
    const end = id === 0 ? undefined : (this.pinned.services?.tables.backends.get(id)?.end as NetEnd | undefined);
    return end && join_port(address_text(end.address.family, end.address.bytes), ntohs(end.port));
  }
}
