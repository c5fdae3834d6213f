/** Something that a script may do to the rest of the machine only when the user says so. */
export type PermissionName = "signal" | "write-user" | "override" | "sockets" | "struct-ops" | "all";

/** A flag of the command line by which the user allows it. */
export interface Permission {
  readonly name: PermissionName;
  readonly flag: `--allow-${PermissionName}`;
  /** The help text of the flag. */
  readonly help: string;
}

/** One row for each flag. `all` stands for every other one and for what has no flag of its own. */
export const permissions: readonly Permission[] = [
  { name: "signal", flag: "--allow-signal", help: "let the script's C send signals to processes (bpf_send_signal)" },
  {
    name: "write-user",
    flag: "--allow-write-user",
    help: "let the script's C write into the memory of processes (bpf_probe_write_user)",
  },
  {
    name: "override",
    flag: "--allow-override",
    help: "let the script's C refuse or change what the kernel does (bpf_override_return, fmod_ret, LSM programs)",
  },
  {
    name: "sockets",
    flag: "--allow-sockets",
    help: "let the script put sockets of other processes into tables that redirect their data",
  },
  {
    name: "struct-ops",
    flag: "--allow-struct-ops",
    help: "let the script put its functions in the place of the kernel's own (struct_ops: congestion controls, schedulers)",
  },
  {
    name: "all",
    flag: "--allow-all",
    help: "let the script do all of this, and call kernel functions that bpfts does not know",
  },
];

/** The flag of a permission. */
export function findFlag(name: PermissionName): Permission["flag"] {
  return `--allow-${name}`;
}
