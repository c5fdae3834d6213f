import { readFileSync } from "node:fs";
import { join } from "node:path";
import { requireLibbpfHeaders } from "./prelude.ts";

/** A helper that programs call by its number. */
export interface Helper {
  readonly name: string;
  /** Source: enum bpf_func_id. */
  readonly id: number;
}

let helpers: readonly Helper[] | undefined;

/** Reads the helpers that libbpf's headers declare; once, and only where a message needs them. */
export function readHelpers(): readonly Helper[] {
  helpers ??= parseHelpers(readFileSync(join(requireLibbpfHeaders(), "bpf_helper_defs.h"), "utf8"));
  return helpers;
}

function parseHelpers(text: string): Helper[] {
  return [...text.matchAll(/\(\*(?:const )?(bpf_\w+)\)\(.*\) = \(void \*\) ?(\d+);/g)].map(([, name, id]) => ({
    name: name!,
    id: Number(id),
  }));
}
