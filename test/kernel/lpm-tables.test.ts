import { describe, expect, it } from "vitest";
import { makeJsonScript, readJson } from "../support/json-script.ts";
import { makeFolder, runCli } from "../support/run-cli.ts";

const folder = makeFolder();
const run = async (name: string, c: string, lines: string): Promise<unknown[]> =>
  readJson(await runCli(["run", makeJsonScript(folder, name, c, lines)]));

describe("tables of ranges", () => {
  it("answer the longest range that an address lies in, to the script and to the C", async () => {
    const answers = await run(
      "lpm",
      `struct range { u32 bits; __be32 network; };
struct range6 { u32 bits; struct in6_addr network; };
struct wide { u32 bits; u32 identity; __be32 network; };
BPF_LPM_TRIE(owners, struct range, u32, 16);
BPF_LPM_TRIE(owners6, struct range6, u32, 16);
BPF_LPM_TRIE(wide, struct wide, u32, 16);
int owner(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct iphdr *ip = data + sizeof(struct ethhdr);
  if ((void *)(ip + 1) > end) return -1;
  struct range key = { .bits = 32, .network = ip->daddr };
  u32 *found = owners.lookup(&key);
  return found ? *found : 0;
}`,
      `const { owners, owners6 } = b.tables;
owners.set_cidr("10.0.0.0/8", 1).set_cidr("10.1.0.0/16", 2).set_cidr("10.1.2.3", 3);
owners6.set_cidr("fd00::/8", 6).set_cidr("::/0", 7);
const owner = b.load_func("owner");
const ask = (dst: string) => owner.test_run({ packet: bpfts.make_packet({ ipv4: { dst } }) }).retval;
const places = ["10.9.9.9", "10.1.9.9", "10.1.2.3", "11.0.0.1"];
json(places.map((place) => owners.match(place) ?? 0));
json(places.map(ask));
json([owners6.match("fd12::1"), owners6.match("::1")]);
json([...owners].map(([{ bits, network }, value]) => [bits, bpfts.inet_ntop(2, network), value]).sort());
json([owners.get({ bits: 32, network: bpfts.ipv4("10.1.7.7") }), owners.get({ bits: 32, network: "10.1.2.3" as never })]);
json([owners.delete_cidr("10.1.0.0/16"), owners.delete_cidr("10.1.0.0/16"), owners.match("10.1.9.9")]);
json(fails(() => owners.set_cidr("10.0.0.1/8", 1)));
json(fails(() => owners.set_cidr("fd00::/8", 1)));
json(fails(() => owners6.match("10.0.0.1")));
json(fails(() => owners.match(7 as never)));
json(fails(() => b.tables.wide.match("10.0.0.1")));
b.close();
json(fails(() => owners.match("10.0.0.1")));`,
    );
    expect(answers).toEqual([
      [1, 2, 3, 0],
      [1, 2, 3, 0],
      [6, 7],
      [
        [16, "10.1.0.0", 2],
        [32, "10.1.2.3", 3],
        [8, "10.0.0.0", 1],
      ],
      [2, 3],
      [true, false, 1],
      '"10.0.0.1/8" has bits behind its prefix',
      'Table "owners" has keys of 8 bytes: an address of IPv6 makes 20',
      'Table "owners6" has keys of 20 bytes: an address of IPv4 makes 8',
      'match() takes addresses as text: "10.0.0.1"',
      'Table "wide" has keys of 12 bytes: an address of IPv4 makes 8',
      'Cannot use table "owners": its program was closed',
    ]);
  });

  it("have keys, values and hashes with addresses as text", async () => {
    const answers = await run(
      "hosts",
      `struct flow { __be32 saddr; __be16 port; u8 mac[6]; struct in6_addr v6; };
BPF_HASH(hosts, __be32, u64);
BPF_HASH(hosts6, struct in6_addr, u64);
BPF_HASH(flows, u32, struct flow);`,
      `const { hosts, hosts6, flows } = b.tables;
hosts.set("10.0.0.1", 5n).set(bpfts.ipv4("10.0.0.2"), 6n);
json([hosts.get("10.0.0.2"), hosts.has("10.0.0.3"), hosts.get(0x0100000a), hosts.delete("10.0.0.1"), hosts.size]);
hosts6.set("fd00::1", 7n);
json([hosts6.get("fd00::1"), hosts6.has("fd00::2")]);
flows.set(1, { saddr: "10.0.0.9", port: bpfts.htons(80), mac: "02:00:00:00:00:01", v6: "fd00::9" } as never);
const flow = flows.get(1)!;
json([bpfts.inet_ntop(2, flow.saddr), bpfts.mac_text(flow.mac), bpfts.ntohs(flow.port)]);
json(fails(() => hosts.set("10.0.0.1/8", 1n)));`,
    );
    expect(answers).toEqual([
      ["6n", false, "5n", true, 1],
      ["7n", false],
      ["10.0.0.9", "02:00:00:00:00:01", 80],
      'Cannot write key of "hosts": "10.0.0.1/8" is no IPv4 address',
    ]);
  });
});
