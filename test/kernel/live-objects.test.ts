import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HolderRow } from "../../runtime/inspect/objects/describe-holders.ts";
import type { LinkRow } from "../../runtime/inspect/link/describe-links.ts";
import type { MapRow } from "../../runtime/inspect/map/describe-maps.ts";
import type { ProgramRow } from "../../runtime/inspect/prog/describe-programs.ts";
import { haveFeature } from "../../runtime/kernel/machine/features.ts";
import { loadBpf, port } from "../support/live-object.ts";
import { makeCgroup } from "../support/own-cgroup.ts";
import { cli, makeFolder, parseCliError, root, runCli, startCli, writeScript } from "../support/run-cli.ts";

const text = `
struct key { u32 pid; char comm[16]; };
struct { __uint(type, 1); __uint(max_entries, 8); __type(key, struct key); __type(value, u64); } lo_counts SEC(".maps");
struct { __uint(type, 6); __uint(max_entries, 4); __uint(key_size, 4); __uint(value_size, 8); } lo_untyped SEC(".maps");
struct { __uint(type, 3); __uint(max_entries, 2); __uint(key_size, 4); __uint(value_size, 4); } lo_calls SEC(".maps");
SEC("tp/syscalls/sys_enter_mkdir") int lo_on_mkdir_with_a_long_name(void *ctx) {
  struct key key = {};
  u64 one = 1;
  u32 zero = 0;
  key.pid = 1;
  if (is_target() && bpf_map_lookup_elem(&lo_untyped, &zero)) bpf_map_update_elem(&lo_counts, &key, &one, 0);
  if (is_target()) bpf_tail_call(ctx, &lo_calls, 0);
  return 0;
}
SEC("raw_tp") int lo_raw(void *ctx) { return is_target(); }
SEC("tp_btf/sys_exit") int lo_typed(void *ctx) { return is_target() ? 0 : 0; }
SEC("perf_event") int lo_sample(void *ctx) { return is_target() ? 0 : 0; }
SEC("cgroup_skb/egress") int lo_egress(void *ctx) { return 1; }
`;

const folder = makeFolder();
const cgroup = makeCgroup("inspect");
let object = 0;
let mapIds: readonly number[] = [];

beforeAll(() => {
  object = loadBpf(text);
  const handle = (name: string): number => port.programHandle(object, name);
  const links = [
    port.attachTracepoint(handle("lo_on_mkdir_with_a_long_name"), "syscalls", "sys_enter_mkdir", 0n),
    port.attachRawTracepoint(handle("lo_raw"), "sched_process_exit"),
    port.attachAuto(handle("lo_typed")),
  ];
  for (const link of links) expect(link).toBeGreaterThan(0);
  mapIds = ["lo_counts", "lo_untyped", "lo_calls"].map(
    (name) => (port.mapInfo(port.mapHandle(object, name)) as { id: number }).id,
  );
});
afterAll(() => void port.objectClose(object));

async function readJson<T>(...args: readonly string[]): Promise<T> {
  const result = await runCli([...args, "--json"], { cwd: folder });
  expect(result).toMatchObject({ status: 0, stderr: "" });
  return JSON.parse(result.stdout) as T;
}

function askBpftool<T>(...args: readonly string[]): T {
  return JSON.parse(execFileSync("bpftool", ["-j", ...args], { encoding: "utf8" })) as T;
}

