import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildText, clangs, openTools } from "../support/build-text.ts";
import { port } from "../support/live-object.ts";
import { needFeature } from "../support/need-feature.ts";
import { buildProgram, runTool } from "../support/own-program.ts";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const helper = join(folder, "process-side");
const objects: number[] = [];

beforeAll(() => void buildProgram("process-side.c", helper, "-lbpf"), 120_000);
afterAll(() => {
  for (const object of objects) port.objectClose(object);
});

function load(text: string, program: string): string[] {
  const object = port.objectOpen(buildText(text, openTools(clangs.at(-1)!.clang)).bytes, "forms");
  objects.push(object);
  const loaded = port.objectLoad(object, 0);
  if (loaded.status < 0)
    throw new Error(`load: ${loaded.status} ${loaded.log} ${JSON.stringify(loaded.programLogs).slice(-2000)}`);
  const info = port.programInfo(port.programHandle(object, program));
  return typeof info === "number" ? [] : ["0", String(info.id)];
}

/** The sum that checksums of the Internet are made of. Source: RFC 1071. */
function sum(bytes: Buffer): number {
  let total = 0;
  for (let at = 0; at < bytes.length; at += 2) total += bytes.readUInt16BE(at);
  while (total > 0xffff) total = (total & 0xffff) + (total >> 16);
  return total;
}

/** A UDP packet of 64 bytes with right checksums. */
function makePacket(): Buffer {
  const packet = Buffer.alloc(64);
  Buffer.from("112233445566778899aabbcc0800", "hex").copy(packet);
  Buffer.from("4500003200004000401100000a0000010a000002", "hex").copy(packet, 14);
  packet.writeUInt16BE(~sum(packet.subarray(14, 34)) & 0xffff, 24);
  Buffer.from("1234003500160000", "hex").copy(packet, 34);
  packet.writeUInt16BE(0x1e, 38);
  packet.write("known", 42);
  packet.writeUInt16BE(~sumUdp(packet) & 0xffff, 40);
  return packet;
}

/** With the addresses, the protocol and the length that UDP's checksum covers too. */
function sumUdp(packet: Buffer): number {
  const pseudo = Buffer.alloc(4);
  pseudo.writeUInt16BE(17, 0);
  pseudo.writeUInt16BE(packet.readUInt16BE(38), 2);
  return sum(Buffer.concat([packet.subarray(26, 34), pseudo, packet.subarray(34, 34 + packet.readUInt16BE(38))]));
}

describe("a packet by BCC's headers", () => {
  it("is read and written at its fields, and its checksums follow", () => {
    const program = load(
      `
#include <bcc/proto.h>
int change(struct __sk_buff *skb) {
	u8 *cursor = 0;
	struct ethernet_t *ethernet = cursor_advance(cursor, sizeof(*ethernet));
	if (ethernet->type != ETH_P_IP || ethernet->dst != 0x112233445566ULL) return 1;
	struct ip_t *ip = cursor_advance(cursor, sizeof(*ip));
	if (ip->ver != 4 || ip->hlen != 5 || ip->df != 1 || ip->nextp != IPPROTO_UDP || ip->src != 0x0a000001) return 2;
	struct udp_t *udp = cursor_advance(cursor, sizeof(*udp));
	if (udp->sport != 0x1234 || udp->dport != 53 || load_byte(skb, 42) != 'k') return 3;
	u32 before = ip->dst, after = 0xc0a80163;
	u16 port = udp->dport, other = 5353;
	incr_cksum_l4(&udp->crc, before, after, 1);
	incr_cksum_l4(&udp->crc, port, other, 0);
	incr_cksum_l3(&ip->hchecksum, before, after);
	ip->dst = after;
	udp->dport = other;
	return 7;
}`,
      "change",
    );
    const packet = makePacket();
    expect([sum(packet.subarray(14, 34)), sumUdp(packet)]).toEqual([0xffff, 0xffff]);
    const [answer, hex] = runTool(helper, "packet", ...program, packet.toString("hex")).split("\n");
    const after = Buffer.from(hex!, "hex");
    expect([answer, after.readUInt32BE(30).toString(16), after.readUInt16BE(36)]).toEqual(["7", "c0a80163", 5353]);
    expect([sum(after.subarray(14, 34)), sumUdp(after)]).toEqual([0xffff, 0xffff]);
  });
});

describe("BPF_ITER", () => {
  it("is given every task", (context) => {
    needFeature(context, port, "iter");
    const program = load(
      `
BPF_ITER(task) {
	struct task_struct *task = ctx->task;
	if (task && task->pid == ${process.pid}) BPF_SEQ_PRINTF(ctx->meta->seq, "%d of %d\\n", task->pid, task->real_parent->tgid);
	return 0;
}`,
      "bpf_iter__task",
    );
    expect(runTool(helper, "iterator", ...program)).toBe(`${process.pid} of ${process.ppid}\n`);
  });
});

