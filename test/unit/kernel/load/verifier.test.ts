import { describe, expect, it } from "vitest";
import { summariseVerifierLog } from "../../../../runtime/kernel/load/verifier.ts";

const nullCheck = `0: R1=ctx() R10=fp0
; u64 *v = counts.lookup(&k); @ hello.ts:7
0: (b7) r1 = 0                        ; R1_w=0
4: (85) call bpf_map_lookup_elem#1    ; R0_w=map_value_or_null(id=1,map=counts,ks=4,vs=8)
; (*v)++; @ hello.ts:8
5: (79) r1 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
processed 6 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`;

/** One row for each sentence that has advice: what the verifier says, and a word of the advice. */
const known: readonly [sentence: string, advice: string][] = [
  ["BPF_STX uses reserved fields", "need Linux 5.12"],
  ["R0 invalid mem access 'map_value_or_null'", "check the pointer"],
  ["R2 invalid mem access 'trusted_ptr_or_null_'", "take it into a variable"],
  ["bpf_lsm_bprm_check_security is not sleepable", "without .s"],
  ["R1 invalid mem access 'scalar'", "bpf_probe_read_kernel"],
  ["invalid access to map value, value_size=64 off=400 size=1", "index may leave the value"],
  ["invalid access to packet, off=14 size=1, R1(id=0,off=14,r=0)", "data_end"],
  ["back-edge from insn 10 to 3", "constant bound"],
  ["BPF program is too large. Processed 1000001 insn", "constant bound"],
  ["invalid indirect read from stack R2 off -16+4 size 8", "initialise it"],
  ["invalid read from stack R2 off=-4 size=8", "the variable has"],
  ["invalid indirect read from stack R2 off -4+0 size 8", "the variable has"],
  ["invalid stack type R2 off=-4 access_size=8", "the variable has"],
  ["BPF_EXIT instruction in main prog would lead to reference leak", "ringbuf_discard"],
  ["program of this type cannot use helper bpf_d_path#147", "LSM_PROBE"],
  ["helper call is not allowed in probe", "LSM_PROBE"],
  ["tracing progs cannot use bpf_spin_lock yet", "BPF_PERCPU_HASH"],
  ["calling kernel function bpf_task_acquire is not allowed", "other kinds of programs"],
  ["R0 !read_ok", "return 0;"],
  ["R3 !read_ok", "initialise it"],
  ["unknown func bpf_nothing#999", "bpftool feature probe"],
  ["R2 type=ctx expected=fp, pkt, pkt_meta, map_key, map_value", "another kind of pointer"],
  ["R2 unbounded memory access, use 'var &= const' or 'if (var < const)'", "compare it with the limit"],
  ["Unreleased reference id=2 alloc_insn=5", "ringbuf_submit"],
];

describe("summariseVerifierLog", () => {
  it("finds what is said before the states of a loop", () => {
    const log =
      "3: (85) call bpf_get_prandom_u32#7\ninfinite loop detected at insn 3\ncur state: R0=scalar() R10=fp0\nold state: R0=scalar(umin=1) R10=fp0\nprocessed 9 insns (limit 1000000)\n";
    expect(summariseVerifierLog(log)).toMatchObject({
      sentence: "infinite loop detected at insn 3",
      hint: expect.stringContaining("constant bound") as string,
    });
  });

  it("finds the sentence, the instruction and the source line", () => {
    expect(summariseVerifierLog(nullCheck)).toMatchObject({
      sentence: "R0 invalid mem access 'map_value_or_null'",
      instruction: 5,
      lineText: "(*v)++;",
      location: { file: "hello.ts", line: 8 },
      hint: "check the pointer before you use it: if (!ptr) return 0;",
    });
  });

  it("takes lines of older kernels, which have no place", () => {
    const summary = summariseVerifierLog(nullCheck.replace(/ @ hello\.ts:\d+/g, ""));
    expect(summary.location).toBeUndefined();
    expect(summary.lineText).toBe("(*v)++;");
  });

  it.each(known)("advises on %s", (sentence, advice) => {
    expect(summariseVerifierLog(`3: (95) exit\n${sentence}\nprocessed 4 insns (limit 1000000)\n`)).toMatchObject({
      sentence,
      hint: expect.stringContaining(advice) as string,
    });
  });

  it("says nothing that it does not know", () => {
    expect(summariseVerifierLog("something quite new\nprocessed 1 insns\n")).toEqual({
      sentence: "something quite new",
      logLines: 2,
    });
    expect(summariseVerifierLog("").sentence).toBe("no reason given");
  });
});
