import { spawnSync } from "node:child_process";
import { beforeEach, describe, expect, it } from "vitest";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { makeJsonScript, readJson } from "../support/json-script.ts";
import { needFeature } from "../support/need-feature.ts";
import { makeStep } from "../support/own-step.ts";
import { makeVeth } from "../support/own-veth.ts";
import type { OwnVeth } from "../support/own-veth.ts";
import { makeFolder, runCli, startCli } from "../support/run-cli.ts";
import type { CliResult } from "../support/run-cli.ts";

const folder = makeFolder();
const port = openAddon();
let veth: OwnVeth;
// Each test has namespaces of its own: routes and devices of one must not be in another's way.
beforeEach(async () => {
  veth = await makeVeth();
});

/** Counts datagrams to the test's port in slot SLOT and answers ACTION for them. */
const onDatagram = (name: string, type: string, action: string, slot: number): string => `
int ${name}(struct ${type} *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct ethhdr *eth = data;
  struct iphdr *ip = data + sizeof *eth;
  struct udphdr *udp = (void *)ip + sizeof *ip;
  if ((void *)(udp + 1) > end || eth->h_proto != bpf_htons(0x0800) || ip->protocol != 17 || udp->dest != bpf_htons(4242)) return ${type === "xdp_md" ? "XDP_PASS" : "-1"};
  seen.atomic_increment(${slot});
  return ${action};
}`;
const counters = "BPF_ARRAY(seen, u64, 8);";
function run(name: string, c: string, lines: string, ...flags: string[]): Promise<CliResult> {
  const script = makeJsonScript(folder, name, counters + c, `const netns = ${JSON.stringify(veth.b.path)};\n${lines}`);
  return runCli(["run", ...flags, script]);
}

