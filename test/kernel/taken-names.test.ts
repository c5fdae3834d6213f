import { describe, expect, it } from "vitest";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();

/** Tables, variables and functions by names that every kernel has for an enumerator or a typedef, and members by them too. */
const text = `
#define hash 2
#define value 9
enum { TCP_LISTEN = 40, own_last };
enum pid_type { PIDTYPE_SID = 30, own_kind };
struct pid { enum pid_type value_of; };
BPF_ARRAY(sized, struct pid, hash);
struct data_t { u32 TCP_CLOSE; u64 TCP_LISTEN; u64 atomic_t; };
BPF_HASH(TCP_CLOSE, u32, struct data_t);
BPF_ARRAY(atomic_t, u64, 1);
BPF_ARRAY(READ, u64, 2);
BPF_PERF_OUTPUT(PIDTYPE_PID);
#define PIDTYPE_TGID 3
u64 spinlock_t = 4;
static u64 HRTIMER_RESTART(u64 atomic_t) { return atomic_t + PIDTYPE_TGID; }
int gfp_t(struct bpf_raw_tracepoint_args *ctx) {
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	if (pid != TRACED) return 0;
	struct data_t data = { .TCP_CLOSE = pid, .TCP_LISTEN = TCP_LISTEN, .atomic_t = HRTIMER_RESTART(spinlock_t) };
	int zero = 0;
	u64 *count = atomic_t.lookup(&zero);
	if (!count || (*count)++) return 0;
	TCP_CLOSE.update(&pid, &data);
	struct pid own = { PIDTYPE_SID + (value == 9) };
	sized.update(&zero, &own);
	PIDTYPE_PID.perf_submit(ctx, &data, sizeof(data));
	return 0;
}
`;

const script = `import { BPF, command, print } from "bpfts";
interface Data { TCP_CLOSE: number; TCP_LISTEN: bigint; atomic_t: bigint }
const b = new BPF({ text: \`${text}\`.replace("TRACED", String(command!.root_pid)) });
b.attach_raw_tracepoint({ tp: "sys_enter", fn_name: "gfp_t" });
let seen = 0;
b.table<string, Data>("PIDTYPE_PID").open_perf_buffer((event) => {
  const { TCP_CLOSE, TCP_LISTEN, atomic_t } = event as unknown as Data;
  print("event", TCP_CLOSE === command!.root_pid, TCP_LISTEN, atomic_t);
  seen++;
});
while (seen === 0) b.perf_buffer_poll(1000);
const kept = b.table<number, Data>("TCP_CLOSE").get(command!.root_pid)!;
print("kept", kept.TCP_CLOSE === command!.root_pid, kept.TCP_LISTEN, kept.atomic_t, b.table<number, bigint>("atomic_t").get(0)! > 0n);
const sized = b.table<number, { value_of: number | string }>("sized");
sized.set(1, { value_of: "PIDTYPE_SID" });
print(JSON.stringify([sized.get(0), sized.get(1)]), sized.max_entries);
print(b.get_table("TCP_CLOSE").name, b.get_table("atomic_t").name, b.get_table("READ").max_entries);
`;

describe("names of the kernel's that a text takes for itself", () => {
  it("are the text's everywhere, in the first run and when the cache knows them", async () => {
    const path = writeScript(folder, "taken.ts", script);
    for (let run = 0; run < 2; run++) {
      const { status, stdout, stderr } = await runCli(["run", "-c", "sleep 1", path]);
      expect({ status, stderr, lines: stdout.trimEnd().split("\n") }).toEqual({
        status: 0,
        stderr: "",
        lines: [
          "event true 40 7",
          "kept true 40 7 true",
          '[{"value_of":31},{"value_of":30}] 2',
          "TCP_CLOSE atomic_t 2",
        ],
      });
    }
  }, 300_000);

  it("are refused with advice where our own headers need them", async () => {
    const path = writeScript(
      folder,
      "needed.ts",
      `import { BPF } from "bpfts";\nnew BPF({ text: \`\nBPF_HASH(u64);\n\` });\n`,
    );
    const { status, stderr } = await runCli(["run", path]);
    expect(status).toBe(1);
    expect(stderr).toContain("redefinition of 'u64' as different kind of symbol");
    expect(stderr).toContain("needed.ts:3");
    expect(stderr).toContain("give yours another name");
  }, 300_000);
});
