import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { openContainerNames } from "../../../../runtime/kernel/machine/container-names.ts";

const root = mkdtempSync(join(tmpdir(), "bpfts-names-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const cgroupRoot = "/sys/fs/cgroup";
const hex = (digit: string): string => digit.repeat(64);
const web = `/system.slice/docker-${hex("a")}.scope`;
const nginx = `/kubepods.slice/cri-containerd-${hex("d")}.scope`;
const cri = `/kubepods.slice/cri-containerd-${hex("e")}.scope`;

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
write(`var/lib/docker/containers/${hex("a")}/config.v2.json`, '{ "Name": "/web" }');
write(`var/log/containers/api-7f_shop_nginx-${hex("d")}.log`, "");
write(
  `run/containerd/io.containerd.runtime.v2.task/k8s.io/${hex("e")}/config.json`,
  JSON.stringify({
    annotations: {
      "io.kubernetes.cri.container-name": "side",
      "io.kubernetes.cri.sandbox-name": "pod-2",
      "io.kubernetes.cri.sandbox-namespace": "shop",
    },
    linux: { cgroupsPath: `kubepods.slice:cri-containerd:${hex("e")}` },
  }),
);
for (const [pid, path] of Object.entries({
  1: "/init.scope",
  10: web,
  11: `${web}/inner`,
  12: nginx,
  13: cri,
  14: "/",
}))
  write(`proc/${pid}/cgroup`, `4:cpu:/x\n0::${path}\n`);

let time = 0;
let lists = 0;
let cgroups = new Map<bigint, string>();
const open = () => openContainerNames({ root, cgroupRoot, now: () => time, readCgroups: () => (lists++, cgroups) });

beforeEach(() => {
  time = 0;
  lists = 0;
  cgroups = new Map([web, `${web}/inner`, nginx, cri].map((path, at) => [BigInt(at + 1), `${cgroupRoot}${path}`]));
});

describe("the container of a process", () => {
  it.each([
    [10, "web", undefined],
    [11, "web", undefined],
    [12, "nginx", "shop/api-7f"],
    [13, "side", "shop/pod-2"],
  ])("%d is found by its cgroup, or one above", (pid, name, pod) => {
    const found = open().findByProcess(pid);
    expect([found?.name, found?.pod]).toEqual([name, pod]);
  });

  it.each([1, 14])("%d is in none", (pid) => expect(open().findByProcess(pid)).toBe(null));

  it("is not known of one that is gone", () => expect(open().findByProcess(99)).toBeUndefined());

  it("is found when it comes later, though the cgroups are listed once a second", () => {
    const names = open();
    const before = cgroups;
    cgroups = new Map();
    expect(names.findByProcess(10)).toBe(null);
    cgroups = before;
    time = 999;
    expect(names.findByProcess(10)).toBe(null);
    time = 1000;
    expect(names.findByProcess(10)?.name).toBe("web");
    expect(lists).toBe(2);
  });
});

describe("the container of a cgroup", () => {
  it("is found by its number, also when its processes are gone", () => {
    const names = open();
    expect([1n, 2n, 3n, 9n].map((id) => names.findByCgroup(id)?.name)).toEqual(["web", "web", "nginx", undefined]);
  });
});