describe("typed arguments of a uprobe", () => {
  it("come from the registers and through their pointers, and five values are printed", async (context) => {
    needFeature(context, port, "trace_vprintk");
    const script = writeScript(
      folder,
      "typed.ts",
      `import { BPF, Interrupt, command, print, sleep } from "bpfts";
const b = new BPF({ text: \`
struct pair { short low, high; const char *name; };
BPF_HASH(seen, u32, long);
static void put(u32 slot, long value) { seen.update(&slot, &value); }
int on_call(struct pt_regs *ctx, int number, const char *text, struct pair *pair, unsigned char byte) {
  put(0, number); put(1, text[1]); put(2, pair->low); put(3, pair->high); put(4, pair->name[0]); put(5, byte);
  bpf_trace_printk("%d %d %d %d %s", number, pair->low, pair->high, byte, "end");
  return 0;
}
\` });
b.attach_uprobe({ name: ${JSON.stringify(helper)}, sym: "take_arguments", fn_name: "on_call" });
print(b.trace_fields({ pid: command?.pid }).read()?.[5]);
try { sleep(20); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
print([...b.get_table("seen").entries()].sort(([a], [c]) => a - c).map(([, value]) => value).join(" "));
`,
    );
    const result = await runCli(["run", "-c", `${helper} arguments`, script]);
    expect(result).toMatchObject({
      status: 0,
      stderr: "",
      stdout: `-7 -3 400 200 end\n-7 ${"u".charCodeAt(0)} -3 400 ${"i".charCodeAt(0)} 200\n`,
    });
  });
});

describe("a bool in a register", () => {
  it("is its lowest byte, whatever the others hold", async () => {
    const flags = buildProgram("booleans.c", join(folder, "booleans"));
    const script = writeScript(
      folder,
      "booleans.ts",
      `import { BPF, Interrupt, print, sleep } from "bpfts";
const b = new BPF({ text: \`
BPF_HASH(seen, u32, u64);
static void put(u32 slot, u32 is_set) { u64 none = 0, *bits = seen.lookup_or_try_init(&slot, &none); if (bits) *bits = *bits << 1 | !!is_set; }
int on_call(struct pt_regs *ctx, bool flag) { put(0, flag); return 0; }
int BPF_UPROBE(on_typed_call, const _Bool flag) { put(1, flag); return 0; }
int BPF_URETPROBE(on_return, bool flag) { put(2, flag); return 0; }
int on_pointer(struct pt_regs *ctx, bool *flag) { put(3, flag != 0); return 0; }
\` });
const name = ${JSON.stringify(flags)};
for (const fn_name of ["on_call", "on_typed_call", "on_pointer"]) b.attach_uprobe({ name, sym: "take_flag", fn_name });
b.attach_uretprobe({ name, sym: "answer_flag", fn_name: "on_return" });
try { sleep(20); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
print([0, 1, 2, 3].map((slot) => b.tables.seen.get(slot)!.toString(2)).join(" "));
`,
    );
    expect(await runCli(["run", "-c", flags, script])).toMatchObject({
      status: 0,
      stderr: "",
      stdout: "1010 1010 1010 11110\n",
    });
  });
});

it("BPF_UPROBE takes as many arguments as registers hold", async () => {
  const six = buildProgram("six.c", join(folder, "six"));
  const script = writeScript(
    folder,
    "six.ts",
    `import { BPF, Interrupt, print, sleep } from "bpfts";
const b = new BPF({ text: \`
BPF_HASH(seen, u32, int);
int BPF_UPROBE(on_six, int a, int b, int c, int d, int e, int f) { u32 one = 1, two = 2; seen.update(&one, &e); seen.update(&two, &f); return 0; }
int BPF_KPROBE(on_six_too, int a, int b, int c, int d, int e, int f) { u32 three = 3; seen.update(&three, &f); return 0; }
\` });
const name = ${JSON.stringify(six)};
for (const fn_name of ["on_six", "on_six_too"]) b.attach_uprobe({ name, sym: "take_six", fn_name });
try { sleep(20); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
print([1, 2, 3].map((key) => b.tables.seen.get(key)).join(" "));
`,
  );
  expect(await runCli(["run", "-c", six, script])).toMatchObject({ status: 0, stderr: "", stdout: "5 -6 -6\n" });
});

describe("KFUNC_PROBE, KRETFUNC_PROBE and KMOD_RET", () => {
  it("see a function's arguments and result, and change it", async (context) => {
    needFeature(context, port, "fentry");
    const path = join(folder, "forbidden");
    const script = writeScript(
      folder,
      "kfunc.ts",
      `import { BPF, Interrupt, print, sleep } from "bpfts";
const b = new BPF({ text: \`
BPF_HASH(seen, u32, long);
static int is_mine(void) { char comm[16]; bpf_get_current_comm(comm, sizeof(comm)); return comm[0] == 'm' && comm[1] == 'k' && comm[2] == 'd'; }
static void put(u32 slot, long value) { seen.update(&slot, &value); }
KFUNC_PROBE(security_inode_mkdir, struct inode *dir, struct dentry *dentry, umode_t mode) {
  if (is_mine()) { put(0, dentry->d_name.len); put(1, mode & 0777); }
  return 0;
}
KRETFUNC_PROBE(security_inode_mkdir, struct inode *dir, struct dentry *dentry, umode_t mode, int ret) {
  if (is_mine()) put(2, ret);
  return 0;
}
KMOD_RET(security_inode_mkdir, struct inode *dir, struct dentry *dentry, umode_t mode, int ret) {
  return is_mine() && dentry->d_name.len == 9 ? -EACCES : ret;
}
\` });
b.attach_fmod_ret({ fn_name: "kmod_ret__security_inode_mkdir" });
try { sleep(20); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
print([...b.get_table("seen").entries()].sort(([a], [c]) => a - c).map(([, value]) => value).join(" "));
`,
    );
    const result = await runCli(["run", "--allow-override", "-c", `mkdir -m 700 ${path} || true`, script]);
    expect(result).toMatchObject({ status: 0, stdout: "9 448 -13\n" });
    expect(() => mkdirSync(path)).not.toThrow();
  });
});
