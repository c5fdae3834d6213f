import { basename } from "node:path";
import { UsageError } from "../base/errors.ts";
import type { CSource } from "../dialect/text/unit.ts";
import { renderTypes } from "../object/render-types.ts";
import { showStructOps } from "../object/struct-ops.ts";
import { renderUnit } from "../session/build/build-unit.ts";
import type { BuiltUnit } from "../session/build/build-unit.ts";
import type { Builder } from "../session/build/open-builder.ts";
import { describeTables } from "./describe-tables.ts";

/** The stages of a text on its way into the kernel that a check can hand out. */
export type Stage = "c" | "spec" | "types" | "object";

/** A stage of one text. */
export interface EmittedStage {
  readonly content: string | Uint8Array;
  /** What another loader has to be told, a sentence each. */
  readonly notes: readonly string[];
}

/** Renders a stage of a text that was built. @throws UsageError when it is an object that no other loader can use */
export function emitStage(
  stage: Stage,
  source: CSource,
  cflags: readonly string[],
  unit: BuiltUnit,
  builder: Builder,
): EmittedStage {
  switch (stage) {
    case "c":
      return { content: renderUnit(source, cflags, builder), notes: [] };
    case "types":
      return {
        content: `// Tables of ${basename(source.place?.file ?? source.name)} on Linux ${builder.machine.release}\n\n${renderTypes(describeTables(unit))}`,
        notes: [],
      };
    case "spec":
      return { content: renderSpec(unit), notes: [] };
    case "object":
      return emitObject(unit);
  }
}

function renderSpec({ programs, spec }: BuiltUnit): string {
  const described = programs.map(({ name, section, kind, autoAttach }) => ({
    name,
    section,
    kind,
    ...(autoAttach && { autoAttach }),
  }));
  return `${JSON.stringify({ programs: described, maps: spec.maps, structs: spec.structs }, undefined, 2)}\n`;
}

/** The object for any loader that is built on libbpf. */
function emitObject({ bytes, spec, maps }: BuiltUnit): EmittedStage {
  if (spec.maps.some(({ name }) => name === "__bpfts_usdt_specs"))
    throw new UsageError("Cannot write the object: only bpfts fills the tables of its USDT arguments", {
      hint: "read the arguments by libbpf's BPF_USDT(…) and bpf_usdt_arg, not by bpf_usdt_readarg: libbpf fills those",
    });
  const notes = maps.flatMap(({ name, sharing, pinPath }): string[] => {
    if (sharing === "extern")
      return [`the table "${name}" is another program's: name it to the loader (bpftool: map name ${name} id ID)`];
    return pinPath === undefined
      ? []
      : [`bpfts pins the table "${name}" at "${pinPath}": so does bpftool's map name ${name} pinned ${pinPath}`];
  });
  return { content: spec.structOps === undefined ? bytes : showStructOps(bytes), notes };
}
