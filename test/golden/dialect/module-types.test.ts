import type { BuildTools } from "../../../runtime/session/build/build-tools.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CompileError } from "../../../runtime/base/errors.ts";
import { silentLog } from "../../../runtime/base/log.ts";
import { openCacheFolder } from "../../../runtime/compile/cache-folder.ts";
import { openAddon } from "../../../runtime/kernel/door/addon.ts";
import { buildUnit, renderUnit } from "../../../runtime/session/build/build-unit.ts";
import { openBuilder } from "../../../runtime/session/build/open-builder.ts";

/** What libbpf's dump of a module has: its own types between those of the kernel that they need. */
const dumps: Readonly<Record<string, string>> = {
  odd: "struct list_head {\n\tstruct list_head *next;\n\tstruct list_head *prev;\n};\n\nenum odd_state {\n\tODD_OPEN = 7,\n};\n\nstruct odd_shared {\n\tu32 a;\n};\n\nstruct odd_thing {\n\tstruct list_head list;\n\tstruct odd_shared *shared;\n\tu32 first: 3;\n\tu32 second: 5;\n};\n\n",
  oddv2:
    "struct odd_shared {\n\tu32 a;\n};\n\nstruct odd_thing;\n\nstruct oddv2_thing {\n\tstruct odd_shared shared;\n};\n\n",
};
const names: Readonly<Record<string, readonly string[]>> = {
  odd: ["odd_state", "ODD_OPEN", "odd_shared", "odd_thing"],
  oddv2: ["odd_shared", "oddv2_thing"],
};

const folder = mkdtempSync(join(tmpdir(), "bpfts-test-"));
let tools: BuildTools;
let dumped: string[] = [];
beforeAll(() => {
  const builder = openBuilder({
    port: openAddon(),
    cache: openCacheFolder({ BPFTS_CACHE: folder }),
    environment: process.env,
    log: silentLog,
  });
  const findTypes = (wanted: readonly string[]): { module: string; names: string[]; bytes: Uint8Array }[] =>
    Object.keys(names).flatMap((module) => {
      const has = names[module]!.filter((name) => wanted.includes(name));
      return has.length === 0 ? [] : [{ module, names: has, bytes: Buffer.from(module) }];
    });
  const modules = { findTypes, dumpC: (module: string) => (dumped.push(module), dumps[module]!) };
  tools = {
    ...builder,
    modules,
    env: {
      ...builder.env,
      findUnloadedModule: (name) => (name === "odd_far" ? { module: "odd_far", isSure: true } : undefined),
    },
  };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const source = (text: string): { text: string; name: string } => ({ text, name: "<text>" });
const one = source(
  "int kprobe__odd_open(struct pt_regs *ctx, struct odd_thing *thing) {\n\treturn thing->shared->a + thing->second + ODD_OPEN;\n}\n",
);

describe("types of a module", () => {
  it("are added when clang lacks them, and are the kernel's for the reads", () => {
    const text = renderUnit(one, [], tools);
    expect(text).toMatch(/^#include "module_odd_[0-9a-f]+\.h"\n/);
    expect(text).toContain(
      "bpfts_read_kernel(bpfts_read_kernel(thing->shared)->a) + bpfts_read_bits_kernel(thing, second) + ODD_OPEN",
    );
    expect(buildUnit(one, [], tools).spec.programs.map(({ name }) => name)).toEqual(["kprobe__odd_open"]);
    expect(dumped).toEqual(["odd"]);
  });

  it("are written once, and known to be needed the next time", () => {
    dumped = [];
    expect(renderUnit(one, [], tools)).toMatch(/^#include "module_odd_/);
    expect(dumped).toEqual([]);
  });

  it("of two modules are not declared twice", () => {
    const text = renderUnit(
      source(
        "int f(struct pt_regs *ctx, struct odd_thing *thing, struct oddv2_thing *other) {\n\treturn thing->second + other->shared.a;\n}\n",
      ),
      [],
      tools,
    );
    expect(text.match(/^#include "module_\w+\.h"$/gm)).toHaveLength(2);
  });

  it("are not looked for by what the text lacks itself", () => {
    const lacking = (text: string): CompileError => {
      try {
        renderUnit(source(text), [], tools);
      } catch (error) {
        if (error instanceof CompileError) return error;
      }
      throw new Error("it compiled");
    };
    expect(lacking("int f(struct pt_regs *ctx, struct odd_far *far) { return far->x; }")).toMatchObject({
      hint: expect.stringContaining('it is in module "odd_far", which is not loaded: modprobe odd_far') as string,
    });
    expect(lacking("int f(struct pt_regs *ctx, struct nowhere *far) { return far->x; }")).toMatchObject({
      hint: expect.stringContaining("nor have its loaded modules") as string,
    });
    expect(lacking("int f(struct pt_regs *ctx, struct odd_thing *thing) { return thing->nothing; }")).toMatchObject({
      message: expect.stringContaining("no member named 'nothing'") as string,
    });
  });
});
