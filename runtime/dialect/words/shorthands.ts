import type { Pass } from "../text/pass.ts";

/**
 * Members that the kernel's headers give a short name by macro. They are put in
 * only behind `.` and `->`, so that other names of the text stay what they are.
 * Source: net/sock.h, net/inet_sock.h, linux/in6.h.
 */
export const shorthandMembers: Readonly<Record<string, string>> = {
  sk_family: "__sk_common.skc_family",
  sk_state: "__sk_common.skc_state",
  sk_daddr: "__sk_common.skc_daddr",
  sk_rcv_saddr: "__sk_common.skc_rcv_saddr",
  sk_dport: "__sk_common.skc_dport",
  sk_num: "__sk_common.skc_num",
  sk_addrpair: "__sk_common.skc_addrpair",
  sk_portpair: "__sk_common.skc_portpair",
  sk_hash: "__sk_common.skc_hash",
  sk_bound_dev_if: "__sk_common.skc_bound_dev_if",
  sk_reuse: "__sk_common.skc_reuse",
  sk_reuseport: "__sk_common.skc_reuseport",
  sk_ipv6only: "__sk_common.skc_ipv6only",
  sk_net_refcnt: "__sk_common.skc_net_refcnt",
  sk_net: "__sk_common.skc_net",
  sk_prot: "__sk_common.skc_prot",
  sk_v6_daddr: "__sk_common.skc_v6_daddr",
  sk_v6_rcv_saddr: "__sk_common.skc_v6_rcv_saddr",
  sk_cookie: "__sk_common.skc_cookie",
  sk_refcnt: "__sk_common.skc_refcnt",
  sk_flags: "__sk_common.skc_flags",
  sk_incoming_cpu: "__sk_common.skc_incoming_cpu",
  sk_tx_queue_mapping: "__sk_common.skc_tx_queue_mapping",
  inet_daddr: "sk.__sk_common.skc_daddr",
  inet_rcv_saddr: "sk.__sk_common.skc_rcv_saddr",
  inet_dport: "sk.__sk_common.skc_dport",
  inet_num: "sk.__sk_common.skc_num",
  s6_addr: "in6_u.u6_addr8",
  s6_addr16: "in6_u.u6_addr16",
  s6_addr32: "in6_u.u6_addr32",
};

/** Writes out the short member names, unless the text has a struct with a member of its own by that name. */
export function rewriteShorthands(pass: Pass): void {
  const { tokens, edits } = pass;
  const found: number[] = [];
  const own = new Set<string>();
  const braces: boolean[] = [];
  for (let i = 1; i < tokens.length; i++) {
    const token = tokens[i]!;
    const before = tokens[i - 1]!.text;
    if (token.text === "{")
      braces.push(/^(struct|union)$/.test(before) || /^(struct|union)$/.test(tokens[i - 2]?.text ?? ""));
    else if (token.text === "}") braces.pop();
    if (token.kind !== "word" || !Object.hasOwn(shorthandMembers, token.text)) continue;
    if (before === "->" || before === ".") found.push(i);
    else if (braces.at(-1) === true || before === "define") own.add(token.text);
  }
  for (const i of found) {
    const token = tokens[i]!;
    // The fields of a tracepoint are no socket's.
    if (own.has(token.text) || tokens[i - 2]?.text === "args") continue;
    edits.replace(token.start, token.end, shorthandMembers[token.text]!);
  }
}
