import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { endings, expectNothingLeft } from "../support/endings.ts";
import { runTool } from "../support/own-program.ts";
import { makeFolder, runCli, startCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const program = join(folder, "toucher");
/** Pages that each thread touches for the first time. */
const PAGES = 1000;
const THREADS = 3;

beforeAll(() => {
  const source = writeScript(
    folder,
    "toucher.c",
    `#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
volatile long watched;
static char *pages[${THREADS + 1}];
static pthread_barrier_t start;
static void touch(int which) {
  for (long i = 0; i < ${PAGES}; i++) pages[which][i * 4096] = 1;
}
static void *run(void *which) {
  pthread_barrier_wait(&start);
  touch((long)which);
  return 0;
}
int main(void) {
  pthread_t threads[${THREADS}];
  for (int i = 0; i <= ${THREADS}; i++) {
    pages[i] = mmap(0, ${PAGES} * 4096L, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(pages[i], ${PAGES} * 4096L, MADV_NOHUGEPAGE);
  }
  pthread_barrier_init(&start, 0, ${THREADS + 1});
  for (long i = 0; i < ${THREADS}; i++) pthread_create(&threads[i], 0, run, (void *)i);
  printf("%p\\n", (void *)&watched);
  fflush(stdout);
  /* The script has attached when it writes a line. */
  if (getchar() < 0) return 1;
  pthread_barrier_wait(&start);
  for (int i = 0; i < ${THREADS}; i++) pthread_join(threads[i], 0);
  for (int i = 0; i < 42; i++) watched = i;
  if (fork() == 0) {
    touch(${THREADS});
    _exit(0);
  }
  wait(0);
  return 0;
}
`,
  );
  runTool("gcc", "-O1", "-no-pie", "-pthread", "-o", program, source);
});

/** Runs a script with the pid of the program and the address of its variable; the program goes on when the script has said "attached". */
async function runBeside(name: string, text: string): Promise<{ stdout: string; stderr: string }> {
  const child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
  try {
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const script = writeScript(
      folder,
      `${name}.ts`,
      `import { BPF, PerfCache, PerfCacheOp, PerfCacheResult, PerfHWConfig, PerfSWConfig, PerfType, argv, cache_config, print, read_file, sleep } from "bpfts";
void [PerfCache, PerfCacheOp, PerfCacheResult, PerfHWConfig, PerfSWConfig, cache_config];
const pid = Number(argv[0]);
const address = BigInt(argv[1]!);
const isAlive = (): boolean => { try { return !/^State:\\s*[ZX]/m.test(read_file(\`/proc/\${pid}/status\`)); } catch { return false; } };
const done = (): void => { print("attached"); while (isAlive()) sleep(0.02); };
${text}`,
    );
    const run = startCli(["run", script, "--", String(child.pid), line.toString().trim()]);
    await run.waitFor("attached");
    child.stdin.end("go\n");
    return await run.ended;
  } finally {
    child.kill("SIGKILL");
  }
}

describe("perf events", () => {
  it("of a process are counted in threads that it has, and in what it starts", async () => {
    const { stdout, stderr } = await runBeside(
      "threads",
      `const b = new BPF({ text: \`
BPF_HASH(faults, u32, u64);
int on_fault(struct bpf_perf_event_data *ctx) { faults.increment((u32)bpf_get_current_pid_tgid()); return 0; }
\` });
b.attach_perf_event({ ev_type: PerfType.SOFTWARE, ev_config: PerfSWConfig.PAGE_FAULTS, sample_period: 1, fn_name: "on_fault", pid });
done();
const counts = [...b.tables.faults.values()].map(Number);
print(counts.filter((count) => count >= ${PAGES} && count < ${PAGES} + 100).length, counts.length);`,
    );
    expect(stderr).toBe("");
    // The first thread touches no pages of its own.
    expect(stdout).toMatch(new RegExp(`^attached\\n${THREADS + 1} [45]\\n$`));
  });

  it("by a period come once in so many, and go when they are detached", async () => {
    const { stdout, stderr } = await runBeside(
      "period",
      `const b = new BPF({ text: \`
BPF_ARRAY(seen, u64, 2);
int on_fault(struct bpf_perf_event_data *ctx) { int slot = 0; seen.atomic_increment(slot, ctx->sample_period); seen.atomic_increment(1); return 0; }
int never(struct bpf_perf_event_data *ctx) { seen.atomic_increment(1, 1000000); return 0; }
\` });
const event = { ev_type: PerfType.SOFTWARE, ev_config: PerfSWConfig.PAGE_FAULTS_MIN };
b.attach_perf_event({ ...event, sample_period: 10, fn_name: "on_fault", pid });
b.attach_perf_event({ ev_type: PerfType.SOFTWARE, ev_config: PerfSWConfig.PAGE_FAULTS, sample_period: 1, fn_name: "never", pid });
b.detach_perf_event({ ev_type: PerfType.SOFTWARE, ev_config: PerfSWConfig.PAGE_FAULTS });
done();
const [pages, samples] = [...b.tables.seen.values()].map(Number);
print(pages === samples! * 10, samples! >= ${(PAGES * (THREADS + 1)) / 10 - 4} && samples! < ${(PAGES * (THREADS + 1)) / 10 + 40});`,
    );
    expect(stderr).toBe("");
    expect(stdout).toBe("attached\ntrue true\n");
  });

  it("in the kernel's own words belong to the threads alone where nothing inherits them", async () => {
    const { stdout, stderr } = await runBeside(
      "raw",
      `const b = new BPF({ text: \`
BPF_HASH(faults, u32, u64);
int on_fault(struct bpf_perf_event_data *ctx) { faults.increment((u32)bpf_get_current_pid_tgid()); return 0; }
int never(struct bpf_perf_event_data *ctx) { faults.increment(1, 1000000); return 0; }
\` });
const attr = { type: PerfType.SOFTWARE, config: PerfSWConfig.PAGE_FAULTS, sample_period: 1, inherit: false } as const;
b.attach_perf_event_raw({ attr, fn_name: "never", pid });
b.detach_perf_event_raw({ attr });
b.attach_perf_event_raw({ attr, fn_name: "on_fault", pid });
done();
print([...b.tables.faults.values()].filter((count) => count >= ${PAGES}n).length);`,
    );
    expect(stderr).toBe("");
    expect(stdout).toBe(`attached\n${THREADS}\n`);
  });

  it("at a breakpoint see what a program of C's sees", async () => {
    const truth = join(folder, "breakpoint");
    const source = writeScript(
      folder,
      "breakpoint.c",
      `#include <linux/perf_event.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
volatile long watched;
int main(void) {
  struct perf_event_attr attr = { .type = PERF_TYPE_BREAKPOINT, .size = sizeof attr, .bp_type = 2, .bp_addr = (long)&watched, .bp_len = 8, .exclude_kernel = 1, .inherit = 1 };
  int fd = syscall(SYS_perf_event_open, &attr, getpid(), -1, -1, 0);
  long count = -1;
  for (int i = 0; i < 42; i++) watched = i;
  if (fd < 0 || read(fd, &count, sizeof count) < 0) return 1;
  printf("%ld\\n", count);
}
`,
    );
    runTool("gcc", "-O1", "-o", truth, source);
    // Some hypervisors have no debug registers: then nobody sees anything.
    const { stdout: seen } = spawnSync(truth, { encoding: "utf8" });
    const { stdout, stderr } = await runBeside(
      "breakpoint",
      `const b = new BPF({ text: \`
BPF_ARRAY(writes, u64, 1);
int on_write(struct bpf_perf_event_data *ctx) { writes.atomic_increment(0); return 0; }
\` });
const attr = { type: PerfType.BREAKPOINT, bp_type: 2, bp_addr: address, bp_len: 8, sample_period: 1, exclude_kernel: true } as const;
b.attach_perf_event_raw({ attr, fn_name: "on_write", pid });
done();
print(b.tables.writes.get(0));`,
    );
    expect(stderr).toBe("");
    expect(stdout).toBe(`attached\n${seen}`);
  });

  it("by a frequency come about so often, on each CPU or on one", async () => {
    const script = writeScript(
      folder,
      "frequency.ts",
      `import { BPF, PerfSWConfig, PerfType, monotonic_ns, print } from "bpfts";
const b = new BPF({ text: \`
BPF_HASH(samples, u32, u64);
int on_sample(struct bpf_perf_event_data *ctx) { samples.increment(bpf_get_smp_processor_id()); return 0; }
\` });
const event = { ev_type: PerfType.SOFTWARE, ev_config: PerfSWConfig.CPU_CLOCK };
b.attach_perf_event({ ...event, sample_freq: 99, fn_name: "on_sample", cpu: 0 });
// A clock of a CPU runs while it works, idle or not.
const end = monotonic_ns() + 2_000_000_000n;
while (monotonic_ns() < end);
b.detach_perf_event(event);
const rows = [...b.tables.samples];
print(rows.map(([cpu]) => cpu).join(), rows.every(([, count]) => count > 100n && count < 230n));`,
    );
    const { stdout, stderr } = await runCli(["run", script]);
    expect(stderr).toBe("");
    expect(stdout).toBe("0 true\n");
  });

  it("say what is wrong with them", async () => {
    const script = writeScript(
      folder,
      "wrong.ts",
      `import { BPF, PerfHWConfig, PerfSWConfig, PerfType, print } from "bpfts";
const b = new BPF({ text: "int f(struct bpf_perf_event_data *ctx) { return 0; }" });
const clock = { ev_type: PerfType.SOFTWARE, ev_config: PerfSWConfig.CPU_CLOCK, fn_name: "f" } as const;
const say = (run: () => unknown): void => { try { run(); print("nothing"); } catch (error) { const { message, hint } = error as { message: string; hint?: string }; print(message + (hint === undefined ? "" : "\\n  " + hint)); } };
say(() => b.attach_perf_event({ ...clock, sample_freq: 99, pid: 4194305 }));
say(() => b.attach_perf_event({ ...clock, sample_freq: 99, cpu: 4095 }));
say(() => b.attach_perf_event({ ...clock, sample_freq: 10_000_000 }));
say(() => b.attach_perf_event({ ...clock, ev_config: 77, sample_freq: 99, cpu: 0 }));
say(() => b.attach_perf_event({ ...clock } as never));
say(() => b.attach_perf_event_raw({ fn_name: "f", attr: { type: PerfType.SOFTWARE, config: 0 } } as never));
say(() => b.attach_perf_event_raw({ fn_name: "f", attr: { type: 1, sample_freq: 9, exclude_users: true } } as never));
say(() => b.attach_perf_event_raw({ fn_name: "f", attr: { type: 1, sample_freq: 9, exclude_user: 1 } } as never));
say(() => b.attach_perf_event({ ...clock, ev_config: 1n << 64n, sample_freq: 9 }));
say(() => b.detach_perf_event(clock));`,
    );
    const { stdout, stderr } = await runCli(["run", script]);
    expect(stderr).toBe("");
    expect(stdout.replace(/CPUs are [\d, ]+/, "CPUs are …").replace(/at most \d+/, "at most N")).toMatchInlineSnapshot(`
      "Cannot attach "f" to a perf event: there is no process 4194305
      Cannot attach "f" to a perf event: there is no CPU 4095
        the CPUs are …
      Cannot attach "f" to perf_event "type 1 config 0 on CPU 0": the kernel takes at most N samples a second
        sample less often, or as root: sysctl kernel.perf_event_max_sample_rate=N
      Cannot attach "f" to perf_event "type 1 config 77 on CPU 0": this machine has no such event (ENOENT, no such file or directory)
        virtual machines seldom have hardware events: try PerfType.SOFTWARE with PerfSWConfig.CPU_CLOCK
      Cannot attach "f" to a perf event: give exactly one of sample_period and sample_freq
      Cannot attach "f" to a perf event: give exactly one of sample_period and sample_freq
      A raw perf event: attr has no option "exclude_users"
        its options are: type, config, sample_period, sample_freq, config1, config2, bp_type, bp_addr, bp_len, precise_ip, inherit, pinned, exclusive, exclude_user, exclude_kernel, exclude_hv, exclude_idle, exclude_host, exclude_guest; for example { type: … }
      A raw perf event takes exclude_user as true or false, got 1
      A perf event takes ev_config from 0 to 2^64 - 1, got 18446744073709551616
      Cannot detach: nothing is attached to perf_event "type 1 config 0 on CPU 0"
      "
    `);
  });

  it.each(endings)("leave nothing when a script ends by %s", async (ending) => {
    await expectNothingLeft(
      folder,
      ending,
      "left_perf",
      `import { BPF, PerfSWConfig, PerfType } from "bpfts";
const b = new BPF({ text: "int left_perf(struct bpf_perf_event_data *ctx) { return 0; }" });
b.attach_perf_event({ ev_type: PerfType.SOFTWARE, ev_config: PerfSWConfig.CPU_CLOCK, sample_freq: 49, fn_name: "left_perf" });`,
    );
  });
});
