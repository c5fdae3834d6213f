import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { mountBpffs } from "../support/own-bpffs.ts";
import { makeVeth } from "../support/own-veth.ts";
import { takePatience } from "../support/patience.ts";
import { cli, makeFolder, parseCliError, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();

/** Drops datagrams to a port, and counts them. The script asks its arguments for the port. */
const filter = `
import { BPF, argv } from "bpfts";
const port = Number(argv[0] ?? 4242);
const b = new BPF({ text: \`
BPF_ARRAY(dropped, u64, 1);
static int judge(void *data, void *end, int pass, int drop) {
    struct ethhdr *eth = data;
    struct iphdr *ip = (void *)(eth + 1);
    struct udphdr *udp = (void *)(ip + 1);
    if ((void *)(udp + 1) > end || ip->protocol != IPPROTO_UDP || udp->dest != bpf_htons(\${port})) return pass;
    dropped.increment(0);
    return drop;
}
int at_driver(struct xdp_md *ctx) { return judge((void *)(long)ctx->data, (void *)(long)ctx->data_end, XDP_PASS, XDP_DROP); }
int at_queue(struct __sk_buff *skb) { return judge((void *)(long)skb->data, (void *)(long)skb->data_end, TC_ACT_OK, TC_ACT_SHOT); }
\` });
b.close();
`;

async function emit(script: string, output: string, args: readonly string[] = []) {
  return runCli(["check", "--emit", "object", "-o", output, script, ...(args.length > 0 ? ["--", ...args] : [])]);
}

describe("check --emit object", { timeout: takePatience(60_000) }, () => {
  it("writes a file that bpftool loads, with its tables and their types", async () => {
    const object = join(folder, "filter.o");
    expect(await emit(writeScript(folder, "filter.ts", filter), object)).toMatchObject({
      status: 0,
      stdout: "",
      stderr: "",
    });
    const bpffs = await mountBpffs();
    const run = (line: string) => {
      const [command, ...words] = [...bpffs.enter, "sh", "-c", line];
      const result = spawnSync(command!, words, { encoding: "utf8" });
      expect(result, line).toMatchObject({ status: 0 });
      return result.stdout;
    };
    run(`bpftool prog loadall ${object} /sys/fs/bpf/programs pinmaps /sys/fs/bpf/maps`);
    const types = ["at_driver", "at_queue"].map((name) => {
      const shown = JSON.parse(run(`bpftool -j prog show pinned /sys/fs/bpf/programs/${name}`)) as {
        name: string;
        type: string;
      };
      return [shown.name, shown.type];
    });
    expect(types).toEqual([
      ["at_driver", "xdp"],
      ["at_queue", "sched_cls"],
    ]);
    expect(JSON.parse(run("bpftool -j map dump pinned /sys/fs/bpf/maps/dropped"))).toMatchObject([
      { formatted: { key: 0, value: 0 } },
    ]);
  });

  it("writes a file that ip and tc attach: it drops what the script would, by the numbers that the script put into the text", async () => {
    const script = writeScript(folder, "numbers.ts", filter);
    const [mine, other] = [join(folder, "mine.o"), join(folder, "other.o")];
    expect(await emit(script, mine, ["4242"])).toMatchObject({ status: 0 });
    expect(await emit(script, other, ["4243"])).toMatchObject({ status: 0 });
    const veth = await makeVeth();
    expect(veth.sendDatagrams(5)).toBe(5);
    veth.run("b", `ip link set dev b0 xdp obj ${mine} sec xdp`);
    expect(veth.sendDatagrams(5)).toBe(0);
    veth.run("b", "ip link set dev b0 xdp off");
    veth.run("b", `ip link set dev b0 xdp obj ${other} sec xdp`);
    expect(veth.sendDatagrams(5)).toBe(5);
    veth.run("b", "tc qdisc add dev b0 clsact");
    veth.run("b", `tc filter add dev b0 ingress bpf da obj ${mine} sec tc`);
    expect(veth.sendDatagrams(5)).toBe(0);
  });

  it("writes nothing of a script that the verifier refuses, and with --no-load what it would have read", async () => {
    const script = writeScript(
      folder,
      "refused.ts",
      'import { BPF } from "bpfts";\nnew BPF({ text: `SEC("xdp") int bad(struct xdp_md *ctx) { return *(char *)(long)ctx->data; }` });\n',
    );
    const object = join(folder, "refused.o");
    expect(await emit(script, object)).toMatchObject({ status: 1 });
    expect(existsSync(object)).toBe(false);
    expect(await runCli(["check", "--no-load", "--emit", "object", "-o", object, script])).toMatchObject({ status: 0 });
    const disassembly = spawnSync("bpftool", ["prog", "load", object, "/sys/fs/bpf/never"], { encoding: "utf8" });
    expect(disassembly.status).not.toBe(0);
    expect(disassembly.stderr).toContain("invalid access to packet");
  });

  it("writes several objects into a folder, each once, and says of tables whose they are", async () => {
    const make = (name: string, body: string) =>
      `new BPF({ text: \`${body} SEC("xdp") int ${name}(struct xdp_md *ctx) { return XDP_PASS; }\` });\n`;
    const script = writeScript(
      folder,
      "several.ts",
      `import { BPF } from "bpfts";\n${make("one", 'BPF_TABLE_PINNED("hash", u32, u32, kept, 8, "/sys/fs/bpf/kept");')}${make("two", "")}${make("two", "")}`,
    );
    const refused = await emit(script, join(folder, "several.o"));
    expect(refused.stderr).toBe(
      `error: Cannot write 2 objects into one file, "${folder}/several.o"\nhint: name a folder for them: -o ${folder}/several.o/\n`,
    );
    expect(refused.status).toBe(2);
    const output = join(folder, "objects/");
    const result = await emit(script, output);
    expect(result).toMatchObject({ status: 0 });
    expect(readdirSync(output).toSorted()).toEqual(["several.1.o", "several.2.o"]);
    expect(result.stderr).toBe(
      `warning: ${folder}/objects/several.1.o: bpfts pins the table "kept" at "/sys/fs/bpf/kept": so does bpftool's map name kept pinned /sys/fs/bpf/kept\n`,
    );
  });

  it("writes a .c file's object, which readelf reads", async () => {
    const source = writeScript(folder, "plain.c", "int on_packet(struct xdp_md *ctx) { return XDP_PASS; }\n");
    expect(await emit(source, join(folder, "plain.o"))).toMatchObject({ status: 0, stdout: "", stderr: "" });
    const { stdout } = spawnSync("readelf", ["-hSW", join(folder, "plain.o")], { encoding: "utf8" });
    expect(stdout).toContain("Linux BPF");
    const piped = spawnSync(process.execPath, [cli, "check", "--emit", "object", source]);
    expect(piped.stdout.equals(readFileSync(join(folder, "plain.o")))).toBe(true);
    for (const section of [" xdp ", " .BTF ", " .BTF.ext ", " license "]) expect(stdout).toContain(section);
  });

  it.each([
    {
      args: ["--emit", "object", "FOLDER/wrong.ts", "-o", "FOLDER/x.o"],
      says: "Cannot write the object of 2 files into one",
    },
    { args: ["-o", "FOLDER/x.o"], says: "-o goes with --emit" },
    { args: ["--emit", "objects", "-o", "FOLDER/x.o"], says: 'Cannot emit "objects"' },
    { args: ["--emit", "object", "-o", "FOLDER/wrong.ts"], says: "-o would write over wrong.ts" },
    { args: ["--emit", "object", "-o", "FOLDER/none/x.o"], says: "ENOENT" },
    { args: ["--emit", "object", "--stdin", "--stdin-filename", "x.ts"], says: "--stdin and --serve take no files" },
    { args: ["--emit", "object", "-k", "6.1", "-o", "FOLDER/x.o"], says: "--emit and --kernel" },
  ])("refuses $args", async ({ args, says }) => {
    const script = writeScript(folder, "wrong.ts", filter);
    const words = args.map((word) => word.replace("FOLDER", folder));
    const result = await runCli(["check", "--json-errors", ...words, script]);
    expect(parseCliError(result).message).toContain(says);
    expect(parseCliError(result).hint).toBeDefined();
    expect(readFileSync(script, "utf8")).toBe(filter);
  });

  it("writes no two files into one, and nothing over what it reads", async () => {
    for (const name of ["one", "two"]) mkdirSync(join(folder, name), { recursive: true });
    const text = "int on_packet(struct xdp_md *ctx) { return XDP_PASS; }\n";
    const [first, second] = ["one", "two"].map((name) => writeScript(join(folder, name), "same.c", text));
    const output = join(folder, "twins/");
    const twins = await runCli(["check", "--json-errors", "--emit", "object", "-o", output, first!, second!]);
    expect(twins.status).toBe(2);
    expect(parseCliError(twins).message).toContain(`"${first}" and "${second}" would be written to one file`);
    expect(readdirSync(output)).toEqual(["same.o"]);
    const over = await runCli(["check", "--json-errors", "--emit", "c", "-o", join(folder, "one"), first!]);
    expect(parseCliError(over).message).toContain("-o would write over same.c");
    expect(readFileSync(first!, "utf8")).toBe(text);
    const stdin = await runCli(["check", "--json-errors", "--stdin", "--emit", "object"]);
    expect(parseCliError(stdin).message).toBe("--emit and -o go with files, not with --stdin or --serve");
  });

  it("refuses an object that only bpfts can fill, and a script without a program", async () => {
    const usdt = writeScript(
      folder,
      "usdt.ts",
      'import { BPF } from "bpfts";\nnew BPF({ text: `int on(struct pt_regs *ctx) { u64 v = 0; bpf_usdt_readarg(1, ctx, &v); return v > 0; }` });\n',
    );
    expect((await emit(usdt, join(folder, "usdt.o"))).stderr).toContain("only bpfts fills the tables");
    const none = writeScript(folder, "none.ts", 'console.log("nothing");\n');
    expect((await emit(none, join(folder, "none.o"))).stderr).toContain("made no program before it first waited");
  });
});
