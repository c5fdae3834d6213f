import { describe, expect, it } from "vitest";
import { list_entries, parse_rule, split_ports } from "../../../scripts/net/parts/policy-rules.ts";
import type { PolicyEntry, PolicyRule } from "../../../scripts/net/parts/policy-rules.ts";

describe("parse_rule", () => {
  it("reads who may be reached by whom, and by what", () => {
    expect(parse_rule("pod2 from pod1 tcp/8080", "allow")).toEqual({
      action: "allow",
      text: "pod2 from pod1 tcp/8080",
      endpoint: "pod2",
      direction: "ingress",
      peer: "pod1",
      protocol: 6,
      ports: [8080, 8080],
    });
    expect(parse_rule("  pod1   to any ", "deny")).toEqual({
      action: "deny",
      text: "pod1 to any",
      endpoint: "pod1",
      direction: "egress",
      peer: "any",
      protocol: 0,
    });
    expect(parse_rule("pod2 from 5003 udp/1-65535", "allow")).toMatchObject({
      peer: "5003",
      protocol: 17,
      ports: [1, 65535],
    });
  });

  it.each([
    ["pod2", "pod2 from pod1 tcp/8080"],
    ["pod2 from pod1 tcp/8080 now", "pod2 from pod1 tcp/8080"],
    ["pod2 of pod1", "pod2 from pod1 tcp/8080"],
    ["pod2 from pod1 tpc/80", "there is no protocol 'tpc'"],
    ["pod2 from pod1 icmp/8", "icmp has no ports"],
    ["pod2 from pod1 tcp/0", "ports go from 1 to 65535"],
    ["pod2 from pod1 tcp/80-79", "ports go from 1 to 65535"],
    ["pod2 from pod1 tcp/65536", "ports go from 1 to 65535"],
  ])("refuses %j", (text, message) => {
    expect(() => parse_rule(text, "allow")).toThrow(message);
  });
});

describe("split_ports", () => {
  it("makes prefixes that are the range, no more and no less", () => {
    for (const [first, last] of [
      [1, 65535],
      [8000, 8099],
      [80, 80],
      [1023, 1025],
      [32768, 65535],
      [1, 2],
    ] as const) {
      const found = split_ports(first, last).flatMap(([port, bits]) =>
        Array.from({ length: 2 ** (16 - bits) }, (_, at) => port + at),
      );
      expect(found).toEqual(Array.from({ length: last - first + 1 }, (_, at) => first + at));
      expect(split_ports(first, last).every(([port, bits]) => port % 2 ** (16 - bits) === 0)).toBe(true);
    }
  });
});

/** What the C does with the table: the longest entry of an identity, then that of any. */
function judge(
  entries: readonly PolicyEntry[],
  identity: number,
  protocol: number,
  port: number,
): "allow" | "deny" | "default" {
  const look = (wanted: number): PolicyEntry | undefined =>
    entries
      .filter((entry) => {
        const mask = (0xffffff << (32 - entry.bits)) & 0xffffff;
        return (
          entry.identity === wanted &&
          (((entry.protocol << 16) | entry.port) & mask) === (((protocol << 16) | port) & mask)
        );
      })
      .toSorted((a, b) => b.bits - a.bits)[0];
  const own = look(identity),
    any = look(0);
  if (own?.action === "deny") return "deny";
  if (any !== undefined && (any.action === "deny" || own === undefined || any.bits > own.bits)) return any.action;
  return own?.action ?? "default";
}

/** What the rules mean. */
function judgeByRules(
  rules: readonly PolicyRule[],
  identity: number,
  protocol: number,
  port: number,
): "allow" | "deny" | "default" {
  const matching = rules.filter(
    (rule) =>
      (rule.peer === "any" || Number(rule.peer) === identity) &&
      (rule.protocol === 0 || rule.protocol === protocol) &&
      (rule.ports === undefined || (rule.ports[0] <= port && port <= rule.ports[1])),
  );
  return matching.some(({ action }) => action === "deny") ? "deny" : matching.length > 0 ? "allow" : "default";
}

describe("list_entries", () => {
  it("makes a table in which every deny beats every allow, as the rules say", () => {
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below;
    const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
    const seen = { allow: 0, deny: 0, default: 0 };
    for (let round = 0; round < 300; round++) {
      const rules = Array.from({ length: 1 + random(6) }, (_, number) => {
        const first = 1 + random(24);
        const ports = pick(["", `/${first}`, `/${first}-${first + random(8)}`]);
        const what = pick(["", ` tcp${ports}`, ` udp${ports}`, " icmp"]);
        return { ...parse_rule(`e from ${pick(["any", "300", "301"])}${what}`, pick(["allow", "deny"])), number };
      });
      const entries = list_entries(rules, (peer) => (peer === "any" ? 0 : Number(peer)));
      for (let packet = 0; packet < 40; packet++) {
        const identity = pick([300, 301, 302]),
          protocol = pick([1, 6, 17]);
        const port = protocol === 1 ? 0 : 1 + random(32);
        const wanted = judgeByRules(rules, identity, protocol, port);
        seen[wanted]++;
        expect(
          judge(entries, identity, protocol, port),
          `${rules.map(({ action, text }) => `${action} ${text}`).join("; ")}: ${identity} ${protocol}/${port}`,
        ).toBe(wanted);
      }
    }
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(1000);
  });
});
