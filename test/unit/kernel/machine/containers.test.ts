import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { findContainer } from "../../../../runtime/session/run/find-cgroups.ts";
import { listContainers } from "../../../../runtime/kernel/machine/containers.ts";

const root = mkdtempSync(join(tmpdir(), "bpfts-containers-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const write = (path: string, value: unknown): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), typeof value === "string" ? value : JSON.stringify(value));
};
const hex = (digit: string): string => digit.repeat(64);

const docker = "/sys/fs/cgroup/system.slice";
const pods = "/sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice";

write(`var/lib/docker/containers/${hex("a")}/config.v2.json`, { Name: "/web" });
write(`var/lib/docker/containers/${hex("b")}/config.v2.json`, "{ torn");
write("var/lib/containers/storage/overlay-containers/containers.json", [{ id: hex("c"), names: ["db"] }, { id: 1 }]);
write(`var/log/containers/api-7f_shop_nginx-${hex("d")}.log`, "");
write("run/containerd/io.containerd.runtime.v2.task/default/box/config.json", {
  linux: { cgroupsPath: "/default/box" },
});
write(`run/containerd/io.containerd.runtime.v2.task/default/${hex("e")}/config.json`, {
  annotations: { "nerdctl/name": "cache" },
  linux: { cgroupsPath: `system.slice:nerdctl:${hex("e")}` },
});

const list = (...cgroups: readonly string[]): unknown =>
  listContainers({ root, cgroups }).map(({ id, names, path }) => [id.slice(0, 4), names, path]);

describe("containers", () => {
  it.each([
    [`${docker}/docker-${hex("a")}.scope`, "aaaa", ["web"]],
    [`/sys/fs/cgroup/docker/${hex("a")}`, "aaaa", ["web"]],
    [`${docker}/docker-${hex("b")}.scope`, "bbbb", []],
    [`/sys/fs/cgroup/machine.slice/libpod-${hex("c")}.scope`, "cccc", ["db"]],
    [`${pods}/cri-containerd-${hex("d")}.scope`, "dddd", ["nginx", "api-7f", "shop/api-7f", "shop/api-7f/nginx"]],
    [`${pods}/crio-${hex("d")}.scope`, "dddd", ["nginx", "api-7f", "shop/api-7f", "shop/api-7f/nginx"]],
    ["/sys/fs/cgroup/default/box", "box", ["box"]],
    [`${docker}/nerdctl-${hex("e")}.scope`, "eeee", ["cache"]],
    ["/sys/fs/cgroup/machine.slice/machine-old\\x2dbox.scope", "old-", ["old-box"]],
    ["/sys/fs/cgroup/lxc.payload.guest", "gues", ["guest"]],
  ])("are known by their cgroup: %s", (path, id, names) => {
    expect(list(path)).toEqual([[id, names, path]]);
  });

  it("have one cgroup, the outermost", () => {
    const path = `${docker}/docker-${hex("a")}.scope`;
    expect(list(`${path}/init`, `${path}/${hex("a")}`, path)).toEqual([["aaaa", ["web"], path]]);
  });

  it.each([
    "/sys/fs/cgroup/system.slice/ssh.service",
    `/sys/fs/cgroup/machine.slice/libpod-conmon-${hex("c")}.scope`,
    "/sys/fs/cgroup/user.slice/deadbeef",
  ])("are not %s", (path) => expect(list(path)).toEqual([]));
});

describe("--container", () => {
  const containers = listContainers({
    root,
    cgroups: [
      `${docker}/docker-${hex("a")}.scope`,
      `${pods}/crio-${hex("d")}.scope`,
      `${docker}/docker-abab${hex("1").slice(4)}.scope`,
      `${docker}/docker-abab${hex("2").slice(4)}.scope`,
    ],
  });

  it("takes names, pods and the beginning of ids", () => {
    expect(findContainer("web", containers)).toEqual([`${docker}/docker-${hex("a")}.scope`]);
    expect(findContainer("aaaaaa", containers)).toEqual([`${docker}/docker-${hex("a")}.scope`]);
    expect(findContainer("shop/api-7f", containers)).toEqual([`${pods}/crio-${hex("d")}.scope`]);
  });

  it.each([
    ["wep", 'There is no container "wep"', 'did you mean "web"?'],
    ["aa", 'There is no container "aa"', /^there are: web \(aaaaaaaaaaaa\), nginx \(dddddddddddd\), abab/],
    ["abab", '--container "abab": the ids of 2 containers begin so', /^give more of it: abab11111111, abab2222/],
  ])("refuses %s", (name, message, hint) => {
    const find = (): unknown => findContainer(name, containers);
    expect(find).toThrow(
      expect.objectContaining({
        message,
        hint: typeof hint === "string" ? hint : (expect.stringMatching(hint) as string),
      }),
    );
  });

  it("says that there is none at all", () => {
    expect(() => findContainer("web", [])).toThrow(
      expect.objectContaining({
        hint: "bpfts sees no container that has a cgroup of version 2; --cgroup PATH takes any cgroup",
      }),
    );
  });
});
