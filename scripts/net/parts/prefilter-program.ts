import { BPF } from "bpfts";
import type { Cidr, ProtocolPort } from "./cidr.ts";

/** What a prefilter looks for. */
export type Rule =
  | { readonly action: "allow" | "deny"; readonly text: string; readonly cidr: Cidr }
  | { readonly action: "deny"; readonly text: string; readonly port: ProtocolPort };

/** What a rule has seen. */
export interface RuleCounts {
  readonly rule: string;
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** Counters that are no rule's. */
const others = ["passed", "malformed"] as const;

/** The most rules that a prefilter takes. */
export const MAX_RULES = 4096;

const text = /* c */ `
#include "bpfts_net.h"

struct verdict {
    u32 counter;
    u32 is_denied;
};
struct counts {
    u64 packets;
    u64 bytes;
};
BPF_LPM_TRIE(prefilter, struct net_cidr, struct verdict, MAX_RULES);
BPF_HASH(prefilter_ports, struct net_port, struct verdict, MAX_RULES);
BPF_PERCPU_ARRAY(prefilter_counts, struct counts, MAX_RULES + 2);

enum { PASSED, MALFORMED };

static inline int finish(struct xdp_md *ctx, u32 counter, int action) {
    struct counts *counts = prefilter_counts.lookup(&counter);
    if (counts) {
        counts->packets++;
        counts->bytes += ctx->data_end - ctx->data;
    }
    return action;
}

SEC("xdp")
int prefilter_xdp(struct xdp_md *ctx) {
    struct net_packet packet;
    switch (net_parse((void *)(long)ctx->data, (void *)(long)ctx->data_end, &packet)) {
    case NET_NOT_IP:
        return finish(ctx, PASSED, XDP_PASS);
    case NET_MALFORMED:
        return finish(ctx, MALFORMED, XDP_DROP);
    }
    struct net_cidr source = { .prefixlen = NET_WHOLE_ADDRESS, .address = packet.source };
    struct verdict *verdict = prefilter.lookup(&source);
    if (!verdict && packet.destination_port) {
        struct net_port port = { .protocol = packet.protocol, .port = packet.destination_port };
        verdict = prefilter_ports.lookup(&port);
    }
    if (!verdict)
        return finish(ctx, PASSED, XDP_PASS);
    return finish(ctx, verdict->counter, verdict->is_denied ? XDP_DROP : XDP_PASS);
}
`;

/** An XDP program that denies networks and ports, with its rules in its tables. */
export function load_prefilter(rules: readonly Rule[]) {
  const b = new BPF({ text, cflags: [`-DMAX_RULES=${MAX_RULES}`] });
  rules.forEach((rule, at) => {
    const verdict = { counter: others.length + at, is_denied: rule.action === "deny" ? 1 : 0 };
    if ("cidr" in rule) b.tables.prefilter.set(rule.cidr, verdict);
    else b.tables.prefilter_ports.set(rule.port, verdict);
  });
  const names = [...others, ...rules.map(({ action, text }) => `${action} ${text}`)];
  return {
    program: b,
    /** What each rule has seen, in the order of the rules, and what none of them was for. */
    read_counts(): readonly RuleCounts[] {
      const rows = names.map((rule, at) => {
        const cpus = b.tables.prefilter_counts.get(at) ?? [];
        const sum = (pick: "packets" | "bytes"): bigint => cpus.reduce((total, one) => total + one[pick], 0n);
        return { rule, packets: sum("packets"), bytes: sum("bytes") };
      });
      return [...rows.slice(others.length), ...rows.slice(0, others.length)];
    },
  };
}