describe("attach_xdp", () => {
  it("drops what its program drops, in another namespace, until it is killed", async (context) => {
    needFeature(context, port, "xdp_link");
    const script = makeJsonScript(
      folder,
      "drop",
      counters + onDatagram("drop", "xdp_md", "XDP_DROP", 0),
      `const link = b.attach_xdp({ dev: "b0", netns: { pid: ${veth.b.pid} }, fn_name: "drop" });
json([link.kind, link.dev, link.mode, link.via, link.netns, typeof link.id, link.lost]);
print("ready"); wait(); json([...b.get_table("seen", { u64: "number" }).values()][0]);`,
    );
    const running = startCli(["run", script]);
    await running.waitFor("ready");
    expect(veth.sendDatagrams(40)).toBe(0);
    expect(veth.run("b", "ip link show b0")).toContain("prog/xdp id");
    running.child.kill("SIGINT");
    const [link, count] = readJson(await running.ended);
    expect(link).toEqual(["xdp", "b0", "native", "link", veth.b.inode, "number", false]);
    expect(count).toBe(40);

    const killed = startCli(["run", script]);
    await killed.waitFor("ready");
    expect(veth.sendDatagrams(5)).toBe(0);
    killed.child.kill("SIGKILL");
    await killed.ended;
    expect(veth.run("b", "ip link show b0")).not.toContain("xdp");
    expect(veth.sendDatagrams(5)).toBe(5);
  });

  it("replaces a program in place, tells a lost device, and detaches by the device's name", async (context) => {
    needFeature(context, port, "xdp_link");
    const c = onDatagram("first", "xdp_md", "XDP_DROP", 0) + onDatagram("second", "xdp_md", "XDP_DROP", 1);
    veth.run("b", "ip link add gone type veth peer name gone1");
    const step = makeStep(folder, "update-step");
    const running = startCli([
      "run",
      ...step.options,
      makeJsonScript(
        folder,
        "update",
        counters + c,
        `const netns = ${JSON.stringify(veth.b.path)};
const link = b.attach_xdp({ dev: "b0", netns, fn_name: "first", mode: "generic" });
const gone = b.attach_xdp({ dev: "gone", netns, fn_name: "first" });
print("ready-1"); wait();
link.update("second");
print("ready-2"); wait();
json([link.mode, gone.lost, fails(() => gone.update("second"))]);
gone.close();
b.remove_xdp({ dev: "b0", netns });
json([link.closed, fails(() => link.update("first")), fails(() => b.remove_xdp({ dev: "b0", netns }))]);
json([...b.get_table("seen", { u64: "number" }).values()].slice(0, 2));`,
      ),
    ]);
    await running.waitFor("ready-1");
    veth.sendDatagrams(3);
    step.take();
    await running.waitFor("ready-2");
    veth.sendDatagrams(4);
    veth.run("b", "ip link delete gone");
    running.child.kill("SIGINT");
    const [mode, closed, seen] = readJson(await running.ended);
    expect(mode).toEqual([
      "generic",
      true,
      'Cannot put "second" in the place of "first" on xdp gone: its device is gone',
    ]);
    expect(closed).toEqual([
      true,
      "Cannot update this link: it was closed",
      'Cannot detach: this program has no XDP function on "b0"',
    ]);
    expect(seen).toEqual([3, 4]);
  });

  it("says whose program a device has, and what it refuses", async (context) => {
    needFeature(context, port, "xdp_link");
    veth.run("b", "ip link add wide mtu 9000 type veth peer name wide1 mtu 9000");
    const result = await run(
      "busy",
      onDatagram("one", "xdp_md", "XDP_PASS", 0),
      `b.attach_xdp({ dev: "b0", netns, fn_name: "one" });
const why = (run: () => unknown) => { try { run(); return "none"; } catch (error) { const { message, code, hint } = error as any; return [message, code, hint]; } };
json(why(() => b.attach_xdp({ dev: "b0", netns, fn_name: "one" })));
json(why(() => b.attach_xdp({ dev: "wide", netns, fn_name: "one", mode: "native" })));
json(why(() => b.attach_xdp({ dev: "b00", netns, fn_name: "one" })));
json(why(() => b.attach_xdp({ dev: "b0", netns: "no-such", fn_name: "one" })));
json(why(() => b.attach_xdp({ dev: "b0", netns: "/proc/self/ns/mnt", fn_name: "one" })));
json(why(() => b.attach_xdp("b0" as never)));
json(why(() => b.attach_xdp({ dev: "b0", netns, fn_name: "one", mode: "fast" as never })));
json(b.attach_xdp({ dev: "wide", netns, fn_name: "one" }).mode);`,
    );
    veth.run("b", "ip link delete wide");
    expect(result.stderr).toMatch(/^warning: "one" runs in generic mode on "wide" .*its MTU of 9000 is too large/);
    const said = result.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown[]);
    const label = `of the network namespace "${veth.b.path}"`;
    expect(said[0]).toEqual([
      expect.stringMatching(/^Cannot attach "one" to xdp of "b0" .*: it has XDP program \d+ "one" already \(native\)$/),
      "BPFTS_ATTACH",
      "it belongs to this script: a device takes one program at a time",
    ]);
    expect(said[1]![0]).toBe(
      `Cannot attach "one" to xdp of "wide" ${label}: the MTU of 9000 is too large for native XDP`,
    );
    expect(said[2]).toEqual([
      `Cannot attach "one" to xdp b00: there is no network device "b00" in the network namespace "${veth.b.path}"`,
      "BPFTS_ATTACH",
      'did you mean "b0"?',
    ]);
    expect(said[3]![0]).toBe('There is no network namespace "no-such"');
    expect(said[4]![0]).toBe('"/proc/self/ns/mnt" is no network namespace');
    expect(said[5]![0]).toMatch(/takes its options as an object, got "b0"/);
    expect(said[6]![0]).toMatch(/takes mode as one of "auto", "native", "generic"/);
    expect(said[7]).toBe("generic");
  });
});

