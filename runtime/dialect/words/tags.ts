import type { KernelNames } from "../text/env.ts";
import type { Pass } from "../text/pass.ts";

/** Structs of system calls that kernels no longer have under these names; what lies in the process's memory is what it was. */
const formerStructs: Readonly<Record<string, string>> = {
  timespec: "struct timespec { long tv_sec; long tv_nsec; };",
  timeval: "struct timeval { long tv_sec; long tv_usec; };",
  itimerspec: "struct itimerspec { struct timespec it_interval; struct timespec it_value; };",
  itimerval: "struct itimerval { struct timeval it_interval; struct timeval it_value; };",
};

/**
 * Renders declarations of the structs that the text speaks of and neither it nor
 * the kernel's types define: without, one that first stands among a function's
 * parameters would be a different struct for each function.
 */
export function renderMissingTags(pass: Pass, names: KernelNames): string[] {
  const used = new Map<string, "struct" | "union">();
  const defined = new Set<string>();
  pass.tokens.forEach((token, at) => {
    const name = pass.tokens[at + 1];
    if ((token.text !== "struct" && token.text !== "union") || token.kind !== "word" || name?.kind !== "word") return;
    if (pass.tokens[at + 2]?.text === "{") defined.add(name.text);
    else if (pass.tokens[at + 2]?.text === "*") used.set(name.text, token.text);
    else if (formerStructs[name.text] !== undefined) used.set(name.text, token.text);
  });
  const missing = [...used].filter(([name, kind]) => !defined.has(name) && !names.haveType(kind, name));
  const former = listFormer(missing.map(([name]) => name)).filter(
    (name) => !defined.has(name) && !names.haveType("struct", name),
  );
  return [
    ...former.map((name) => formerStructs[name]!),
    ...missing.filter(([name]) => !former.includes(name)).map(([name, kind]) => `${kind} ${name};`),
  ];
}

/** The former structs among some names, the ones that they contain first. */
function listFormer(names: readonly string[]): string[] {
  const wanted = new Set(
    names.flatMap((name) => [...(formerStructs[name] ?? "").matchAll(/struct (\w+)/g)].map((match) => match[1]!)),
  );
  return Object.keys(formerStructs).filter((name) => wanted.has(name));
}
