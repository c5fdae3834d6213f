import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { silentLog } from "../../../runtime/base/log.ts";
import { openCacheFolder } from "../../../runtime/compile/cache-folder.ts";
import { renderKernelNames } from "../../../runtime/compile/kernel-names.ts";
import { openAddon } from "../../../runtime/kernel/door/addon.ts";
import { buildUnit, parseText } from "../../../runtime/session/build/build-unit.ts";
import { openBuilder } from "../../../runtime/session/build/open-builder.ts";

const port = openAddon();
const vmlinux = "/sys/kernel/btf/vmlinux";

function readText(answer: string | number): string {
  if (typeof answer === "string") return answer;
  throw new Error(`errno ${-answer}`);
}

describe("the names of the kernel's types", () => {
  const listed = new Set(readText(port.btfListNames(vmlinux)).trimEnd().split("\n"));

  it("are those of its types as C, and in order", () => {
    const dumped = renderKernelNames(readText(port.btfDumpC(vmlinux, null)))
      .trimEnd()
      .split("\n");
    // libbpf gives the second type of a name another one; bit-fields of records without a name are nobody's.
    const missing = dumped.filter((line) => !/___\d/.test(line) && !line.startsWith("bits ") && !listed.has(line));
    expect(missing).toEqual([]);
    expect(dumped.length).toBeGreaterThan(10_000);
    expect([...listed]).toEqual([...listed].sort());
  });

  it("tell enumerators of 64 bits, negative ones, and bit-fields", () => {
    for (const line of ["value BPF_F_CURRENT_CPU 4294967295", "value TASK_COMM_LEN 16", "bits struct iphdr.version"])
      expect(listed).toContain(line);
    expect([...listed].some((line) => /^value \w+ -\d+$/.test(line))).toBe(true);
  });

  it("are refused where there is no BTF", () => {
    expect([port.btfListNames("/nowhere/nothing"), port.btfSelectC("/nowhere/nothing", "u32")]).toEqual([-2, -2]);
  });
});

describe("the types that names ask for", () => {
  const select = (names: string): string => readText(port.btfSelectC(vmlinux, names));

  it("go with what stands in them by value, and behind pointers where the member is named", () => {
    const text = select("file f_path dentry d_inode");
    for (const name of ["file", "path", "dentry", "inode", "list_head"])
      expect(text).toMatch(new RegExp(`^struct ${name} \\{$`, "m"));
    for (const name of ["super_block", "task_struct"])
      expect(text).not.toMatch(new RegExp(`^struct ${name} \\{$`, "m"));
    expect(select("file")).not.toMatch(/^struct dentry \{$/m);
  });

  it("are enums by their enumerators, and typedefs with what they lead to", () => {
    const text = select("TCP_CLOSE_WAIT pid_t");
    expect(text).toMatch(/^\tTCP_ESTABLISHED = 1,$/m);
    expect(text).toMatch(/^typedef __kernel_pid_t pid_t;$/m);
    expect(text).not.toMatch(/^struct \w+ \{$/m);
  });
});

describe("a text", () => {
  const folder = mkdtempSync(join(tmpdir(), "bpfts-types-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const openTools = (name: string): ReturnType<typeof openBuilder> => {
    const environment = { ...process.env, BPFTS_CACHE: join(folder, name) };
    return openBuilder({ port, cache: openCacheFolder(environment), environment, log: silentLog });
  };
  const open = (name: string): { build: (text: string) => Uint8Array; headers: () => number } => {
    const tools = openTools(name);
    return {
      build: (text) => buildUnit({ text, name: "<text>" }, [], tools).bytes,
      // The file with all types is there when a text needed them.
      headers: () =>
        readdirSync(join(folder, name, "kernel"), { recursive: true }).filter((file) => `${file}`.endsWith("vmlinux.h"))
          .length,
    };
  };
  const reads = `int kprobe__vfs_read(struct pt_regs *ctx, struct file *file) { return file->f_path.dentry->d_inode->i_mode; }`;

  it("is compiled with the types that it names alone, and its object describes no others", () => {
    const { build, headers } = open("named");
    expect(build(reads).length).toBeLessThan(100_000);
    expect(headers()).toBe(0);
  });

  it.each([
    ["bpfts_net.h", "struct net_packet p; return net_parse((void *)(long)skb->data, (void *)(long)skb->data_end, &p);"],
    ["bpfts_nat.h", "return 0;"],
    ["bpfts_notice.h", "return 0;"],
  ])("that includes our %s is compiled with the types that both name alone", (header, body) => {
    const { build, headers } = open("named");
    expect(build(`#include "${header}"\nint f(struct __sk_buff *skb) { ${body} }`).length).toBeGreaterThan(0);
    expect(headers()).toBe(0);
  });

  it("has no AST of our headers, which are compiled with the types", () => {
    const text = '#include "bpfts_net.h"\nint f(struct __sk_buff *skb) { return NET_IPV4; }';
    const declared = parseText({ text, name: "<text>" }, openTools("named")).inner?.map(({ name }) => name);
    expect(declared).toContain("f");
    expect(declared).not.toContain("net_parse");
  });

  it("with USDT probes is compiled with the types that it names alone", () => {
    const { build, headers } = open("named");
    const text = "int f(struct pt_regs *ctx) { u64 n = 0; bpf_usdt_readarg(1, ctx, &n); return n; }";
    expect(build(text).length).toBeGreaterThan(0);
    expect(headers()).toBe(0);
  });

  it("shares what is made of the types with texts that name the same ones", () => {
    const { build } = open("named");
    const list = (kind: string): string[] => readdirSync(join(folder, "named", kind));
    build(reads);
    const before = [list("types"), list("prelude")];
    // Words of comments and strings are no names.
    build(
      `/* struct task_struct */ // current\n${reads.replace("return", 'bpf_trace_printk("it\'s net_device"); return')}`,
    );
    expect(list("prelude")).toEqual(before[1]);
    build(`// it's a 'comment\n${reads}`);
    expect(list("types")).toHaveLength(before[0]!.length + 1);
  });

  it("gets all types where a name is put together by the preprocessor", () => {
    const { build, headers } = open("pasted");
    const text = "#define KERNEL(name) struct task_##name\nint f(void *ctx) { return sizeof(KERNEL(struct)) > 100; }\n";
    expect(build(text).length).toBeGreaterThan(0);
    expect(headers()).toBe(1);
  });

  it("that is wrong is told what clang knows of all types", () => {
    const { build } = open("pasted");
    expect(() => build("int f(void *ctx) { struct sock *sk = 0; return sk->sk_famly; }")).toThrow(
      "no member named 'sk_famly' in 'struct sock'",
    );
  });

  it("keeps the meaning of a name that the kernel has, too", () => {
    const { build } = open("named");
    const text =
      "enum state { TCP_CLOSE = 99 };\nBPF_ARRAY(seen, u64, TCP_CLOSE);\nint f(void *ctx) { return TCP_CLOSE; }\n";
    expect(build(text).length).toBeGreaterThan(0);
  });
});
