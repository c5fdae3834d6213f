/**
 * A set of flags: the number of each by its name.
 *
 * @example
 * import { flag_names, print, type FlagTable } from "bpfts";
 * const modes: FlagTable = { READ: 1, WRITE: 2 };
 * print(flag_names(3, modes)); // READ|WRITE
 */
export type FlagTable = Readonly<Record<string, number>>;

/**
 * Flags of open(2). Source: include/uapi/asm-generic/fcntl.h in the kernel's tree.
 *
 * @example
 * import { open_flags, print } from "bpfts";
 * print((0o101 & open_flags.O_CREAT) !== 0); // true
 */
export const open_flags = {
  O_RDONLY: 0o0,
  O_WRONLY: 0o1,
  O_RDWR: 0o2,
  O_ACCMODE: 0o3,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_NOCTTY: 0o400,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_NONBLOCK: 0o4000,
  O_DSYNC: 0o10000,
  O_DIRECT: 0o40000,
  O_LARGEFILE: 0o100000,
  O_DIRECTORY: 0o200000,
  O_NOFOLLOW: 0o400000,
  O_NOATIME: 0o1000000,
  O_CLOEXEC: 0o2000000,
  O_PATH: 0o10000000,
  O_TMPFILE: 0o20200000,
} as const;

/**
 * The names of the flags that are set, `"IPC_CREAT|SHM_EXEC"`. What no name of the table covers stands at the end as a number, `"0x"` and its digits, and so does 0.
 *
 * A flag of several bits is named when all of them are set.
 *
 * @example
 * import { flag_names, open_flags, print } from "bpfts";
 * print(flag_names(0o1101, open_flags)); // O_WRONLY|O_CREAT|O_TRUNC
 */
export function flag_names(value: number | bigint, table: FlagTable): string {
  let left = BigInt.asUintN(64, BigInt(value));
  const names: string[] = [];
  for (const [name, number] of Object.entries(table)) {
    const bits = BigInt(number);
    if (bits === 0n || (left & bits) !== bits) continue;
    names.push(name);
    left &= ~bits;
  }
  if (left !== 0n || names.length === 0) names.push(`0x${left.toString(16)}`);
  return names.join("|");
}
