/** Functions of C's library and of the kernel that people call and BPF programs have not: what to write instead. */
const instead: Readonly<Record<string, string>> = {
  memcmp: "write memcmp(a, b, size) with a constant size, without __builtin_",
  bcmp: "write memcmp(a, b, size) with a constant size, without __builtin_",
  memchr: "look at the bytes one by one in a loop with a constant bound",
  strlen: "bpf_probe_read_kernel_str(to, size, from) answers how many bytes it copied, the NUL among them",
  strnlen: "bpf_probe_read_kernel_str(to, size, from) answers how many bytes it copied, the NUL among them",
  strcmp:
    'bpf_strncmp(text, size, "word") compares since Linux 5.17; for older kernels compare the characters one by one',
  strncmp:
    'bpf_strncmp(text, size, "word") compares since Linux 5.17; for older kernels compare the characters one by one',
  strcpy: "bpf_probe_read_kernel_str(to, sizeof(to), from) copies a text, bpf_probe_read_user_str one of the process",
  strncpy: "bpf_probe_read_kernel_str(to, size, from) copies a text, bpf_probe_read_user_str one of the process",
  strscpy: "bpf_probe_read_kernel_str(to, size, from) copies a text, bpf_probe_read_user_str one of the process",
  strlcpy: "bpf_probe_read_kernel_str(to, size, from) copies a text, bpf_probe_read_user_str one of the process",
  strchr: "look at the characters one by one in a loop with a constant bound",
  strstr: "look at the characters one by one in loops with constant bounds, or compare in the script",
  printf: 'bpf_trace_printk("…", values) prints to the trace pipe; send an event for more',
  printk: 'bpf_trace_printk("…", values) prints to the trace pipe',
  pr_info: 'bpf_trace_printk("…", values) prints to the trace pipe',
  sprintf:
    "BPF_SNPRINTF(to, size, format, values…) formats, since Linux 5.13; or send the values and format in the script",
  snprintf:
    "BPF_SNPRINTF(to, size, format, values…) formats, since Linux 5.13; or send the values and format in the script",
  malloc: "keep data in a table: BPF_HASH, BPF_PERCPU_ARRAY",
  kmalloc: "keep data in a table: BPF_HASH, BPF_PERCPU_ARRAY",
  free: "delete the table's entry: table.delete(&key)",
  kfree: "delete the table's entry: table.delete(&key)",
  time: "bpf_ktime_get_ns() counts from the start of the machine",
  gettimeofday: "bpf_ktime_get_ns() counts from the start of the machine",
  ktime_get_ns: "write bpf_ktime_get_ns()",
  ktime_get: "write bpf_ktime_get_ns()",
  ktime_get_boottime_ns: "write bpf_ktime_get_boot_ns()",
  getpid: "write bpf_get_current_pid_tgid() >> 32",
  gettid: "write (u32)bpf_get_current_pid_tgid()",
  getuid: "write (u32)bpf_get_current_uid_gid()",
  current_uid: "write (u32)bpf_get_current_uid_gid()",
  rand: "write bpf_get_prandom_u32()",
  random: "write bpf_get_prandom_u32()",
  get_random_u32: "write bpf_get_prandom_u32()",
  smp_processor_id: "write bpf_get_smp_processor_id()",
  raw_smp_processor_id: "write bpf_get_smp_processor_id()",
  bpf_for:
    "libbpf's headers have bpf_for since 1.2, and kernels since Linux 6.4: write for (int i = 0; i < 64; i++), or bpf_loop() since 5.17",
  bpf_repeat:
    "libbpf's headers have bpf_repeat since 1.2, and kernels since Linux 6.4: write for (int i = 0; i < 64; i++), or bpf_loop() since 5.17",
  bpf_for_each:
    'libbpf\'s headers have bpf_for_each since 1.2, and kernels since Linux 6.4: go through the objects in a program of an iterator, SEC("iter/task")',
  current: "write (struct task_struct *)bpf_get_current_task()",
  jiffies: "write bpf_jiffies64()",
  get_current: "write (struct task_struct *)bpf_get_current_task()",
  copy_from_user: "write bpf_probe_read_user(to, size, from)",
  copy_to_user: "a program writes into a process by bpf_probe_write_user(to, from, size) alone, and may harm it",
  get_user: "write bpf_probe_read_user(&value, sizeof(value), pointer)",
  spin_lock: "a struct bpf_spin_lock in a table's value is locked by bpf_spin_lock()",
  spin_unlock: "a struct bpf_spin_lock in a table's value is unlocked by bpf_spin_unlock()",
  sleep: "a BPF program cannot wait: note the time in a table, or start a bpf_timer",
  msleep: "a BPF program cannot wait: note the time in a table, or start a bpf_timer",
  udelay: "a BPF program cannot wait: note the time in a table, or start a bpf_timer",
  abort: "return from the program",
  exit: "return from the program",
  assert: "test the value, and return from the program",
};

/** What to write instead of a function that there is not in a BPF program; undefined for others. */
export function adviseFunction(name: string): string | undefined {
  return Object.hasOwn(instead, name) ? instead[name] : undefined;
}
