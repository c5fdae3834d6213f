/**
 * Arguments of system calls: tracefs gives each of them eight unsigned bytes, whatever it is. The kernel fills them from
 * registers whose upper half a caller leaves as it likes, so the argument is the lower part that its C type has.
 */
const integers: Readonly<Record<string, string>> = {
  char: "s8",
  "unsigned char": "u8",
  short: "s16",
  "unsigned short": "u16",
  umode_t: "u16",
  old_uid_t: "u16",
  old_gid_t: "u16",
  int: "s32",
  __s32: "s32",
  s32: "s32",
  pid_t: "s32",
  clockid_t: "s32",
  timer_t: "s32",
  mqd_t: "s32",
  key_t: "s32",
  key_serial_t: "s32",
  rwf_t: "s32",
  qid_t: "u32",
  "unsigned int": "u32",
  unsigned: "u32",
  __u32: "u32",
  u32: "u32",
  uid_t: "u32",
  gid_t: "u32",
  long: "s64",
  off_t: "s64",
  loff_t: "s64",
  __s64: "s64",
  s64: "s64",
};

/** Finds the number type of an argument that a system call declares so; undefined for addresses and what has 64 unsigned bits. */
export function findArgumentType(type: string): { readonly name: string; readonly size: number } | undefined {
  const name = integers[type.replace(/\bconst\b/g, "").trim()];
  return name === undefined ? undefined : { name, size: Number(name.slice(1)) / 8 };
}
