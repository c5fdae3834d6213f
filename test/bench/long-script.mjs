/** A script of some 240 lines, 200 of them C text with 20 tables: what type checking takes longest for. */
export function renderLongScript() {
  const kinds = [
    (i) => [
      `BPF_PERF_OUTPUT(events${i});`,
      `b.get_table("events${i}").open_perf_buffer((e) => printf("%d %s %s %d\\n", e.pid, e.comm, e.fname, e.peer.port));`,
    ],
    (i) => [
      `BPF_HASH(table${i}, u32, struct data${i}_t);`,
      `for (const [key, value] of b.get_table("table${i}")) printf("%d %d\\n", key, value.ts + 1n);`,
    ],
    (i) => [`BPF_HISTOGRAM(hist${i});`, `b.get_table("hist${i}").print_log2_hist("usecs");`],
    (i) => [
      `BPF_PERCPU_ARRAY(array${i}, struct data${i}_t, 1);`,
      `for (const value of b.get_table("array${i}").get(0) ?? []) printf("%d\\n", value.peer.port);`,
    ],
  ];
  const tables = Array.from({ length: 20 }, (_, i) => kinds[i % kinds.length](i));
  const structs = tables.map(
    ([macro], i) => `// Number ${i}
struct data${i}_t {
    u64 ts; /* when */
    u32 pid, tid;
    char comm[TASK_COMM_LEN];
    char fname[NAME_LEN];
    struct { u8 addr[16]; u16 port; } peer;
};
${macro}
`,
  );
  const functions = tables.flatMap((_, i) =>
    i % kinds.length === 0
      ? [
          `int probe${i}(struct pt_regs *ctx) {
    struct data${i}_t data = {};
    data.pid = bpf_get_current_pid_tgid() >> 32;
    events${i}.perf_submit(ctx, &data, sizeof(data));
    return 0;
}
`,
        ]
      : [],
  );
  return `import { BPF, printf } from "bpfts";

const b = new BPF({
  text: \`
#include <uapi/linux/ptrace.h>
#define NAME_LEN 64
typedef struct { u32 lo, hi; u64 when; } span_t;

${structs.join("")}${functions.join("")}\`,
});
${tables.map(([, use]) => use).join("\n")}
for (;;) b.perf_buffer_poll();
`;
}
