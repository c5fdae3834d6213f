import { spawnSync } from "node:child_process";

/** Asks a clang whether it was built with the bpf back end. */
export function haveBpfTarget(clang: string): boolean {
  const result = spawnSync(clang, ["--print-targets"], { encoding: "utf8" });
  return /^\s*bpf\b/m.test(result.stdout ?? "");
}
