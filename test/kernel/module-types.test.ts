import { existsSync, readFileSync, statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { btfFolder } from "../../runtime/kernel/machine/module-types.ts";
import { buildUnit } from "../../runtime/session/build/build-unit.ts";
import { clangs, openTools } from "../support/build-text.ts";
import { needFeature } from "../support/need-feature.ts";
import { port, readU64, requireBytes, u32 } from "../support/live-object.ts";

/** A 9p mount, and how many bytes it takes in one message: what the client struct in module 9pnet says too. */
function findMount(): { folder: string; messageBytes: bigint } | undefined {
  const match = /^\S+ (\S+) 9p \S*\bmsize=(\d+)/m.exec(readFileSync("/proc/mounts", "utf8"));
  return match === null ? undefined : { folder: match[1]!, messageBytes: BigInt(match[2]!) };
}

const text = `
#include <net/9p/client.h>
BPF_ARRAY(out, u64, 2);
int kprobe__p9_client_walk(struct pt_regs *ctx, struct p9_fid *fid) {
	int size = 0, count = 1;
	u64 value = fid->clnt->msize;
	if (bpf_get_current_pid_tgid() >> 32 != ${process.pid}) return 0;
	out.update(&size, &value);
	out.atomic_increment(count);
	return 0;
}
`;

describe("a struct that only a module's types have", () => {
  it("is read at its place", (context) => {
    const mount = existsSync(`${btfFolder}/9pnet`) ? findMount() : undefined;
    if (mount === undefined)
      return context.skip("needs a module with types at work: this test knows 9pnet, and a 9p mount");
    needFeature(context, port, "kprobe");
    const object = port.objectOpen(
      buildUnit({ text, name: "<text>" }, [], openTools(clangs.at(-1)!.clang)).bytes,
      "module",
    );
    try {
      expect(port.objectLoad(object, 0)).toMatchObject({ status: 0 });
      const link = port.attachKprobe(
        port.programHandle(object, "kprobe__p9_client_walk"),
        "p9_client_walk",
        0n,
        false,
        0n,
      );
      expect(link).toBeGreaterThan(0);
      for (let turn = 0; turn < 3; turn++)
        statSync(`${mount.folder}/nothing-${process.pid}-${turn}`, { throwIfNoEntry: false });
      port.linkClose(link);
      const out = port.mapHandle(object, "out");
      expect(readU64(requireBytes(port.mapLookup(out, u32(1), 0)))).toBeGreaterThanOrEqual(3n);
      expect(readU64(requireBytes(port.mapLookup(out, u32(0), 0)))).toBe(mount.messageBytes);
    } finally {
      port.objectClose(object);
    }
  });

  it("is missing by its name when no module has it", () => {
    const lacking = { text: "int f(struct pt_regs *ctx, struct bpfts_nowhere *p) { return p->x; }", name: "<text>" };
    expect(() => buildUnit(lacking, [], openTools(clangs.at(-1)!.clang))).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("nor have its loaded modules") as string }),
    );
  });
});
