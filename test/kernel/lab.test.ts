import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { findCgroupRoot } from "../../runtime/kernel/machine/cgroups.ts";
import { findProcess } from "../../runtime/kernel/user/process-tree.ts";
import { makeJsonScript, onlyCommand, readJson } from "../support/json-script.ts";
import { needFeature } from "../support/need-feature.ts";
import { failCli, makeLab, renderPings, takeLabStock } from "../support/own-lab.ts";
import { cli, makeFolder, runCli, startCli } from "../support/run-cli.ts";

const folder = makeFolder();
const port = openAddon();
const twoNodes = {
  vxlan: true,
  nodes: {
    node1: { subnet: ["10.77.1.0/24", "fd77:1::/64"], pods: { pod1: {}, pod2: {} } },
    node2: { subnet: ["10.77.2.0/24", "fd77:2::/64"], pods: { pod3: {} } },
    client: {},
  },
};
const onePod = { nodes: { node1: { subnet: "10.78.1.0/24", pods: { pod1: {}, pod2: {} } } } };

/** Drops ICMP and counts it. */
const dropPings = `BPF_ARRAY(seen, u64, 1);
int drop(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct ethhdr *eth = data;
  struct iphdr *ip = data + sizeof *eth;
  if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(0x0800) || ip->protocol != 1) return XDP_PASS;
  seen.atomic_increment(0);
  return XDP_DROP;
}`;
const countSeen = `json([...b.get_table("seen", { u64: "number" }).values()][0]);`;

