import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { makeJsonScript, readJson } from "../support/json-script.ts";
import { needFeature } from "../support/need-feature.ts";
import { cli, makeFolder, runCli, startCli } from "../support/run-cli.ts";

const folder = makeFolder();
const port = openAddon();

/** 14 bytes of Ethernet, 20 of IPv4 with protocol 17, 8 of UDP to port 53, four more. */
const datagram =
  "ffffffffffff 020000000001 0800 4500 0020 0000 0000 4011 0000 0a000001 0a000002 1111 0035 000c 0000 61626364";
const lines = `const bytes = (hex: string): Uint8Array => Uint8Array.from(hex.replaceAll(" ", "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hex = (packet: Uint8Array | undefined): string | undefined => packet && Array.from(packet, (byte) => byte.toString(16).padStart(2, "0")).join("");
const packet = bytes("${datagram}");
const why = (run: () => unknown) => { try { return ["no error", run()]; } catch (error) { const { message, code, hint } = error as any; return [code, message, hint]; } };
void [bytes, hex, packet, why];
`;
const run = async (name: string, c: string, script: string): Promise<unknown[]> =>
  readJson(await runCli(["run", makeJsonScript(folder, name, c, lines + script)]));

const xdp = `
BPF_HASH(blocked, u16, u64);
int filter(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct ethhdr *eth = data;
  struct iphdr *ip = data + sizeof *eth;
  struct udphdr *udp = (void *)ip + sizeof *ip;
  if ((void *)(udp + 1) > end) return end - data < 20 ? XDP_DROP : XDP_PASS;
  u16 port = bpf_ntohs(udp->dest);
  u64 *seen = blocked.lookup(&port);
  if (!seen) return XDP_PASS;
  (*seen)++;
  udp->dest = bpf_htons(port + 1);
  return XDP_DROP;
}
int tag(struct xdp_md *ctx) {
  if (bpf_xdp_adjust_head(ctx, -4)) return XDP_ABORTED;
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  if (data + 18 > end) return XDP_ABORTED;
  __builtin_memmove(data, data + 4, 12);
  *(u32 *)(data + 12) = bpf_htonl(0x81000007);
  return XDP_TX;
}`;

describe("test_run of XDP programs", () => {
  it("answers the verdict, the packet as it was left and the state of the tables, attached nowhere", async () => {
    const answers = await run(
      "xdp",
      xdp,
      `const filter = b.load_func("filter");
json(filter.test_run({ packet }).action);
b.get_table("blocked").set(53, 0n);
const dropped = filter.test_run({ packet, repeat: 1 });
json([dropped.retval, dropped.action, hex(dropped.packet), dropped.ctx ?? null]);
json(b.get_table("blocked").get(53));
json([14, 19, 20].map((length) => filter.test_run({ packet: packet.subarray(0, length) }).action));
const tagged = b.load_func("tag").test_run({ packet });
json([tagged.action, hex(tagged.packet)]);
json([filter.test_run({ packet, repeat: 2_100_000 }).action, b.get_table("blocked").get(53)]);
json([hex(packet), filter.test_run({ packet: new Uint8Array(60), repeat: 1000 }).duration_ns > 0]);`,
    );
    const sent = datagram.replaceAll(" ", "");
    expect(answers).toEqual([
      "XDP_PASS",
      [1, "XDP_DROP", sent.replace("11110035", "11110036"), null],
      "1n",
      ["XDP_DROP", "XDP_DROP", "XDP_PASS"],
      ["XDP_TX", `${sent.slice(0, 24)}81000007${sent.slice(24)}`],
      // Each million begins with the packet that was given.
      ["XDP_PASS", "4n"],
      [sent, true],
    ]);
  });

  it("takes a context where the kernel has one", async () => {
    const answers = await run(
      "xdp-ctx",
      `int where(struct xdp_md *ctx) { return ctx->ingress_ifindex == 1 ? XDP_PASS : XDP_DROP; }`,
      `const where = b.load_func("where");
json(why(() => where.test_run({ packet, ctx: { ingress_ifindex: 1 } })));
json(why(() => where.test_run({ packet, ctx: { data: 5 } })));
json(why(() => where.test_run({ packet, ctx: { mark: 5 } })));
json(where.test_run({ packet }).action);`,
    );
    const context = { data: 0, data_end: 46, data_meta: 0, ingress_ifindex: 1, rx_queue_index: 0, egress_ifindex: 0 };
    const refused = [
      "BPFTS_ATTACH",
      'Cannot run "where" on a packet of 46 bytes: the kernel does not take this ctx',
      "data is the length of the metadata in front (a multiple of 4, at most 32), data_meta 0, and data_end the length of the packet; before Linux 5.15 there is no ctx",
    ];
    const [taken, odd, unknown, without] = answers as [unknown[], unknown[], unknown[], string];
    // The packet comes from the loopback device then.
    expect(without).toBe("XDP_PASS");
    // Linux 5.10 has no such context.
    if (taken[0] === "no error") expect(taken[1]).toMatchObject({ action: "XDP_PASS", ctx: context });
    else expect(taken).toEqual(refused);
    expect(odd).toEqual(refused);
    expect(unknown).toEqual([
      "BPFTS_MAP",
      'Cannot write ctx of "where": struct xdp_md has no field "mark"',
      "its fields are: data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex",
    ]);
  });
});

