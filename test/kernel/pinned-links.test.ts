import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { makeJsonScript, readJson } from "../support/json-script.ts";
import { needFeature } from "../support/need-feature.ts";
import { mountBpffs } from "../support/own-bpffs.ts";
import { makeVeth } from "../support/own-veth.ts";
import { makeFolder, runCli } from "../support/run-cli.ts";

const folder = makeFolder();
const port = openAddon();

const drop = `
int drop(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct ethhdr *eth = data;
  if ((void *)(eth + 1) > end || eth->h_proto != bpf_htons(0x0800)) return XDP_PASS;
  return XDP_DROP;
}
int look(struct __sk_buff *skb) { return 0; }`;

it("a pinned link stays attached after the script, until its file is removed", async (context) => {
  needFeature(context, port, "xdp_link");
  const veth = await makeVeth();
  const bpffs = await mountBpffs();
  const attach = `b.attach_xdp({ dev: "b0", netns: { pid: ${veth.b.pid} }, fn_name: "drop" })`;
  const script = makeJsonScript(
    folder,
    "pin",
    drop,
    `const link = ${attach};
link.pin("/sys/fs/bpf/a/b/drop");
json([fails(() => link.pin("/sys/fs/bpf/a/b/drop")), fails(() => link.pin("/tmp/drop"))]);
const socket = b.attach_raw_socket({ dev: "b0", netns: { pid: ${veth.b.pid} }, fn_name: "look" });
json([socket.via, fails(() => socket.pin("/sys/fs/bpf/a/b/look"))]);
link.close();
json(fails(() => link.pin("/sys/fs/bpf/other")));
json(fails(() => ${attach}));`,
  );
  expect(readJson(await runCli(["run", script], { by: bpffs.enter }))).toEqual([
    [
      'Cannot pin the link of "drop" at "/sys/fs/bpf/a/b/drop": something is pinned there already',
      'Cannot pin the link of "drop" at "/tmp/drop": "/tmp" is no BPF file system',
    ],
    ["socket", 'Cannot pin the link of "look" at "/sys/fs/bpf/a/b/look": the kernel has no link for it'],
    "Cannot pin this link: it was closed",
    // It is closed, not detached.
    expect.stringMatching(/^Cannot attach "drop" to xdp/),
  ]);
  expect(veth.sendDatagrams(10)).toBe(0);
  execFileSync(bpffs.enter[0]!, [...bpffs.enter.slice(1), "rm", "/sys/fs/bpf/a/b/drop"]);
  expect(veth.sendDatagrams(10)).toBe(10);
});

it("a check pins nothing", async () => {
  const bpffs = await mountBpffs();
  const script = makeJsonScript(
    folder,
    "check",
    drop,
    `const link = b.attach_xdp({ dev: "b0", fn_name: "drop" });
link.pin("/sys/fs/bpf/checked");`,
  );
  expect(await runCli(["check", script], { by: bpffs.enter })).toMatchObject({ status: 0 });
  expect(
    execFileSync(bpffs.enter[0]!, [...bpffs.enter.slice(1), "find", "/sys/fs/bpf", "-name", "checked"], {
      encoding: "utf8",
    }),
  ).toBe("");
});