describe("bpfts prog, map and link", () => {
  it("says of programs what bpftool says", async () => {
    const rows = (await readJson<ProgramRow[]>("prog")).filter(({ name }) => name.startsWith("lo_"));
    expect(rows.map(({ type, name }) => `${type} ${name}`)).toEqual([
      "tracepoint lo_on_mkdir_with_a_long_name",
      "raw_tracepoint lo_raw",
      "tracing lo_typed",
      "perf_event lo_sample",
      "cgroup_skb lo_egress",
    ]);
    for (const row of rows) {
      const other = askBpftool<ProgramRow>("prog", "show", "id", String(row.id));
      // Runs go on while somebody counts them; who holds a program is told of below.
      const { loaded_at: _time, map_ids = [], pids: _pids, run_cnt: _runs, run_time_ns: _ns, ...facts } = other;
      expect(row).toMatchObject({ ...facts, map_ids });
      expect(Math.abs(row.loaded_at - other.loaded_at)).toBeLessThanOrEqual(1);
    }
  });

  it("says of maps what bpftool says, with the types of keys and values", async () => {
    const all = await readJson<MapRow[]>("map");
    const rows = mapIds.map((id) => all.find((row) => row.id === id)!);
    expect(rows).toMatchObject([
      { type: "hash", name: "lo_counts", key_type: "struct key", value_type: "u64" },
      { type: "percpu_array", name: "lo_untyped" },
      { type: "prog_array", name: "lo_calls", owner_prog_type: "tracepoint", owner_jited: true },
    ]);
    expect(rows[1]!.key_type).toBeUndefined();
    for (const row of rows) {
      const other = askBpftool<MapRow>("map", "show", "id", String(row.id));
      const { frozen: _frozen, pids: _pids, ...facts } = other;
      expect(row).toMatchObject(facts);
      expect(row.frozen ? 1 : 0).toBe(Number(other.frozen));
    }
    const [mkdir] = await readJson<ProgramRow[]>("prog", "lo_on_mkdir_with_a_long_name");
    expect(rows.map(({ program_ids }) => program_ids)).toEqual(rows.map(() => [mkdir!.id]));
  });

  it("says where programs are attached, and who holds them", async () => {
    const programs = (await readJson<ProgramRow[]>("prog")).filter(({ name }) => name.startsWith("lo_"));
    const links = await readJson<LinkRow[]>("link");
    const tells = haveFeature(port, "uprobe_multi") !== false;
    const attached = programs.map((program) => program.attached.map(({ to }) => to));
    const tracepoint = tells ? "tracepoint sys_enter_mkdir" : "perf event (this kernel does not tell which)";
    // Before Linux 5.15 a tracepoint has no link of its own.
    expect(attached[0]).toEqual(haveFeature(port, "bpf_cookie") === false ? [] : [tracepoint]);
    expect(attached.slice(1)).toEqual([["raw_tracepoint sched_process_exit"], ["tp_btf sys_exit"], [], []]);
    for (const { id, name, pids, attached: places } of programs) {
      expect(pids.map(({ pid }) => pid)).toEqual([process.pid]);
      for (const { link_id, to } of places)
        expect(links.find((link) => link.id === link_id)).toMatchObject({ prog_id: id, prog_name: name, attached: to });
    }
    const others = askBpftool<LinkRow[]>("link", "show");
    const own = links.filter(({ prog_name }) => prog_name.startsWith("lo_"));
    expect(own.length).toBeGreaterThan(1);
    for (const link of own) {
      const { pids: _pids, ...facts } = others.find((other) => other.id === link.id)!;
      expect(link).toMatchObject(facts);
    }
  });

  it("names the cgroup and the container of who holds a map", async () => {
    const id = "0123456789abcdef".repeat(4);
    const container = cgroup.makeChild(`docker-${id}.scope`);
    const script = writeScript(
      folder,
      "held.ts",
      `import { BPF, sleep } from "bpfts"; new BPF({ text: "BPF_HASH(lo_held, u32, u32);" }); console.log("ready"); sleep(60);`,
    );
    const running = startCli(["run", script]);
    await running.waitFor("ready");
    try {
      container.add(running.child.pid!);
      const [map] = await readJson<{ pids: HolderRow[] }[]>("map", "lo_held");
      expect(map!.pids).toEqual([
        {
          pid: running.child.pid,
          comm: "node",
          cgroup: expect.stringMatching(new RegExp(`/docker-${id}\\.scope$`)) as string,
          container: "docker:0123456789ab",
        },
      ]);
      const table = (await runCli(["map"])).stdout.split("\n").find((line) => line.includes("lo_held"));
      expect(table).toMatch(
        new RegExp(`hash +lo_held +u32 +u32 +10240 +- +node\\(${running.child.pid}\\)@docker:0123456789ab$`),
      );
    } finally {
      running.child.kill("SIGINT");
      await running.ended;
    }
  });

  it("finds what is pinned, also by its path, and what bpftool loaded", () => {
    const bpffs = join(folder, "bpf");
    mkdirSync(bpffs);
    const bpfts = `'${process.execPath}' '${cli}'`;
    const line = [
      `mount -t bpf bpf ${bpffs}`,
      `bpftool map create ${bpffs}/lo_pin type hash key 4 value 12 entries 5 name lo_pin`,
      `${bpfts} map ${bpffs}/lo_pin --json`,
      `${bpfts} map lo_pin`,
      `! ${bpfts} prog ${bpffs}/lo_pin`,
      `! ${bpfts} map ${bpffs}/lo_other`,
    ].join(" && ");
    const { stdout, stderr } = spawnSync("unshare", ["-m", "bash", "-c", line], { encoding: "utf8", cwd: root });
    const end = stdout.indexOf("\n]\n") + 3;
    expect(JSON.parse(stdout.slice(0, end))).toMatchObject([
      {
        type: "hash",
        name: "lo_pin",
        bytes_key: 4,
        bytes_value: 12,
        max_entries: 5,
        pids: [],
        pinned: [`${bpffs}/lo_pin`],
      },
    ]);
    expect(stdout.slice(end)).toContain("types        none: keys and values are bytes\n");
    expect(stderr).toBe(
      `error: "${bpffs}/lo_pin" is a BPF map, not a program\nhint: bpfts map ${bpffs}/lo_pin\n` +
        `error: No BPF object is pinned at "${bpffs}/lo_other"\nhint: bpfts map shows where objects are pinned\n`,
    );
  });

  it("says what is wrong with a word, and what to do without rights", async () => {
    const fail = async (...args: readonly string[]): Promise<object> =>
      parseCliError(await runCli([...args, "--json-errors"], { cwd: folder }));
    expect(await fail("prog", "4294967290")).toMatchObject({
      message: "There is no BPF program with the id 4294967290",
      exitCode: 1,
    });
    expect(await fail("map", "lo_cuonts")).toMatchObject({
      message: 'There is no BPF map called "lo_cuonts"',
      hint: 'did you mean "lo_counts"?',
    });
    // As bpftool has it.
    expect(await fail("prog", "show")).toMatchObject({
      hint: "bpfts prog without that word lists them, and bpfts prog 42 tells all of the one with that id",
    });
    expect(await fail("prog", "show", "id", "42")).toMatchObject({
      message: "Too many arguments for 'prog'. Expected 1 argument but got 3.",
      hint: "did you mean bpfts prog 42?",
    });
    // Another mistake on such a line keeps its own advice.
    expect(await fail("prog", "show", "--jsn")).toMatchObject({ hint: expect.stringContaining("--json") });
    expect(await fail("link", "--jsn")).toMatchObject({ code: "BPFTS_USAGE" });
    const result = spawnSync(
      "setpriv",
      ["--bounding-set", "-all", "--inh-caps", "-all", process.execPath, cli, "prog"],
      {
        encoding: "utf8",
      },
    );
    expect(result.stderr).toContain("error: Cannot list the BPF programs: EPERM");
    expect(result.stderr).toContain("hint: run bpfts as root");
    expect(result.status).toBe(3);
  });
});
