import type { SourceLocation } from "../../base/location.ts";

/** The verifier's word, cut down to what a person needs. */
export interface VerifierSummary {
  /** The sentence that tells, in the verifier's own words. */
  readonly sentence: string;
  readonly hint?: string;
  /** The last instruction that the verifier looked at, when the log names it. */
  readonly instruction?: number;
  /** The source line that stands above that instruction in the log. Since: Linux 5.0; with a place, 6.5. */
  readonly location?: SourceLocation;
  readonly lineText?: string;
  readonly logLines: number;
}

/** Advice for sentences that we know: one row each, first match wins. */
const advice: readonly {
  readonly pattern: RegExp;
  readonly hint: string;
  /** What must be true besides of the numbers in the sentence. */
  readonly when?: (...numbers: readonly number[]) => boolean;
}[] = [
  {
    pattern: /invalid mem access '(?:map_value_or_null|ptr_or_null_\w*|ringbuf_mem_or_null|mem_or_null)'/,
    hint: "check the pointer before you use it: if (!ptr) return 0;",
  },
  {
    pattern: /invalid mem access '(?:trusted_|rcu_)ptr_or_null_\w*'/,
    hint: "take it into a variable and check that before you use it: struct cgroup *cgroup = ctx->cgroup; if (!cgroup) return 0; a second load of the member is another pointer",
  },
  {
    pattern: /invalid mem access 'scalar'|invalid mem access 'inv'/,
    hint: "this is no pointer that the verifier can trust: read through it with bpf_probe_read_kernel() or bpf_probe_read_user()",
  },
  {
    pattern: /invalid access to map value/,
    hint: "the index may leave the value: compare it with the array's length first, or mask it (i & 15)",
  },
  {
    pattern: /invalid access to (?:memory|packet)/,
    hint: "compare with the end first: if (data + size > data_end) return …;",
  },
  {
    pattern: /back-edge|infinite loop|program is too large|too many instructions|BPF program is too large/,
    hint: "give the loop a constant bound (for (int i = 0; i < 16; i++)), or make the program smaller",
  },
  {
    pattern: /stack (?:type )?R?\d* ?off[ =](-\d+)(?:\+\d+)? (?:access_)?size[ =](\d+)/,
    when: (offset, size) => offset! + size! > 0,
    hint: "more is read than the variable has: a table's key and value are u64 unless its macro names other types, as in BPF_HASH(start, u32), and a size is that of the variable, sizeof(x)",
  },
  {
    pattern: /stack (?:depth|limit)|combined stack size|invalid (?:indirect )?(?:read|write|access) (?:from|to) stack/,
    hint: "the stack holds 512 bytes, and only what was written may be read: initialise it (= {}), move large data to a per-CPU array",
  },
  {
    pattern: /R0 !read_ok|R0 .*not a known value|At program exit the register R0/,
    hint: "every path must return a value that this kind of program may return: end with return 0;",
  },
  { pattern: /!read_ok/, hint: "something is used before it is set: initialise it (= {})" },
  {
    pattern: /bpf_d_path#\d+|helper call is not allowed in probe/,
    hint: "bpf_d_path() works in some functions alone (KFUNC_PROBE of filp_close, vfs_truncate, vfs_fallocate, vfs_getattr, dentry_open, security_file_permission) and in LSM_PROBE: elsewhere go up file->f_path.dentry->d_parent in a loop with a constant bound",
  },
  {
    pattern: /cannot use bpf_(?:spin_lock|timer|list_head|rb_root)/,
    hint: "this kind of program may not on this kernel: count with increment() or __sync_fetch_and_add(), or keep a value for each CPU (BPF_PERCPU_HASH)",
  },
  {
    pattern: /calling kernel function .* is not allowed/,
    hint: "the kernel offers this function to other kinds of programs alone: its documentation, or bpftool btf dump, tells which",
  },
  {
    pattern: /(?:unknown func|invalid func|helper call is not allowed|program of this type cannot use helper)/,
    hint: "this helper is not there for this kind of program, or not on this kernel: see bpftool feature probe",
  },
  {
    pattern: /R\d+ type=\w+ expected=/,
    hint: "the helper wants another kind of pointer: a key or value must stand on the stack or in a map, and is given by its address, as &key",
  },
  {
    pattern: /min value is negative|unbounded (?:memory|min|max)|R\d+ (?:min|max) value/,
    hint: "the size may be negative or too large: use an unsigned type and compare it with the limit first; before Linux 6.8 it has to be a u64",
  },
  {
    pattern: /Unreleased reference|reference leak/,
    hint: "every record that ringbuf_reserve gave needs ringbuf_submit or ringbuf_discard on each path, and what a function acquired its release",
  },
  {
    pattern: /BPF_STX uses reserved fields|unknown opcode (?:db|c3)/,
    hint: "an atomic operation whose result is used, and one other than adding, need Linux 5.12: leave the result of __sync_fetch_and_add alone",
  },
  {
    pattern: /is not sleepable/,
    hint: 'this hook may not sleep on this kernel: write its section without .s, as in SEC("lsm/…")',
  },
  { pattern: /unreachable insn/, hint: "a path does not end: check the returns" },
];

const noise =
  /^(?:processed \d+ insns|verification time|(?:cur|old) state:|stack depth|insns? |max_states|mark_precise|last_idx|regs=|parent |-- |\s*$)/;
const state = /^(?:(?:from )?\d+ to \d+: |R\d+=| ?R\d+_?\w*=|frame\d+:|; )/;
const instructionLine = /^(\d+): \(([0-9a-f]{2})\)/;

/** Summarises a verifier log. */
export function summariseVerifierLog(log: string): VerifierSummary {
  const lines = log.split("\n").filter((line) => line.trim() !== "");
  let instruction: number | undefined;
  let source: string | undefined;
  let sentence = "";
  for (const line of lines) {
    const at = instructionLine.exec(line);
    if (at !== null) instruction = Number(at[1]);
    else if (line.startsWith("; ")) source = line.slice(2);
    else if (!noise.test(line) && !state.test(line)) sentence = line.trim();
  }
  if (sentence === "") sentence = lines.at(-1)?.trim() ?? "no reason given";
  const place = source === undefined ? null : /^(.*) @ (.*):(\d+)$/.exec(source);
  const hint = advice.find(({ pattern, when }) => {
    const match = pattern.exec(sentence);
    return match !== null && (when === undefined || when(...match.slice(1).map(Number)));
  })?.hint;
  return {
    sentence,
    logLines: lines.length,
    ...(hint !== undefined && { hint }),
    ...(instruction !== undefined && { instruction }),
    ...(place !== null && { location: { file: place[2]!, line: Number(place[3]) } }),
    ...(source !== undefined && { lineText: place?.[1] ?? source }),
  };
}
