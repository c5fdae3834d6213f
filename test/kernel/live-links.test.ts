import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LinkRow } from "../../runtime/inspect/link/describe-links.ts";
import { BPFAttachType } from "../../sdk/abi/program-types.ts";
import type { UprobeTarget } from "../../runtime/kernel/door/port.ts";
import { haveFeature } from "../../runtime/kernel/machine/features.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { loadBpf, port, u64 } from "../support/live-object.ts";
import { needFeature } from "../support/need-feature.ts";
import { makeCgroup } from "../support/own-cgroup.ts";
import { buildProgram, runTool } from "../support/own-program.ts";
import { makeFolder, runCli } from "../support/run-cli.ts";

const text = `
struct meta { void *seq; u64 session_id; u64 seq_num; };
struct iter_context { struct meta *meta; void *task; };
SEC("uprobe") int ll_call(void *ctx) { return is_target(); }
SEC("uretprobe") int ll_return(void *ctx) { return is_target(); }
SEC("perf_event") int ll_sample(void *ctx) { return is_target() ? 0 : 0; }
SEC("cgroup_skb/egress") int ll_egress(void *ctx) { return 1; }
SEC("iter/task") int ll_tasks(struct iter_context *ctx) { return 0; }
`;
const manyText = `SEC("uprobe.multi") int ll_many(void *ctx) { return is_target(); }`;

const folder = makeFolder();
const binary = join(folder, "probed");
const cgroup = makeCgroup("links");
let object = 0;
let offset = 0n;

beforeAll(() => {
  buildProgram("usdt.c", binary, "-no-pie");
  const symbol = /^([0-9a-f]+) T main$/m.exec(runTool("nm", binary))![1]!;
  // Not position-independent: the first segment is mapped at 0x400000.
  offset = BigInt(`0x${symbol}`) - 0x400000n;
  object = loadBpf(text);
});
afterAll(() => void port.objectClose(object));

async function readLinks(name: string): Promise<LinkRow[]> {
  const result = await runCli(["link", "--json"]);
  expect(result).toMatchObject({ status: 0, stderr: "" });
  return (JSON.parse(result.stdout) as LinkRow[]).filter(
    ({ prog_name, pids }) => prog_name === name && pids.some(({ pid }) => pid === process.pid),
  );
}

describe("where bpfts link says that programs are attached", () => {
  const uprobe = (retprobe: boolean, cookie: bigint): UprobeTarget => ({
    path: binary,
    offset,
    retprobe,
    pid: -1,
    refCtrOffset: 0n,
    cookie,
  });

  it("names the binary and the offset of a uprobe, and its cookie", async (context) => {
    needFeature(context, port, "bpf_cookie");
    expect(port.attachUprobe(port.programHandle(object, "ll_call"), uprobe(false, 77n))).toBeGreaterThan(0);
    expect(port.attachUprobe(port.programHandle(object, "ll_return"), uprobe(true, 0n))).toBeGreaterThan(0);
    const [call] = await readLinks("ll_call");
    const [back] = await readLinks("ll_return");
    const place = `${binary}:0x${offset.toString(16)}`;
    // Since Linux 6.6 the kernel tells.
    const tells = haveFeature(port, "uprobe_multi") !== false;
    expect(call!.attached).toBe(tells ? `uprobe ${place}` : "perf event (this kernel does not tell which)");
    if (tells) expect(back!.attached).toBe(`uretprobe ${place}`);
    if (call!.cookie !== undefined) expect(call!.cookie).toBe(77);
  });

  it("lists the places of a link that has many", async (context) => {
    needFeature(context, port, "uprobe_multi");
    const many = port.objectOpen(compileBpf(manyText), "many");
    try {
      port.programSetType(many, "ll_many", 2, BPFAttachType.TRACE_UPROBE_MULTI);
      expect(port.objectLoad(many, 0).status).toBe(0);
      const places = [offset, offset + 4n, offset + 8n];
      const target = {
        path: binary,
        offsets: u64(...places),
        refCtrOffsets: new Uint8Array(),
        cookies: u64(1, 2, 3),
        retprobe: false,
        pid: -1,
      };
      expect(port.attachUprobeMulti(port.programHandle(many, "ll_many"), target)).toBeGreaterThan(0);
      const [link] = await readLinks("ll_many");
      expect(link).toMatchObject({ type: "uprobe_multi", places: places.map((place) => `0x${place.toString(16)}`) });
      expect(link!.attached).toBe(`uprobe ${binary}:${places.map((place) => `0x${place.toString(16)}`).join(",")}`);
    } finally {
      port.objectClose(many);
    }
  });

  it("names cgroups, iterators and perf events", async () => {
    const target = port.descriptorOpen(cgroup.path, false);
    const links = [
      port.attachTarget(port.programHandle(object, "ll_egress"), target, BPFAttachType.CGROUP_INET_EGRESS),
      port.attachAuto(port.programHandle(object, "ll_tasks")),
      port.attachPerfEvent(port.programHandle(object, "ll_sample"), {
        type: 1,
        config: 0n,
        samplePeriod: 0n,
        sampleFreq: 49n,
        pid: process.pid,
        cpu: -1,
        config1: 0n,
        config2: 0n,
        bpType: 0,
        flags: 0n,
      }),
    ];
    port.descriptorClose(target);
    for (const link of links) expect(link).toBeGreaterThan(0);
    try {
      expect((await readLinks("ll_egress"))[0]).toMatchObject({
        type: "cgroup",
        attach_type: "cgroup_inet_egress",
        attached: `cgroup_inet_egress ${cgroup.path}`,
      });
      expect((await readLinks("ll_tasks"))[0]).toMatchObject({ type: "iter", attached: "iter task" });
      if (haveFeature(port, "uprobe_multi") !== false)
        expect((await readLinks("ll_sample"))[0]!.attached).toBe("perf event cpu-clock");
    } finally {
      for (const link of links) port.linkClose(link);
    }
  });
});
