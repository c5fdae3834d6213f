import { describe, expect, it } from "vitest";
import type { ModuleIndex } from "../../../runtime/vm/kernel-modules.ts";
import { orderModules, parseModulesDep } from "../../../runtime/vm/kernel-modules.ts";

const index: ModuleIndex = {
  folder: "/lib/modules/1",
  files: parseModulesDep(
    "kernel/fs/9p/9p.ko.xz: kernel/net/9pnet.ko.xz kernel/fs/netfs.ko.xz\nkernel/net/9pnet.ko.xz:\nkernel/fs/netfs.ko.xz:\nkernel/net/9pnet-virtio.ko: kernel/net/9pnet.ko.xz kernel/virtio.ko\n",
  ),
  builtin: new Set(["overlay"]),
};

describe("modules", () => {
  it("come after what they need, once", () => {
    expect(orderModules(index, ["9pnet_virtio", "9p"])).toEqual([
      "kernel/virtio.ko",
      "kernel/net/9pnet.ko.xz",
      "kernel/net/9pnet-virtio.ko",
      "kernel/fs/netfs.ko.xz",
      "kernel/fs/9p/9p.ko.xz",
    ]);
  });

  it("need no file when they are built in, whichever way the name is written", () => {
    expect(orderModules(index, ["overlay"])).toEqual([]);
    expect(orderModules(index, ["9pnet-virtio"])).toEqual(orderModules(index, ["9pnet_virtio"]));
  });

  it("that do not exist are named", () => {
    expect(() => orderModules(index, ["vetch"])).toThrow('The kernel has no module "vetch"');
  });
});
