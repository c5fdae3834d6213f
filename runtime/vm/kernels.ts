import { UsageError } from "../base/errors.ts";
import { findSimilar } from "../base/similar.ts";

/** A kernel that `bpfts vm` can fetch: one row of the table, nothing more is needed for a new one. */
export interface KernelRow {
  /** What the user types after `--kernel`. */
  readonly name: string;
  /** The distribution's suites that have its packages. */
  readonly suites: readonly string[];
  /** One pattern per package; the group is the kernel's release, which all packages must share. The highest release is taken. */
  readonly packages: readonly RegExp[];
  readonly description: string;
}

/** Shape: oldest first; `--kernel all` boots them in this order. */
export const kernelRows: readonly KernelRow[] = [
  {
    name: "5.10",
    suites: ["bullseye", "bullseye-security"],
    packages: [/^linux-image-(5\.10\.\d+-\d+-amd64)$/],
    description: "Debian 11: BTF and ring buffers; no kprobe.multi, no BPF cookies",
  },
  {
    name: "6.1",
    suites: ["bookworm", "bookworm-security"],
    packages: [/^linux-image-(6\.1\.\d+-\d+-amd64)$/],
    description: "Debian 12: kprobes, fentry, LSM; no kprobe.multi",
  },
  {
    name: "6.12",
    suites: ["bookworm", "bookworm-security"],
    packages: [/^linux-image-(6\.12\.\d+\+deb12-amd64)$/],
    description: "Debian 12, second kernel: kprobe.multi, uprobe.multi, tcx, netkit",
  },
  {
    name: "newest",
    suites: ["sid"],
    // The image, the modules, and the list of what is built in.
    packages: ["binary", "modules", "base"].map(
      (part) => new RegExp(`^linux-${part}-(\\d+\\.\\d+\\.\\d+[+~]\\w+-amd64)$`),
    ),
    description: "what the distribution's unstable suite has today",
  },
];

/** The kernel that is used when the user names none. */
export const defaultKernel = "6.1";

/** Answers the rows that a name stands for; `all` is every one. @throws UsageError for a name that is not in the table */
export function requireKernelRows(name: string): readonly KernelRow[] {
  if (name === "all") return kernelRows;
  const row = kernelRows.find((candidate) => candidate.name === name);
  if (row !== undefined) return [row];
  const names = kernelRows.map((candidate) => candidate.name);
  const similar = findSimilar(name, [...names, "all"]);
  throw new UsageError(`No kernel is called "${name}"`, {
    hint:
      similar === undefined
        ? `there are ${names.join(", ")} and all; any other kernel goes by --vmlinuz`
        : `did you mean "${similar}"?`,
  });
}