describe("guards", () => {
  const c = onDatagram("one", "xdp_md", "XDP_PASS", 0) + onDatagram("two", "__sk_buff", "-1", 1);
  const why =
    "const why = (run: () => unknown) => { try { run(); return 'attached'; } catch (error) { return (error as any).code; } };";

  it("refuse lo and what a default route leads through, unless the user names it", async (context) => {
    needFeature(context, port, "xdp_link");
    veth.run("b", "ip route add default via 10.9.0.1 dev b0");
    veth.run("b", "ip link add link b0 name spare type veth peer name spare1");
    const lines = `${why}
json(["lo", "b0", "spare"].map((dev) => why(() => b.attach_xdp({ dev, netns, fn_name: "one", mode: "generic" }).close())));
json(why(() => b.attach_tc({ dev: "b0", netns, fn_name: "two", direction: "ingress", via: "clsact" }).close()));
json(why(() => b.attach_sk_lookup({ netns, fn_name: "look" }).close()));
json(why(() => b.attach_xdp({ dev: "lo", fn_name: "one" })));`;
    const look = '\nSEC("sk_lookup") int look(struct bpf_sk_lookup *ctx) { return 1; }';
    const refused = "BPFTS_PRIVILEGE";
    const said = (await run("guard", c + look, lines)).stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(said).toEqual([[refused, refused, "attached"], refused, refused, refused]);
    const flags = ["--allow-dev", `${veth.b.path}/b0`, "--allow-netns", veth.b.path, "--allow-dev", "b0"];
    const named = (await run("guard", c + look, lines, ...flags)).stdout.trim().split("\n");
    expect(named.map((line) => JSON.parse(line) as unknown)).toEqual([
      [refused, "attached", "attached"],
      "attached",
      "attached",
      refused,
    ]);
    veth.run("b", "ip route delete default");
    veth.run("b", "ip link delete spare");
  });

  it("refuse a port of the bridge that a default route leads through", async (context) => {
    needFeature(context, port, "xdp_link");
    for (const command of [
      "ip link add br0 type bridge",
      "ip link set br0 up",
      "ip link add port0 type veth peer name port1",
      "ip link set port0 master br0",
      "ip address add 10.8.0.1/24 dev br0",
      "ip route add default via 10.8.0.2 dev br0",
    ])
      veth.run("b", command);
    const lines = `${why} json(["port0", "port1"].map((dev) => why(() => b.attach_xdp({ dev, netns, fn_name: "one" }))));`;
    const result = await run("bridge", c, lines);
    for (const dev of ["br0", "port0"]) veth.run("b", `ip link delete ${dev}`);
    expect(result.stdout).toBe('["BPFTS_PRIVILEGE","attached"]\n');
  });

  it("refuse the root cgroup", async () => {
    const root = spawnSync("findmnt", ["-nt", "cgroup2", "-o", "TARGET"], { encoding: "utf8" })
      .stdout.trim()
      .split("\n")[0];
    const lines = `json(fails(() => b.attach_func({ fn_name: "skb", attach_type: bpfts.BPFAttachType.CGROUP_INET_EGRESS, cgroup: "${root}" })));
json(fails(() => b.attach_func({ fn_name: "skb", attach_type: bpfts.BPFAttachType.CGROUP_INET_EGRESS, cgroup: "${root}/." })));`;
    const result = await run("root", 'SEC("cgroup_skb/egress") int skb(struct __sk_buff *ctx) { return 1; }', lines);
    expect(result.stdout.trim().split("\n")).toEqual([
      expect.stringContaining("is the root cgroup, in which every process is"),
      expect.stringContaining("is the root cgroup, in which every process is"),
    ]);
  });
});

