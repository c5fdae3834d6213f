import { release } from "node:os";
import { describe, expect, it } from "vitest";
import { isOlder } from "../../../runtime/base/bpf-since.ts";
import { listLaterMembers } from "../../../runtime/base/member-since.ts";
import { readModuleTypes } from "../../../runtime/kernel/machine/module-types.ts";
import { btfKind, parseBtf } from "../../../runtime/object/btf.ts";
import type { BtfType } from "../../../runtime/object/btf.ts";

/** What later kernels renamed, took away or have by a configuration: newer kernels may be without. */
const mayBeGone = new Set(
  [
    "vfsmount.mnt_userns vm_area_struct.anon_name vm_area_struct.detached vm_area_struct.__vm_flags sk_buff.mono_delivery_time",
    "iov_iter.user_backed inode.__i_ctime inode.__i_atime inode.__i_mtime sched_ext_entity.* task_struct.scx mm_struct.lru_gen",
    "module.btf_data module.btf_data_size cfs_rq.avg_vruntime kmem_cache.cpu_partial_slabs kmem_cache_cpu.slab address_space.i_private_data",
  ]
    .join(" ")
    .split(" "),
);

describe("the kernels that brought members", () => {
  const types = parseBtf(readModuleTypes("vmlinux")!);
  const structs = new Map<string, Set<string>>();
  const collect = (type: BtfType, into: Set<string>): void => {
    for (const member of types.listMembers(type))
      if (member.name === "") collect(types.resolve(member.type), into);
      else into.add(member.name);
  };
  for (const type of types.list())
    if (type.kind === btfKind.struct && !structs.has(type.name)) {
      const members = new Set<string>();
      collect(type, members);
      structs.set(type.name, members);
    }
  const version = /^\d+\.\d+/.exec(release())![0];

  it("are told as this kernel's types have them", () => {
    const wrong = [...listLaterMembers()].filter(([name, since]) => {
      const [struct, member] = name.split(".") as [string, string];
      const isThere = member === "*" ? structs.has(struct) : structs.get(struct)?.has(member) === true;
      return isOlder(version, since) ? isThere : !isThere && !mayBeGone.has(name);
    });
    expect(wrong).toEqual([]);
  });
});
