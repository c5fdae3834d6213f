import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { silentLog } from "../../runtime/base/log.ts";
import { openCacheFolder } from "../../runtime/compile/cache-folder.ts";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { noGrants, openScopeOf } from "../../runtime/script/file-scope.ts";
import { buildUnit } from "../../runtime/session/build/build-unit.ts";
import { describeSourceFile, openBuilder } from "../../runtime/session/build/open-builder.ts";
import { requireKernelRows } from "../../runtime/vm/kernels.ts";
import { runMatrix } from "./run-matrix.ts";

const folder = mkdtempSync(join(tmpdir(), "bpfts-portable-"));
afterAll(() => {
  delete process.env["BPFTS_OBJECT"];
  rmSync(folder, { recursive: true });
});

/** Each arrow is a field whose offset differs between the kernels; `real_parent`, `nsproxy` and `mm` lead through pointers. */
const text = `
#include <linux/sched.h>
#include <linux/nsproxy.h>
#include <linux/utsname.h>
#include <linux/fs.h>
struct seen_t { u32 calls; u32 pid; u32 parent; u32 pad; char node[32]; char executable[32]; };
BPF_HASH(seen, u32, struct seen_t);
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  struct seen_t zero = {}, *s = seen.lookup_or_try_init(&pid, &zero);
  if (!s) return 0;
  struct task_struct *task = (struct task_struct *)bpf_get_current_task();
  s->calls++;
  s->pid = task->tgid;
  s->parent = task->real_parent->tgid;
  bpf_probe_read_kernel_str(s->node, sizeof(s->node), task->nsproxy->uts_ns->name.nodename);
  bpf_probe_read_kernel_str(s->executable, sizeof(s->executable), task->mm->exe_file->f_path.dentry->d_name.name);
  return 0;
}
`;

it("an object compiled here loads on every kernel and reads the right values", async () => {
  const source = join(folder, "portable.c");
  writeFileSync(source, text);
  const builder = openBuilder({
    port: openAddon(),
    cache: openCacheFolder(process.env),
    environment: process.env,
    log: silentLog,
  });
  const object = join(folder, "portable.o");
  writeFileSync(object, buildUnit(describeSourceFile(source, openScopeOf(source, noGrants)), [], builder).bytes);

  process.env["BPFTS_OBJECT"] = object;
  const columns = await runMatrix(requireKernelRows("all"), {
    vitestArguments: ["--config", "test/vm/stand-in/stand-in.config.ts", "--testTimeout", "240000", "portability"],
    requiredFeatures: {},
    jobs: 1,
    cpus: 1,
    timeoutMs: 600_000,
  });
  expect(columns.map(({ kernel, tests }) => [kernel, tests.map(({ state, reason }) => [state, reason])])).toEqual(
    columns.map(({ kernel }) => [kernel, [["passed", ""]]]),
  );
  expect(columns).toHaveLength(4);
});