describe("bpfts lab", () => {
  it("joins pods of one node, of two nodes through a tunnel, and a host outside, and leaves nothing", async () => {
    const lab = makeLab(folder, "join", twoNodes);
    await lab.up();
    const ping = (from: string, address: string): string => lab.exec(from, ...renderPings(address, 3).split(" "));
    const countTunnel = (): readonly number[] => {
      const [{ stats64 }] = JSON.parse(lab.exec("node1", "ip", "-j", "-s", "link", "show", "vxlan0")) as [
        { stats64: { rx: { packets: number }; tx: { packets: number } } },
      ];
      return [stats64.tx.packets, stats64.rx.packets];
    };
    const before = countTunnel();
    expect(ping("pod1", "10.77.1.2")).toBe("3\n");
    expect(ping("pod1", "172.31.9.3")).toBe("3\n");
    expect(countTunnel()).toEqual(before);
    expect(ping("pod1", "10.77.2.1")).toBe("3\n");
    expect(countTunnel()).toEqual(before.map((count) => count + 3));
    expect(ping("pod2", "fd77:2::1")).toBe("3\n");
    expect(ping("client", "10.77.2.1")).toBe("3\n");
    // A command of ours is in the place's cgroup, too.
    const inside = await runCli(["lab", "exec", lab.path, "pod1", "--", "cat", "/proc/self/cgroup"]);
    expect(inside.stdout).toContain(`/bpfts.${lab.name}/pod1\n`);

    const devices = spawnSync("ip", ["-o", "link"], { encoding: "utf8" }).stdout;
    expect(devices).not.toMatch(/lxc-|vxlan0|br0/);
    const { stdout } = await runCli(["lab", "list", "--json"]);
    const listed = (JSON.parse(stdout) as { name: string; owner: null; places: { name: string; ip: string }[] }[]).find(
      ({ name }) => name === lab.name,
    )!;
    expect(listed.owner).toBeNull();
    expect(listed.places.map(({ name, ip }) => `${name} ${ip}`)).toEqual([
      "node1 172.31.9.1",
      "pod1 10.77.1.1",
      "pod2 10.77.1.2",
      "node2 172.31.9.2",
      "pod3 10.77.2.1",
      "client 172.31.9.3",
    ]);
    expect(await failCli(["lab", "up", lab.path])).toMatchObject({
      message: `The lab "${lab.name}" is up already`,
      hint: `bpfts lab down ${lab.name}`,
    });

    expect(await runCli(["lab", "down", lab.path])).toMatchObject({ status: 0, stderr: "" });
    expect(takeLabStock(lab.name)).toEqual([]);
    expect(await failCli(["lab", "exec", lab.path, "pod1", "--", "true"])).toMatchObject({
      code: "BPFTS_USAGE",
      message: `There is no lab "${lab.name}"`,
      hint: `bpfts lab up ${lab.path} makes it`,
    });
  });

  it("leaves it to programs to which node a packet goes when the tunnel is external", async () => {
    const lab = makeLab(folder, "external", { ...twoNodes, vxlan: { external: true } });
    await lab.up();
    expect(lab.exec("pod1", ...renderPings("10.77.1.2", 1).split(" "))).toBe("1\n");
    expect(lab.exec("node1", "ip", "-d", "link", "show", "vxlan0")).toContain("external");
    expect(lab.exec("node1", "ip", "route")).toContain("10.77.2.1 via 172.31.9.2 dev vxlan0 onlink");
    expect(lab.exec("node1", "bridge", "fdb", "show", "dev", "vxlan0")).toBe("");
    expect(lab.exec("pod1", ...renderPings("10.77.2.1", 1).split(" "))).toBe("0\n");
  });

  it("answers a command's status, and ends what it left running", async () => {
    const lab = makeLab(folder, "ends", onePod);
    await lab.up();
    expect(await runCli(["lab", "exec", lab.name, "pod1", "--", "sh", "-c", "exit 7"])).toMatchObject({ status: 7 });
    expect(await runCli(["lab", "exec", lab.name, "pod1", "--", "no-such-command"])).toMatchObject({ status: 127 });
    const leave = ["sh", "-c", "setsid sleep 600 >/dev/null 2>&1 & echo $!"];
    const pid = Number((await runCli(["lab", "exec", lab.name, "pod1", "--", ...leave])).stdout);
    expect(readFileSync(`/proc/${pid}/cgroup`, "utf8")).toContain(`bpfts.${lab.name}/pod1`);
    expect(await failCli(["lab", "exec", lab.name, "--json-errors", "pod7", "--", "true"])).toMatchObject({
      message: `The lab "${lab.name}" has no place "pod7"`,
      hint: 'did you mean "pod1"?',
    });
    await runCli(["lab", "down", lab.name]);
    expect(findProcess(pid)).toBeUndefined();
    expect(takeLabStock(lab.name)).toEqual([]);
  });

  it("sweeps what a killed one has left", async () => {
    const many = Object.fromEntries(
      Array.from({ length: 12 }, (_, at) => [`n${at}`, { subnet: `10.79.${at}.0/24`, pods: { [`p${at}`]: {} } }]),
    );
    const lab = makeLab(folder, "killed", { nodes: many });
    const running = startCli(["lab", "up", lab.path]);
    while (!takeLabStock(lab.name).some((name) => name.endsWith(".p3")))
      await new Promise((resolve) => setTimeout(resolve, 2));
    running.child.kill("SIGKILL");
    await running.ended;
    expect(takeLabStock(lab.name)).not.toEqual([]);
    const { stderr } = await runCli(["lab", "list"]);
    expect(stderr).toContain(
      `warning: Took down the lab "${lab.name}": the process ${running.child.pid} that it belonged to was killed\n`,
    );
    expect(takeLabStock(lab.name)).toEqual([]);
  });

  it("sweeps nothing of another's that has a name of a killed one's", async () => {
    const lab = makeLab(folder, "mistaken", {
      nodes: Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`n${at}`, { subnet: `10.79.${at}.0/24` }])),
    });
    const running = startCli(["lab", "up", lab.path]);
    while (!takeLabStock(lab.name).some((name) => name.endsWith(".n3")))
      await new Promise((resolve) => setTimeout(resolve, 2));
    running.child.kill("SIGKILL");
    await running.ended;
    const namespace = `bpfts.${lab.name}.n11`;
    const taken = join(findCgroupRoot()!, `bpfts.${lab.name}`);
    expect([existsSync(`/run/netns/${namespace}`), existsSync(taken)]).toEqual([false, false]);
    spawnSync("ip", ["netns", "add", namespace]);
    const sleeper = spawn("sleep", ["600"]);
    mkdirSync(taken);
    try {
      writeFileSync(join(taken, "cgroup.procs"), String(sleeper.pid));
      expect((await runCli(["lab", "list"])).stderr).toContain(`Took down the lab "${lab.name}"`);
      expect(takeLabStock(lab.name)).toEqual([namespace, `bpfts.${lab.name}`]);
      expect(sleeper.exitCode ?? sleeper.signalCode).toBeNull();
    } finally {
      const ended = once(sleeper, "exit");
      sleeper.kill("SIGKILL");
      await ended;
      rmdirSync(taken);
      spawnSync("ip", ["netns", "delete", namespace]);
    }
  });

  it.each(["SIGINT", "SIGTERM"] as const)("takes back what it made when %s comes", async (signal) => {
    const many = Object.fromEntries(
      Array.from({ length: 12 }, (_, at) => [`n${at}`, { subnet: `10.79.${at}.0/24`, pods: { [`p${at}`]: {} } }]),
    );
    const lab = makeLab(folder, `stopped-${signal.toLowerCase()}`, { nodes: many });
    const running = startCli(["lab", "up", lab.path]);
    while (!takeLabStock(lab.name).some((name) => name.endsWith(".p3")))
      await new Promise((resolve) => setTimeout(resolve, 2));
    running.child.kill(signal);
    expect(await running.ended).toMatchObject({ status: 130 });
    expect(takeLabStock(lab.name)).toEqual([]);
  });

  it("takes nothing of another's that has a name of the lab's", async () => {
    const lab = makeLab(folder, "taken", onePod);
    const other = `bpfts.${lab.name}.pod2`;
    spawnSync("ip", ["netns", "add", other]);
    try {
      expect(await failCli(["lab", "up", lab.path])).toMatchObject({ message: expect.stringContaining("File exists") });
      expect(takeLabStock(lab.name)).toEqual([other]);
    } finally {
      spawnSync("ip", ["netns", "delete", other]);
    }
  });

  it("ends no process of another's cgroup that has the name of the lab's", async () => {
    const lab = makeLab(folder, "taken-cgroup", onePod);
    const taken = join(findCgroupRoot()!, `bpfts.${lab.name}`);
    const sleeper = spawn("sleep", ["600"]);
    mkdirSync(taken);
    try {
      writeFileSync(join(taken, "cgroup.procs"), String(sleeper.pid));
      expect(await failCli(["lab", "up", lab.path])).toMatchObject({
        code: "BPFTS_RESOURCE",
        hint: "a lab of this name is up in another container; take another name",
      });
      expect(takeLabStock(lab.name)).toEqual([`bpfts.${lab.name}`]);
      expect(sleeper.exitCode ?? sleeper.signalCode).toBeNull();
    } finally {
      const ended = once(sleeper, "exit");
      sleeper.kill("SIGKILL");
      await ended;
      rmdirSync(taken);
    }
  });

  it("says which right is missing", async () => {
    const lab = makeLab(folder, "refused", onePod);
    const up = [process.execPath, cli, "lab", "up", "--json-errors", lab.path];
    const run = (
      command: string,
      args: readonly string[],
    ): { readonly status: number | null; readonly error: unknown } => {
      const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
      return { status, error: (JSON.parse(stderr) as { error: unknown }).error };
    };
    expect(run("setpriv", ["--bounding-set=-net_admin", ...up])).toMatchObject({
      status: 3,
      error: { code: "BPFTS_PRIVILEGE", message: "Cannot make a lab without CAP_NET_ADMIN" },
    });
    expect(takeLabStock(lab.name)).toEqual([]);
  });
});