describe("test_run of programs that see a packet in a buffer", () => {
  it("gives tc programs a mark and answers what they left there", async () => {
    const answers = await run(
      "tc",
      `int classify(struct __sk_buff *skb) {
  if (skb->mark == 3) { skb->mark = 4; skb->cb[1] = skb->len; skb->priority = 9; return -1; }
  return bpf_skb_change_tail(skb, skb->len + 2, 0) ? TC_ACT_SHOT : TC_ACT_OK;
}
SEC("socket") int keep(struct __sk_buff *skb) { return -1; }
SEC("cgroup_skb/egress") int egress(struct __sk_buff *skb) { return skb->len == 32; }`,
      `const classify = b.load_func("classify");
const marked = classify.test_run({ packet, ctx: { mark: 3, cb: [1, 2, 3, 4, 5] } });
json([marked.retval, marked.action, marked.ctx?.mark, marked.ctx?.priority, marked.ctx?.cb, hex(marked.packet) === hex(packet)]);
const longer = classify.test_run({ packet });
json([longer.action, hex(longer.packet)]);
json([b.load_func("keep").test_run({ packet }).retval, b.load_func("egress").test_run({ packet }).retval]);
json(why(() => classify.test_run({ packet, ctx: { ifindex: 99999 } })));`,
    );
    expect(answers).toEqual([
      [-1, "TC_ACT_UNSPEC", 4, 9, [1, 46, 3, 4, 5], true],
      ["TC_ACT_OK", `${datagram.replaceAll(" ", "")}0000`],
      [4294967295, 1],
      [
        "BPFTS_ATTACH",
        'Cannot run "classify" on a packet of 46 bytes: there is no network device of that number',
        "ctx.ifindex and ctx.ingress_ifindex name devices of bpfts' own network namespace",
      ],
    ]);
  });

  it("answers what a flow dissector found", async () => {
    const answers = await run(
      "dissector",
      `SEC("flow_dissector") int dissect(struct __sk_buff *skb) {
  skb->flow_keys->thoff = skb->flow_keys->nhoff + 20;
  skb->flow_keys->ip_proto = 17;
  skb->flow_keys->dport = bpf_htons(53);
  return BPF_OK;
}`,
      `const { action, flow_keys, packet: left } = b.load_func("dissect").test_run({ packet });
json([action, flow_keys?.nhoff, flow_keys?.thoff, flow_keys?.ip_proto, flow_keys && bpfts.ntohs(flow_keys.dport), left ?? null]);`,
    );
    expect(answers).toEqual([["BPF_OK", 14, 34, 17, 53, null]]);
  });
});

describe("test_run without a packet", () => {
  it("asks sk_lookup programs and programs of raw tracepoints", async () => {
    const answers = await run(
      "contexts",
      `SEC("sk_lookup") int pick(struct bpf_sk_lookup *ctx) {
  return ctx->family == 2 && ctx->protocol == 6 && ctx->local_port == 80 && ctx->remote_port == bpf_htons(4242) ? SK_DROP : SK_PASS;
}
SEC("raw_tp/sched_switch") int sum(struct bpf_raw_tracepoint_args *ctx) { return (int)(ctx->args[0] - ctx->args[1]); }`,
      `const pick = b.load_func("pick"), sum = b.load_func("sum");
const ctx = { family: 2, protocol: 6, local_port: 80, remote_port: bpfts.htons(4242) };
json(why(() => pick.test_run({ ctx })));
json(why(() => pick.test_run({ ctx: { ...ctx, local_port: 81 } })));
json(sum.test_run({ ctx: [5n, 7] }));
json(why(() => sum.test_run({ ctx: [5n] })));
json(why(() => sum.test_run({ packet })));
json(why(() => sum.test_run({ ctx: [5n, 7], repeat: 2 })));`,
    );
    const [dropped, passed, ...others] = answers as [unknown[], unknown[], ...unknown[]];
    if (dropped[0] === "no error") {
      expect(dropped[1]).toMatchObject({ retval: 0, action: "SK_DROP", ctx: { cookie: "0n", local_port: 80 } });
      expect(passed[1]).toMatchObject({ retval: 1, action: "SK_PASS" });
    } else
      expect(dropped).toEqual([
        "BPFTS_UNSUPPORTED",
        'Cannot run "pick": this kernel has no test run for sk_lookup programs',
        "Linux 5.13 or later has it: bpfts vm run",
      ]);
    expect(others).toEqual([
      { retval: -2, duration_ns: 0 },
      [
        "BPFTS_ATTACH",
        'Cannot run "sum": it reads more arguments than ctx has',
        "give ctx as a list with every argument of the tracepoint",
      ],
      ["BPFTS_ARGUMENT", 'Cannot run "sum": programs of its type see no packet', "give ctx alone"],
      ["BPFTS_ARGUMENT", 'Cannot run "sum": the kernel runs programs of raw tracepoints once', "leave repeat out"],
    ]);
  });

  it("runs netfilter programs", async (context) => {
    needFeature(context, port, "netfilter_link");
    const answers = await run(
      "netfilter",
      `SEC("netfilter") int verdict(struct bpf_nf_ctx *ctx) { return NF_DROP; }`,
      `json(b.load_func("verdict").test_run({ packet }).action);`,
    );
    expect(answers).toEqual(["NF_DROP"]);
  });
});

