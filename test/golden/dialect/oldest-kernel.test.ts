import { describe, expect, it } from "vitest";
import { findSectionVersion } from "../../../runtime/base/bpf-since.ts";
import { findOldestKernel, listKernelNeeds, memberNeed } from "../../../runtime/inspect/oldest-kernel.ts";
import type { KernelNeed } from "../../../runtime/inspect/oldest-kernel.ts";
import { describeObject } from "../../../runtime/object/describe-object.ts";
import { openInstructionLines } from "../../../runtime/session/load/locate-instruction.ts";
import { compileBpf } from "../../support/compile-bpf.ts";

const filter = `
struct { __uint(type, 30); __uint(max_entries, 16); __type(value, u32); } filter SEC(".maps");
`;
const counts = `
struct { __uint(type, 1); __uint(max_entries, 16); __type(key, u32); __type(value, u64); } counts SEC(".maps");
`;

function need(text: string): readonly KernelNeed[] {
  const bytes = compileBpf(text);
  return listKernelNeeds(
    { bytes, spec: describeObject(bytes) },
    openInstructionLines(bytes, (line) => ({ file: "test.c", line })),
  );
}

const show = (needs: readonly KernelNeed[]): string[] => needs.map(({ since, what }) => `${since} ${what}`);

describe("the oldest kernel for a compiled text", () => {
  it("is that of bpfts where the text needs nothing newer", () => {
    expect(
      findOldestKernel(need('SEC("kprobe/f") int f(void *ctx) { return bpf_get_smp_processor_id() > 3; }')),
    ).toEqual({
      version: "5.8",
      needs: [],
      unknown: [],
    });
  });

  it("is told by helpers, kernel functions, kinds of maps and of programs, the newest first and each once", () => {
    const { version, needs } = findOldestKernel(
      need(`${filter}
extern void bpf_rcu_read_lock(void) __attribute__((section(".ksyms")));
extern void bpf_rcu_read_unlock(void) __attribute__((section(".ksyms")));
SEC("fentry.s/f") int f(void *ctx) { bpf_rcu_read_lock(); bpf_rcu_read_unlock(); return 0; }
SEC("tp/a/b") int g(void *ctx) { u64 cookie = bpf_get_attach_cookie(ctx); u32 key = cookie; bpf_map_push_elem(&filter, &key, 0); return bpf_get_attach_cookie(ctx); }
`),
    );
    expect(version).toBe("6.2");
    expect(show(needs)).toEqual([
      "6.2 bpf_rcu_read_lock()",
      "6.2 bpf_rcu_read_unlock()",
      "5.16 maps of the kind bloom_filter",
      "5.15 bpf_get_attach_cookie()",
      "5.10 programs of the kind fentry.s",
    ]);
  });

  it("does not hide that members of structs may be missing on older kernels", () => {
    const reads = need(`struct task_struct { int pid; } __attribute__((preserve_access_index));
SEC("tp/a/b") int f(struct task_struct *task) { return task->pid; }`);
    expect(findOldestKernel(reads).unknown).toEqual([memberNeed]);
  });

  it("is told by members of the kernel's structs, with their lines, unless the text asks whether they are there", () => {
    const structs = `struct sched_ext_entity { u64 slice; } __attribute__((preserve_access_index));
struct iov { int iter_type; } __attribute__((preserve_access_index));
struct iov_iter { union { struct { int pad, iter_type; }; }; } __attribute__((preserve_access_index));
struct task_struct { int pid; unsigned __state; struct sched_ext_entity scx; } __attribute__((preserve_access_index));
struct task_struct___old { long state; } __attribute__((preserve_access_index));
struct file_lock___new { struct { int c_flags; } c; } __attribute__((preserve_access_index));`;
    const reads = need(`${structs}
SEC("tp/a/b") int f(struct task_struct *task) { return task->__state; }
SEC("tp/a/c") int g(struct iov_iter *iter) {
  return iter->iter_type;
}
SEC("tp/a/d") int h(struct task_struct *task) { return ((struct task_struct___old *)task)->state; }
SEC("tp/a/e") int i(struct file_lock___new *lock) { return lock->c.c_flags; }
SEC("tp/a/f") int j(struct task_struct *task) { return __builtin_preserve_field_info(task->scx, 2) ? task->scx.slice : 0; }`);
    const { version, needs, unknown } = findOldestKernel(reads);
    expect(version).toBe("6.12");
    expect(needs.map(({ since, what, location }) => [since, what, location?.line])).toEqual([
      ["6.12", "sched_ext_entity.slice", 13],
      ["6.9", "file_lock.c", 12],
      ["5.14", "task_struct.__state", 7],
      ["5.14", "iov_iter.iter_type", 9],
    ]);
    expect(unknown).toEqual([memberNeed]);
  });

  it("does not hide what it knows no kernel for", () => {
    const text = `
extern void my_module_function(void) __attribute__((section(".ksyms")));
SEC("tp/a/b") int f(void *ctx) { my_module_function(); return 0; }`;
    expect(findOldestKernel(need(text))).toMatchObject({
      version: "5.8",
      needs: [],
      unknown: [{ what: "my_module_function()", location: { line: 3 } }],
    });
  });

  it("knows instructions that came later", () => {
    const text = `${counts}
SEC("tp/a/b") int f(void *ctx) {
  u32 key = 0;
  u64 *count = bpf_map_lookup_elem(&counts, &key);
  return count ? __sync_fetch_and_add(count, 2) : 0;
}`;
    // Compiled as an addition whose old value is used.
    expect(show(need(text))).toEqual(["5.12 atomic operations that give the old value, or are no addition"]);
    expect(
      show(
        need(
          text.replace(
            "return count ? __sync_fetch_and_add(count, 2) : 0;",
            "if (count) __sync_fetch_and_add(count, 2); return 0;",
          ),
        ),
      ),
    ).toEqual([]);
  });

  it.each([
    ["kprobe/vfs_read", undefined],
    ["kprobe.multi/vfs_*", "5.18"],
    ["uprobe.multi/x:y", "6.6"],
    ["xdp", undefined],
    ["xdp.frags", "5.18"],
    ["xdp/cpumap", "5.9"],
    ["?lsm_cgroup/socket_bind", "6.0"],
    ["cgroup/connect4", undefined],
    ["cgroup/connect_unix", "6.7"],
    ["tcx/ingress", "6.6"],
    ["netfilter", "6.4"],
    ["syscall", "5.14"],
  ])("knows since when there is the section %s", (section, version) => {
    expect(findSectionVersion(section)).toBe(version);
  });
});
