import { readFileSync } from "node:fs";
import { join } from "node:path";
import { requireLibbpfHeaders } from "./prelude.ts";

/** A helper that programs call by its number. */
export interface Helper {
  readonly name: string;
  /** Source: enum bpf_func_id. */
  readonly id: number;
}

/** A helper as C declares it. */
export interface HelperPrototype {
  readonly returns: string;
  /** Declarations, with a name each. */
  readonly parameters: readonly string[];
}

/** Finds how libbpf's headers declare a helper; undefined for one that is newer than they are. */
export function findHelperPrototype(name: string): HelperPrototype | undefined {
  const match = new RegExp(`^static (.*?)\\(\\* ?(?:const )?${name}\\)\\((.*)\\) = `, "m").exec(readHeader());
  if (match === null) return undefined;
  const [, returns, list] = match;
  return { returns: returns!.trim(), parameters: list === "void" ? [] : list!.split(/,\s*/) };
}

let header: string | undefined;

function readHeader(): string {
  return (header ??= readFileSync(join(requireLibbpfHeaders(), "bpf_helper_defs.h"), "utf8"));
}

let helpers: readonly Helper[] | undefined;

/** Reads the helpers that libbpf's headers declare; once, and only where a message needs them. */
export function readHelpers(): readonly Helper[] {
  helpers ??= parseHelpers(readHeader());
  return helpers;
}

function parseHelpers(text: string): Helper[] {
  return [...text.matchAll(/\(\*(?:const )?(bpf_\w+)\)\(.*\) = \(void \*\) ?(\d+);/g)].map(([, name, id]) => ({
    name: name!,
    id: Number(id),
  }));
}