describe("what test_run refuses", () => {
  it("says what the kernel wants, or that no kernel runs such a program", async () => {
    const answers = await run(
      "refused",
      `int pass(struct xdp_md *ctx) { return XDP_PASS; }
int tc(struct __sk_buff *skb) { return 0; }
SEC("cgroup/connect4") int on_connect(struct bpf_sock_addr *ctx) { return 1; }
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) { return 0; }`,
      `const pass = b.load_func("pass");
json(why(() => pass.test_run({ packet: packet.subarray(0, 13) })));
json(why(() => pass.test_run({ packet: new Uint8Array(2_000_000) })));
json(why(() => b.load_func("tc").test_run({ packet: packet.subarray(0, 33) })));
json(why(() => pass.test_run()));
json(why(() => pass.test_run({ packet, repeat: 0 })));
json(why(() => pass.test_run({ packet: "0800" as never })));
json(why(() => pass.test_run({ packets: 1 } as never)));
json(why(() => b.load_func("on_connect").test_run({ packet })));
json(why(() => b.load_func("tracepoint__syscalls__sys_enter_mkdir" as never).test_run({})));
b.close();
json(why(() => pass.test_run({ packet })));`,
    );
    const [short, long, ip, ...others] = answers as [unknown[], unknown[], unknown[], ...unknown[]];
    expect(short).toEqual([
      "BPFTS_ATTACH",
      'Cannot run "pass" on a packet of 13 bytes: the kernel takes 14 bytes or more',
      "a packet begins with its Ethernet header: two addresses of 6 bytes and a type of 2",
    ]);
    expect(long[1]).toMatch(/^Cannot run "pass" on a packet of 2000000 bytes: /);
    // Older kernels run it on half a header.
    if (ip[0] !== "no error")
      expect(ip[1]).toBe('Cannot run "tc" on a packet of 33 bytes: its type says IPv4, whose header ends at byte 34');
    expect(others).toEqual([
      ["BPFTS_ARGUMENT", 'Cannot run "pass": it runs on a packet', "give packet: bytes from the Ethernet header on"],
      ["BPFTS_ARGUMENT", "test_run() takes repeat as a whole number from 1 to 2147483647, got 0", null],
      ["BPFTS_ARGUMENT", "test_run() takes packet as bytes (Uint8Array)", "Uint8Array.from([0xff, …]) makes them"],
      [
        "BPFTS_ARGUMENT",
        'test_run() has no option "packets"',
        "its options are: packet, ctx, repeat; for example { packet: … }",
      ],
      [
        "BPFTS_ATTACH",
        'Cannot run "on_connect": no kernel has a test run for cgroup_sock_addr programs',
        "attach it to a cgroup of the test's own and let a process there use a socket",
      ],
      [
        "BPFTS_ATTACH",
        'Cannot run "tracepoint__syscalls__sys_enter_mkdir": no kernel has a test run for tracepoint programs',
        "attach it and let what it waits for happen",
      ],
      ["BPFTS_CLOSED", "This BPF program was closed", null],
    ]);
  });

  it("sends no packet from a test run: a program that copies packets to devices needs --allow-all", async () => {
    const c = `int copy(struct __sk_buff *skb) { return bpf_clone_redirect(skb, 12345, 0) ? TC_ACT_SHOT : TC_ACT_OK; }`;
    const script = makeJsonScript(
      folder,
      "clone",
      c,
      `${lines}json(why(() => b.load_func("copy").test_run({ packet }).action));`,
    );
    expect(readJson(await runCli(["run", script]))).toEqual([
      [
        "BPFTS_PRIVILEGE",
        'Cannot run "copy": bpf_clone_redirect sends packets to network devices from a test run, too: a script may do that only with --allow-all',
        "if you trust this script, run it with --allow-all",
      ],
    ]);
    expect(readJson(await runCli(["run", "--allow-all", script]))).toEqual([["no error", "TC_ACT_SHOT"]]);
  });

  it("sends none by a tail call either, to whatever the table may hold", async () => {
    const script = makeJsonScript(
      folder,
      "clone-by-tail-call",
      `BPF_PROG_ARRAY(steps, 1);
int go(struct __sk_buff *skb) { steps.call(skb, 0); return TC_ACT_OK; }`,
      `${lines}
json(why(() => b.load_func("go").test_run({ packet }).action));
const other = new BPF({ text: \`int copy(struct __sk_buff *skb) { return bpf_clone_redirect(skb, 12345, 0) ? TC_ACT_SHOT : TC_ACT_OK; }\` });
b.get_table("steps").set(0, other.load_func("copy") as never);
json(why(() => b.load_func("go").test_run({ packet }).action));`,
    );
    expect(readJson(await runCli(["run", script]))).toEqual([
      ["no error", "TC_ACT_OK"],
      [
        "BPFTS_PRIVILEGE",
        'Cannot run "go": bpf_clone_redirect, which its tail calls may lead to, sends packets to network devices from a test run, too: a script may do that only with --allow-all',
        "if you trust this script, run it with --allow-all",
      ],
    ]);
    expect(readJson(await runCli(["run", "--allow-all", script]))).toEqual([
      ["no error", "TC_ACT_OK"],
      ["no error", "TC_ACT_SHOT"],
    ]);
  });

  it("ends a long test run at a signal", async () => {
    const running = startCli([
      "run",
      makeJsonScript(
        folder,
        "long",
        "int pass(struct xdp_md *ctx) { return XDP_PASS; }",
        `${lines}print("ready");
bpfts.flush();
try { b.load_func("pass").test_run({ packet, repeat: 2_000_000_000 }); } catch (error) { json(error instanceof Interrupt); }`,
      ),
    ]);
    await running.waitFor("ready");
    running.child.kill("SIGINT");
    expect(readJson(await running.ended)).toEqual([true]);
  });
});

