import type { IteratorReply } from "../../../sdk/wire/iterator-calls.ts";
import { MIXED_RECORDS } from "../../dialect/rewrite.ts";
import type { BuiltUnit } from "../build/build-unit.ts";

/** What the records are that an iterator's function writes with `bpf_seq_write`, itself or through the only helper of the text that does. */
export function findRecord(
  { eventStructs, maps, spec }: Pick<BuiltUnit, "eventStructs" | "maps" | "spec">,
  functionName: string,
): IteratorReply["record"] {
  const own = eventStructs[functionName];
  const ofFunctions = Object.entries(eventStructs).filter(([name]) => !maps.some((map) => map.name === name));
  const helpers = new Set(ofFunctions.filter(([name]) => !isProgram(spec, name)).map(([, type]) => type));
  if (own === undefined && helpers.size === 0) return "text";
  const type = own ?? (helpers.size === 1 ? [...helpers][0]! : MIXED_RECORDS);
  return spec.structs[type] ?? "mixed";
}

function isProgram(spec: BuiltUnit["spec"], name: string): boolean {
  return spec.programs.some((program) => program.name === name);
}
