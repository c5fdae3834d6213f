import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { makeFolder, root, runCli, writeScript } from "../support/run-cli.ts";

const folder = join(makeFolder(), "scripts");

/** Loads through kernel pointers in functions and macros of headers, one of which includes the other. */
const header = `
#ifndef OWN_H
#define OWN_H
#include "deep/deeper.h"
#define OWN_TGID(task) ((task)->tgid)
#define OWN_BARE(task) task->tgid
static inline u32 own_parent(struct task_struct *task)
{
	return own_up(task)->tgid;
}
#endif
`;
const deeper =
  "static inline struct task_struct *own_up(struct task_struct *task) { return task->real_parent; }\n#define OWN_BIT(task) (task)->sched_reset_on_fork\n";
const script = `import { BPF, Interrupt, command, print, sleep } from "bpfts";
const b = new BPF({ text: \`
#include <linux/sched.h>
#include "own.h"
BPF_HASH(seen, u32, u64);
static void put(u32 slot, u64 value) { seen.update(&slot, &value); }
TRACEPOINT_PROBE(sched, sched_process_exit) {
  struct task_struct *task = (struct task_struct *)bpf_get_current_task();
  if (OWN_TGID(task) != TRACED) return 0;
  put(0, own_parent(task)); put(1, OWN_BARE(task)); put(2, OWN_TGID(own_up(task))); put(3, OWN_BIT(task));
  return 0;
}
\`.replace("TRACED", String(command!.root_pid)) });
try { sleep(60); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
const seen = b.table<number, bigint>("seen");
print([0, 1, 2, 3].map((slot) => Number(seen.get(slot) ?? -1n)).map((value, slot) => (slot === 1 ? value === command!.root_pid : value)).join(" "));
`;

describe("headers of the user's own beside the script", () => {
  let path: string;
  beforeEach(() => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(folder, "deep"), { recursive: true });
    writeFileSync(join(folder, "own.h"), header);
    writeFileSync(join(folder, "deep/deeper.h"), deeper);
    path = writeScript(folder, "headers.ts", script);
  });
  const run = async (
    cwd: string,
  ): Promise<{ status: number | null; stderr: string; values: string[]; parent: number }> => {
    const { status, stdout, stderr } = await runCli(["run", "-c", "true", path], { cwd });
    const values = stdout.trimEnd().split(" ");
    return { status, stderr, values, parent: Number(values[0]) };
  };

  it.each([
    ["the project", root],
    ["their folder", folder],
  ])(
    "have their loads made explicit, from %s",
    async (_where, cwd) => {
      const { status, stderr, values, parent } = await run(cwd);
      // The command's parent is the bpfts that ran it: no pid that this test knows, but the same by both ways.
      expect({ status, stderr, values }).toEqual({
        status: 0,
        stderr: "",
        values: [String(parent), "true", String(parent), "0"],
      });
      expect(parent).toBeGreaterThan(1);
    },
    300_000,
  );

  it("are compiled anew when they have changed", async () => {
    await run(root);
    writeFileSync(join(folder, "deep/deeper.h"), deeper.replace("return task->real_parent;", "return task;"));
    const changed = await run(root);
    expect(changed).toMatchObject({
      status: 0,
      stderr: "",
      values: [expect.stringMatching(/^\d+$/), "true", String(changed.parent), "0"],
    });
    writeFileSync(join(folder, "deep/deeper.h"), deeper);
    expect((await run(root)).parent).not.toBe(changed.parent);
    writeFileSync(join(folder, "own.h"), header.replace("own_up(task)->tgid", "own_up(task)->no_such"));
    const wrong = await run(root);
    expect(wrong.status).toBe(1);
    expect(wrong.stderr).toContain("no member named 'no_such' in 'struct task_struct'");
    expect(wrong.stderr).toContain("own.h:9");
  }, 600_000);
});