describe("a function in hand", () => {
  it("tells its number and tag, as the kernel does", async () => {
    const answers = await run(
      "id",
      `int one(struct xdp_md *ctx) { return XDP_PASS; }
int two(struct xdp_md *ctx) { return XDP_DROP; }
int same(struct xdp_md *ctx) { return XDP_PASS; }`,
      `const [one, two, same] = ["one", "two", "same"].map((name) => b.load_func(name as "one"));
json([one!.name, one!.id > 0, one!.id !== two!.id, one!.id !== same!.id, /^[0-9a-f]{16}$/.test(one!.tag), one!.tag === same!.tag, one!.tag === two!.tag]);`,
    );
    expect(answers).toEqual([["one", true, true, true, true, true, false]]);
  });

  it("is pinned in a BPF file system, where another script finds it, and nowhere else", () => {
    const bpffs = join(folder, "bpf");
    mkdirSync(bpffs);
    const script = makeJsonScript(
      folder,
      "pin",
      "int pass(struct xdp_md *ctx) { return XDP_PASS; }",
      `${lines}const pass = b.load_func("pass");
json(why(() => pass.pin("${bpffs}/nets/pass")));
json(why(() => pass.pin("${bpffs}/nets/pass")));
json(why(() => pass.pin("${folder}/pass")));
json(why(() => pass.pin(7 as never)));
json(pass.id);`,
    );
    const shell = `mount -t bpf bpf ${bpffs} && '${process.execPath}' '${cli}' run ${script} && ls ${bpffs}/nets && '${process.execPath}' '${cli}' prog ${bpffs}/nets/pass --json`;
    const said = execFileSync("unshare", ["-m", "bash", "-c", shell], { encoding: "utf8" }).split("\n");
    const [first, second, third, fourth, id] = said.slice(0, 5).map((line) => JSON.parse(line) as unknown[]);
    expect(first).toEqual(["no error", null]);
    expect(second).toEqual([
      "BPFTS_ATTACH",
      `Cannot pin function "pass" at "${bpffs}/nets/pass": something is pinned there already`,
      "remove the file of an earlier run, or give another path",
    ]);
    expect(third).toEqual([
      "BPFTS_ATTACH",
      `Cannot pin function "pass" at "${folder}/pass": "${folder}" is no BPF file system`,
      "as root: mount -t bpf bpf /sys/fs/bpf, and pin below it",
    ]);
    expect(fourth).toEqual(["BPFTS_ARGUMENT", "pin() takes the path as a text, got 7", null]);
    expect(said[5]).toBe("pass");
    expect(said.slice(6).join("\n")).toContain(`"id": ${String(id)}`);
  });
});
