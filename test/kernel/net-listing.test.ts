import { describe, expect, it } from "vitest";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import type { NetworkRow } from "../../runtime/inspect/net/describe-network.ts";
import { makeJsonScript } from "../support/json-script.ts";
import { needFeature } from "../support/need-feature.ts";
import { makeCgroup } from "../support/own-cgroup.ts";
import { makeVeth } from "../support/own-veth.ts";
import { makeFolder, parseCliError, runCli, startCli } from "../support/run-cli.ts";

const folder = makeFolder();
const port = openAddon();
const cgroup = makeCgroup("net");

const programs = `
int on_xdp(struct xdp_md *ctx) { return XDP_PASS; }
int first(struct __sk_buff *skb) { return -1; }
int second(struct __sk_buff *skb) { return -1; }
int filter(struct __sk_buff *skb) { return 0; }
int look_up(struct bpf_sk_lookup *ctx) { return SK_PASS; }
SEC("netfilter") int on_input(struct bpf_nf_ctx *ctx) { return 1; }
int on_connect(struct bpf_sock_addr *ctx) { return 1; }
`;

async function listRows(...args: readonly string[]): Promise<readonly NetworkRow[]> {
  const result = await runCli(["net", "--json", ...args]);
  expect(result).toMatchObject({ status: 0, stderr: "" });
  return JSON.parse(result.stdout) as readonly NetworkRow[];
}

describe("bpfts net", () => {
  it("lists what is attached in which order and mode, and who holds it", async (context) => {
    for (const feature of ["tcx", "netfilter_link"] as const) needFeature(context, port, feature);
    const { b, run } = await makeVeth();
    const script = makeJsonScript(
      folder,
      "attach",
      programs,
      `const netns = ${JSON.stringify(b.path)};
b.attach_tc({ dev: "b0", netns, direction: "ingress", fn_name: "second" });
b.attach_tc({ dev: "b0", netns, direction: "ingress", fn_name: "first" });
b.attach_tc({ dev: "b0", netns, direction: "egress", via: "clsact", priority: 7, fn_name: "filter" });
b.attach_tc({ dev: "b0", netns, direction: "egress", via: "clsact", priority: 3, fn_name: "filter", stack: true });
b.attach_xdp({ dev: "b0", netns, mode: "generic", fn_name: "on_xdp" });
b.attach_sk_lookup({ netns, fn_name: "look_up" });
b.attach_netfilter({ netns, family: "ipv4", hook: "input", priority: -5, fn_name: "on_input" });
b.attach_func({ fn_name: "on_connect", cgroup: ${JSON.stringify(cgroup.path)}, attach_type: bpfts.BPFAttachType.CGROUP_INET4_CONNECT });
print("ready"); wait();`,
    );
    const running = startCli(["run", script]);
    await running.waitFor("ready");
    const { pid } = running.child;
    const all = (await listRows()).filter(({ pids }) => pids.some((holder) => holder.pid === pid));
    expect(all.map(({ devname, hook, order, mode, prog_name }) => [devname, hook, order, mode, prog_name])).toEqual([
      ["b0", "xdp", 1, "generic", "on_xdp"],
      ["b0", "tcx_ingress", 1, undefined, "second"],
      ["b0", "tcx_ingress", 2, undefined, "first"],
      ["b0", "clsact_egress", 1, "priority 3 handle 0x1", "filter"],
      ["b0", "clsact_egress", 2, "priority 7 handle 0x1", "filter"],
      [undefined, "sk_lookup", 1, undefined, "look_up"],
      [undefined, "netfilter_ipv4_input", 1, "priority -5", "on_input"],
      [undefined, "cgroup_inet4_connect", 1, "multi", "on_connect"],
    ]);
    expect(all.filter(({ netns_inode }) => netns_inode === b.inode).length).toBe(6);
    expect(all.at(-1)!.cgroup).toBe(cgroup.path);
    expect(all.map(({ link_id }) => link_id === undefined)).toEqual([
      false,
      false,
      false,
      true,
      true,
      false,
      false,
      false,
    ]);
    // The kernel's own tools say the same of what they know.
    const { prog_id, ifindex } = all[0]!;
    expect(run("b", "ip -d link show b0")).toContain(`prog/xdp id ${prog_id} `);
    expect(run("b", "ip -o link show b0")).toMatch(new RegExp(`^${ifindex}: b0`));
    expect(run("b", "tc filter show dev b0 egress")).toMatch(/pref 3 bpf .*handle 0x1/);

    const text = await runCli(["net", "--netns", b.path]);
    expect(text.stdout).toMatch(/^WHERE +DEVICE +HOOK +ORDER +MODE +PROGRAM +LINK +HELD BY\n/);
    expect(text.stdout).toMatch(new RegExp(`^${b.path} +b0 +tcx_ingress +2 +\\d+ first +\\d+ +node\\(${pid}\\)$`, "m"));
    expect(text.stdout).toMatch(
      new RegExp(`^${b.path} +b0 +clsact_egress +1 +priority 3 handle 0x1 +\\d+ filter +none +node\\(${pid}\\)$`, "m"),
    );
    expect((await listRows("--netns", b.path)).length).toBe(6);

    running.child.kill("SIGINT");
    expect(await running.ended).toMatchObject({ status: 0 });
    expect(await listRows("--netns", b.path)).toEqual([]);
  });

  it("shows what a tool attached without a link, and that nobody holds it", async () => {
    const { b, run } = await makeVeth();
    const running = startCli([
      "run",
      makeJsonScript(
        folder,
        "kept",
        programs,
        `b.attach_tc({ dev: "b0", netns: ${JSON.stringify(b.path)}, direction: "ingress", via: "clsact", fn_name: "filter" }); print("ready"); wait();`,
      ),
    ]);
    await running.waitFor("ready");
    running.child.kill("SIGKILL");
    await running.ended;
    const [row, ...more] = await listRows("--netns", b.path);
    expect(more).toEqual([]);
    expect(row).toMatchObject({ devname: "b0", hook: "clsact_ingress", prog_name: "filter", pids: [], pinned: [] });
    run("b", "tc qdisc delete dev b0 clsact");
    expect((await runCli(["net", "--netns", b.path])).stdout).toBe(
      "Nothing is attached to devices, network namespaces and cgroups.\n",
    );
  });

  it("tells the links of one function on devices of one number in two namespaces", async () => {
    const [{ b: first }, { b: second }] = [await makeVeth(), await makeVeth()];
    const attach = [first, second].map(
      ({ path }) =>
        `b.attach_tc({ dev: "b0", netns: ${JSON.stringify(path)}, direction: "ingress", fn_name: "filter" });`,
    );
    const running = startCli([
      "run",
      makeJsonScript(folder, "both", programs, `${attach.join("\n")} print("ready"); wait();`),
    ]);
    await running.waitFor("ready");
    const [one, other] = [(await listRows("--netns", first.path))[0]!, (await listRows("--netns", second.path))[0]!];
    const ids = (row: typeof one): readonly number[] => row.link_ids ?? [row.link_id!];
    expect(new Set([...ids(one), ...ids(other)]).size).toBe(2);
    expect(ids(one).length).toBe(one.ifindex === other.ifindex ? 2 : 1);
    expect(one.pids).toHaveLength(1);
    running.child.kill("SIGINT");
    await running.ended;
  });

  it("names a namespace that is not there", async () => {
    const missing = await runCli(["net", "--netns", "no-such", "--json-errors"]);
    expect(parseCliError(missing).message).toBe('There is no network namespace "no-such"');
  });
});
