import { runConfined } from "../confine/confine.ts";
import { describeInstalled } from "../confine/installed-program.ts";

/** Asks a clang whether it was built with the bpf back end. */
export function haveBpfTarget(clang: string): boolean {
  const { stdout } = runConfined({ argv: [clang, "--print-targets"], ...describeInstalled(clang) });
  return /^\s*bpf\b/m.test(stdout.toString("utf8"));
}