describe("bpfts run --lab", () => {
  it("lets a script attach in its lab without a flag, and nowhere else", async (context) => {
    needFeature(context, port, "xdp_link");
    const lab = makeLab(folder, "run", onePod);
    const script = makeJsonScript(
      folder,
      "drop",
      dropPings,
      `const { netns, dev, host_dev, ip, cgroup } = bpfts.lab_place("pod1");
json([netns, dev, host_dev, ip, bpfts.lab_places().map((place) => place.name), cgroup.endsWith("/pod1")]);
b.attach_xdp({ netns, dev: dev!, fn_name: "drop" });
const why = (run: () => unknown) => { try { run(); return "none"; } catch (error) { const { message, hint } = error as any; return [message, hint]; } };
json(why(() => b.attach_xdp({ dev: "lo", fn_name: "drop" })));
json(why(() => b.attach_xdp({ netns: "pod11", dev: "eth0", fn_name: "drop" })));
json(why(() => b.attach_xdp({ netns, dev: "eth1", fn_name: "drop" })));
json(why(() => bpfts.lab_place("pod7")));
wait(); ${countSeen}`,
    );
    const inLab = [
      "run",
      "--lab",
      lab.path,
      "--in",
      "pod2",
      "-c",
      `${renderPings("10.78.1.1", 2)}; ${renderPings("172.31.9.9", 0)}`,
    ];
    const result = await runCli([...inLab, script]);
    expect(result.stderr).toBe("");
    expect(readJson({ ...result, stdout: result.stdout.replace(/^0\n/gm, "") })).toEqual([
      ["pod1", "eth0", "lxc-pod1", "10.78.1.1", ["node1", "pod1", "pod2"], true],
      [
        'Cannot attach "drop" to xdp lo: "lo" is guarded, since it is the loopback device',
        expect.stringContaining("--allow-dev lo"),
      ],
      ['There is no network namespace "pod11"', 'did you mean "pod1"?'],
      [
        'Cannot attach "drop" to xdp eth1: there is no network device "eth1" in the network namespace "pod1"',
        'did you mean "eth0"?',
      ],
      ['The lab has no place "pod7"', "there are: node1, pod1, pod2"],
      2,
    ]);
    expect(takeLabStock(lab.name)).toEqual([]);
  });

  it("runs the command of -c in a place without another program before it", async (context) => {
    needFeature(context, port, "xdp_link");
    const lab = makeLab(folder, "command", onePod);
    await lab.up();
    const script = makeJsonScript(
      folder,
      "opens",
      `BPF_HASH(opens, u32, u64);
TRACEPOINT_PROBE(syscalls, sys_enter_openat) { ${onlyCommand} opens.increment(0); return 0; }
TRACEPOINT_PROBE(sched, sched_process_exec) { ${onlyCommand} opens.increment(1); return 0; }`,
      `wait(); json([b.tables.opens.get(0), b.tables.opens.get(1)]);`,
    );
    const [inside, outside] = await Promise.all(
      [["--lab", lab.name, "--in", "pod1"], []].map((place) =>
        runCli(["run", ...place, "-c", "cat /dev/null", script]),
      ),
    );
    expect(readJson(inside!)).toEqual(readJson(outside!));
    expect(readJson(inside!)).toEqual([[expect.any(String), "1n"]]);
    const quoted = makeJsonScript(folder, "quoted", "", "bpfts.command!.pid; wait();");
    const shell = await runCli(["run", "--lab", lab.name, "--in", "pod1", "-c", "true; ip link show", quoted]);
    expect(shell.stdout).toContain("eth0");
    expect(shell.stderr).toContain('which is a shell here: "true; ip link show"');
  });

  it("joins the lab that is up, and leaves it up", async (context) => {
    needFeature(context, port, "xdp_link");
    const lab = makeLab(folder, "joined", onePod);
    await lab.up();
    const script = makeJsonScript(
      folder,
      "join",
      dropPings,
      `b.attach_xdp({ netns: "node1", dev: "lxc-pod2", fn_name: "drop" }); print("ready"); wait(); ${countSeen}`,
    );
    const running = startCli(["run", "--lab", lab.name, script]);
    await running.waitFor("ready");
    expect(lab.exec("pod2", ...renderPings("10.78.1.1", 2).split(" "))).toBe("0\n");
    running.child.kill("SIGINT");
    expect(readJson({ ...(await running.ended), stdout: (await running.ended).stdout.replace("ready\n", "") })).toEqual(
      [2],
    );
    expect(lab.exec("pod2", ...renderPings("10.78.1.1", 2).split(" "))).toBe("2\n");

    writeFileSync(lab.path, JSON.stringify({ name: lab.name, nodes: { node1: {} } }));
    expect(await failCli(["run", "--lab", lab.path, script])).toMatchObject({
      message: `The lab "${lab.name}" is up and was made from another text of its file`,
      hint: `bpfts lab down ${lab.name}`,
    });
  });

  it.each(["SIGINT", "SIGTERM", "throw", "SIGKILL"])("takes its own lab down at %s", async (end) => {
    const lab = makeLab(folder, `end-${end.toLowerCase()}`, onePod);
    const script = join(folder, `end-${end}.ts`);
    const last = end === "throw" ? `throw new Error("no more")` : "sleep(300)";
    writeFileSync(
      script,
      `import { lab_places, print, sleep } from "bpfts";\nprint("ready", lab_places().length);\n${last};\n`,
    );
    const running = startCli(["run", "--lab", lab.path, script]);
    await running.waitFor("ready 3");
    if (end !== "throw") running.child.kill(end as NodeJS.Signals);
    expect((await running.ended).status).toBe(end === "throw" ? 1 : end === "SIGKILL" ? null : 0);
    if (end === "SIGKILL") {
      expect(takeLabStock(lab.name)).not.toEqual([]);
      expect((await runCli(["lab", "list"])).stderr).toContain(`Took down the lab "${lab.name}.${running.child.pid}"`);
    }
    expect(takeLabStock(lab.name)).toEqual([]);
  });

  it("says that no lab of a name is up", async () => {
    expect(await failCli(["run", "--lab", "no-such-lab", "x.ts"])).toMatchObject({
      code: "BPFTS_USAGE",
      message: 'There is no lab "no-such-lab"',
      hint: "bpfts lab list shows those that are up; bpfts lab up FILE.json makes one",
    });
  });

  it("says what --in needs", async () => {
    expect(await failCli(["run", "--in", "pod1", "x.ts"])).toMatchObject({
      code: "BPFTS_USAGE",
      message: "--in needs --lab and -c",
    });
    const lab = makeLab(folder, "where", onePod);
    expect(await failCli(["run", "--lab", lab.path, "--in", "pod3", "-c", "true", "x.ts"])).toMatchObject({
      message: expect.stringMatching(/^The lab "where-\d+\.\d+" has no place "pod3"$/),
    });
    expect(takeLabStock(lab.name)).toEqual([]);
  });
});