describe("attach_tc", () => {
  it("counts in the order of attaching, or first of all, and leaves no queue behind", async (context) => {
    needFeature(context, port, "tcx");
    const c =
      onDatagram("in", "__sk_buff", "-1", 0) +
      onDatagram("after", "__sk_buff", "TC_ACT_SHOT", 1) +
      onDatagram("late", "__sk_buff", "-1", 2) +
      onDatagram("ahead", "__sk_buff", "-1", 3);
    const script = makeJsonScript(
      folder,
      "tc",
      counters + c,
      `const netns = ${JSON.stringify(veth.b.path)};
const links = ["in", "after", "late"].map((fn_name) => b.attach_tc({ dev: "b0", netns, fn_name: fn_name as "in", direction: "ingress" }));
b.attach_tc({ dev: "b0", netns, fn_name: "ahead", direction: "ingress", order: "first" });
json(links.map(({ via, kind }) => [via, kind]));
print("ready"); wait(); json([...b.get_table("seen", { u64: "number" }).values()].slice(0, 4));`,
    );
    const running = startCli(["run", script]);
    await running.waitFor("ready");
    expect(veth.sendDatagrams(7)).toBe(0);
    const twice = await runCli(["run", script]);
    expect(twice.stderr).toMatch(/the same program sits there already, as program \d+/);
    expect(twice.stderr).toMatch(/it belongs to node\(\d+\); give stack: true/);
    running.child.kill("SIGINT");
    expect(readJson(await running.ended)).toEqual([
      [
        ["tcx", "tc"],
        ["tcx", "tc"],
        ["tcx", "tc"],
      ],
      [7, 7, 0, 7],
    ]);
    expect(veth.sendDatagrams(2)).toBe(2);
  });

  it("becomes a classic filter when asked, and takes its queue away", async () => {
    const script = makeJsonScript(
      folder,
      "clsact",
      counters + onDatagram("drop", "__sk_buff", "TC_ACT_SHOT", 0),
      `const link = b.attach_tc({ dev: "b0", netns: ${JSON.stringify(veth.b.path)}, fn_name: "drop", direction: "ingress", via: "clsact", priority: 7 });
json([link.via, link.id ?? null]); print("ready"); wait(); json([...b.get_table("seen", { u64: "number" }).values()][0]);`,
    );
    const running = startCli(["run", script]);
    await running.waitFor("ready");
    expect(veth.run("b", "tc filter show dev b0 ingress")).toContain("pref 7 bpf");
    expect(veth.sendDatagrams(6)).toBe(0);
    running.child.kill("SIGINT");
    expect(readJson(await running.ended)).toEqual([["clsact", null], 6]);
    expect(veth.run("b", "tc qdisc show dev b0")).not.toContain("clsact");

    veth.run("b", "tc qdisc add dev b0 clsact");
    const second = startCli(["run", script]);
    await second.waitFor("ready");
    second.child.kill("SIGINT");
    await second.ended;
    expect(veth.run("b", "tc filter show dev b0 ingress")).toBe("");
    expect(veth.run("b", "tc qdisc show dev b0")).toContain("clsact");
    veth.run("b", "tc qdisc delete dev b0 clsact");
  });

  it("refuses a classic filter that sits there already, and says how to remove one that a killed run has left", async () => {
    const script = (name: string, ...calls: readonly string[]): string =>
      makeJsonScript(
        folder,
        name,
        counters + onDatagram("drop", "__sk_buff", "TC_ACT_SHOT", 0),
        `const place = { dev: "b0", netns: ${JSON.stringify(veth.b.path)}, fn_name: "drop", direction: "ingress", via: "clsact" } as const;
const tell = (run: () => unknown) => { try { run(); return ["attached"]; } catch (error) { return [(error as any).message, (error as any).hint]; } };
${calls.map((options) => `json(tell(() => b.attach_tc({ ...place, ${options} })));`).join("\n")}
if (argv.length > 0) { print("ready"); wait(); }`,
      );
    const read = async (path: string): Promise<unknown[]> => readJson(await runCli(["run", path]));
    const there = expect.stringMatching(/: the same program sits there already, as program \d+$/) as string;
    expect(await read(script("own", "priority: 7", "priority: 9", "priority: 9, stack: true"))).toEqual([
      ["attached"],
      [there, "this script attached it; give stack: true to attach it once more"],
      ["attached"],
    ]);
    expect(veth.run("b", "tc qdisc show dev b0")).not.toContain("clsact");

    const first = startCli(["run", script("first", "priority: 7"), "stay"]);
    await first.waitFor("ready");
    const another = script("another", "");
    expect(await read(another)).toEqual([
      [there, `it belongs to node(${first.child.pid}); give stack: true to attach it once more`],
    ]);
    first.child.kill("SIGKILL");
    await first.ended;
    const [[, hint]] = (await read(another)) as [[string, string]];
    expect(hint).toBe(
      "no process has it, so a run that was killed has left it, or tc made it: tc filter delete dev b0 ingress pref 7 (in that network namespace); give stack: true to attach it once more",
    );
    veth.run("b", /tc filter delete [^(]*/.exec(hint)![0]);
    expect(await read(another)).toEqual([["attached"]]);
    veth.run("b", "tc qdisc delete dev b0 clsact");
  });
});

describe("other places of the network", () => {
  it("take netfilter, sk_lookup, flow_dissector programs and raw sockets", async (context) => {
    needFeature(context, port, "netfilter_link");
    const c = `
SEC("netfilter") int drop(struct bpf_nf_ctx *ctx) { seen.atomic_increment(0); return 0; }
SEC("sk_lookup") int look(struct bpf_sk_lookup *ctx) { if (ctx->protocol == 17) seen.atomic_increment(1); return 1; }
SEC("flow_dissector") int dissect(struct __sk_buff *ctx) { return 0; }
int raw(struct __sk_buff *skb) { if (skb->protocol == bpf_htons(0x0800)) seen.atomic_increment(2); return 0; }`;
    const script = makeJsonScript(
      folder,
      "others",
      counters + c,
      `const netns = ${JSON.stringify(veth.b.path)};
const looks = b.attach_sk_lookup({ netns, fn_name: "look" });
const raw = b.attach_raw_socket({ dev: "b0", netns, fn_name: "raw" });
const flow = b.attach_flow_dissector({ netns, fn_name: "dissect" });
json([looks, raw, flow].map(({ kind, via, dev }) => [kind, via, dev ?? null]));
print("ready-1"); wait();
const nf = b.attach_netfilter({ netns, fn_name: "drop", family: "ipv4", hook: "input", priority: 10 });
json(fails(() => b.attach_netfilter({ netns, fn_name: "drop", family: "ipv4", hook: "input", priority: 10 })));
print("ready-2"); wait();
json([...b.get_table("seen", { u64: "number" }).values()].slice(0, 3));`,
    );
    const step = makeStep(folder, "others-step");
    const running = startCli(["run", ...step.options, script]);
    await running.waitFor("ready-1");
    expect(veth.sendDatagrams(3)).toBe(3);
    step.take();
    await running.waitFor("ready-2");
    expect(veth.sendDatagrams(4)).toBe(0);
    running.child.kill("SIGINT");
    const said = readJson(await running.ended);
    expect(said[0]).toEqual([
      ["sk_lookup", "link", null],
      ["raw_socket", "socket", "b0"],
      ["flow_dissector", "link", null],
    ]);
    // The raw socket also sees the three answers that the port is closed.
    expect(said.at(-1)).toEqual([4, 3, 10]);
    expect(veth.sendDatagrams(1)).toBe(1);
  });

  it("load what sections say that this libbpf does not know", async (context) => {
    needFeature(context, port, "netfilter_link");
    const c = `
SEC("netfilter") int a(struct bpf_nf_ctx *ctx) { return 1; }
SEC("tcx/ingress") int c(struct __sk_buff *ctx) { return -1; }
SEC("sk_skb/verdict") int d(struct __sk_buff *ctx) { return 1; }
SEC("netfiltr") int typo(struct bpf_nf_ctx *ctx) { return 1; }`;
    const result = await run(
      "sections",
      c,
      'for (const name of ["a", "c", "d"] as const) b.load_func(name); b.load_func("typo");',
      "--json-errors",
    );
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('Cannot load \\"typo\\": no kind of program has the section \\"netfiltr\\"');
    expect(result.stderr).toContain('did you mean \\"netfilter\\"?');
  });
});
