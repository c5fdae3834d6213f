import { spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import { cli, makeFolder, root, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();

/** What a task calls itself: bytes that are no UTF-8, a sequence that clears the screen, a line's end. */
const attack = [0xff, 0x1b, 0x5b, 0x32, 0x4a, 0x0a, 0x9b, 0x61];
const shown = "\\xff\\x1b[2J\\n\\x9ba";
/** A child that takes that name and changes its directory, which programs see. */
const command = `exec python3 -c "import ctypes,os; ctypes.CDLL(None).prctl(15, bytes(${JSON.stringify(attack)}), 0, 0, 0); [os.chdir('/') for _ in range(3)]"`;

/** Runs a script on the command and answers the bytes that it wrote. */
function runBytes(script: string): Promise<{ stdout: Buffer; stderr: string; status: number | null }> {
  const child = spawn(process.execPath, [cli, "run", "-c", command, script], { cwd: root });
  const chunks: Buffer[] = [];
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) =>
    child.on("close", (status) => resolve({ stdout: Buffer.concat(chunks), stderr, status })),
  );
}

const program = (body: string, maps = ""): string => `
${maps}
struct event_t { u32 pid; char comm[16]; };
BPF_RINGBUF_OUTPUT(events, 8);
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) {
    if (bpf_get_current_pid_tgid() >> 32 != ONLY_PID) return 0;
    struct event_t e = { .pid = 7 };
    bpf_get_current_comm(&e.comm, sizeof(e.comm));
    ${body}
    return 0;
}`;

describe("names that tasks choose", () => {
  it("reach no terminal as they are, whichever way they are printed, and everybody else as bytes", async () => {
    const script = writeScript(
      folder,
      "print.ts",
      `import { BPF, Interrupt, RowPrinter, command, print, printf, json_output } from "bpfts";
const b = new BPF({ text: \`${program("events.ringbuf_output(&e, sizeof(e), 0);")}\`, cflags: [\`-DONLY_PID=\${command!.root_pid}\`] });
const rows = new RowPrinter<{ comm: string }>([{ head: "C", format: "%-4s", value: "comm" }]);
let seen = 0;
b.get_table("events").open_ring_buffer((e) => {
  if (seen++ > 0) return;
  printf("s %s\\n", e.comm);
  rows.print(e);
  print("object", e);
  console.log([e.comm]);
  print(new Error(e.comm));
  json_output();
  rows.print(e);
  printf("bytes %r", e.comm);
});
try { for (;;) b.ring_buffer_poll(); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
`,
    );
    const { stdout, stderr, status } = await runBytes(script);
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    const [text, bytes] = [
      stdout.subarray(0, stdout.indexOf("bytes ")).toString("latin1"),
      stdout.subarray(stdout.indexOf("bytes ") + 6),
    ];
    expect(text.split("\n")).toEqual([
      `s ${shown}`,
      shown,
      `object { pid: 7, comm: "${shown}" }`,
      `["${shown}"]`,
      "Error: \\xff\\x1b[2J",
      "\\x9ba",
      '{"comm":"\\udcff\\u001b[2J\\n\\udc9ba"}',
      "",
    ]);
    expect([...bytes]).toEqual(attack);
  });

  it("are written by the host as the script would write them", async () => {
    for (const json of [false, true]) {
      const script = writeScript(
        folder,
        `rows-${json}.ts`,
        `import { BPF, Interrupt, command, json_output } from "bpfts";
const b = new BPF({ text: \`${program("events.ringbuf_output(&e, sizeof(e), 0);")}\`, cflags: [\`-DONLY_PID=\${command!.root_pid}\`] });
json_output(${json});
b.get_table("events").printf("%d %s|%r\\n", "pid", "comm", "comm");
try { for (;;) b.ring_buffer_poll(); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
`,
      );
      const { stdout, stderr } = await runBytes(script);
      expect(stderr).toBe("");
      const row = json
        ? Buffer.from('{"pid":7,"comm":"\\udcff\\u001b[2J\\n\\udc9ba"}\n')
        : Buffer.concat([Buffer.from(`7 ${shown}|`), Buffer.from(attack), Buffer.from("\n")]);
      expect(stdout.equals(Buffer.concat([row, row, row])), stdout.toString("latin1")).toBe(true);
    }
  });

  it("stand in trace lines without anything that a terminal acts on", async () => {
    const script = writeScript(
      folder,
      "trace.ts",
      `import { BPF, command } from "bpfts";
const b = new BPF({ text: \`${program('bpf_trace_printk("name\\\\t%s\\\\n", e.comm);')}\`, cflags: [\`-DONLY_PID=\${command!.root_pid}\`] });
b.trace_print();
`,
    );
    const { stdout } = await runBytes(script);
    expect(stdout.toString("latin1")).toMatch(/name\t\\xff\\x1b\[2J$/m);
    expect(stdout.toString("latin1")).toMatch(/^[ -~\n\t]+$/);
  });

  it("are keys that find their entry again, and values that come back as the same bytes", async () => {
    const maps = `
struct key_t { u8 kind; u32 pid; char comm[16]; };
typedef char name_t[16];
BPF_HASH(names, name_t, u32);
BPF_HASH(keys, struct key_t, u64);
BPF_TABLE("lru_hash", struct key_t, struct key_t, lru, 64);
BPF_PERCPU_HASH(cpus, struct key_t, struct key_t);
BPF_ARRAY(array, struct key_t, 2);
BPF_QUEUE(queue, struct key_t, 8);
`;
    const body = `
    struct key_t key;
    __builtin_memset(&key, 0xa5, sizeof(key));
    key.kind = 1; key.pid = 7;
    bpf_get_current_comm(&key.comm, sizeof(key.comm));
    key.comm[9] = 0; key.comm[12] = 'x';
    u32 one = 1; u64 long_one = 1; int zero = 0;
    names.update(&key.comm, &one);
    key.comm[12] = 'y';
    names.update(&key.comm, &one);
    keys.update(&key, &long_one);
    key.comm[12] = 'z';
    keys.update(&key, &long_one);
    lru.update(&key, &key); cpus.update(&key, &key); array.update(&zero, &key); queue.push(&key, 0);
`;
    const script = writeScript(
      folder,
      "keys.ts",
      `import { BPF, Interrupt, command, print, sleep } from "bpfts";
const b = new BPF({ text: \`${program(body, maps)}\`, cflags: [\`-DONLY_PID=\${command!.root_pid}\`] });
const show = (value: unknown) => JSON.stringify(value, (_, item) => (typeof item === "bigint" ? String(item) : item));
try { sleep(60); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
for (const name of ["names", "keys", "lru", "cpus"] as const) {
  const table = b.get_table(name) as unknown as import("bpfts").Table<unknown, unknown>;
  const entries = [...table];
  for (const [key, value] of entries) {
    print(name, table.get(key) !== undefined, table.has(key));
    table.set(key, value);
  }
  print(name, "size", entries.length, table.size);
  const values = [...table.values()];
  let at = 0;
  for (const key of table.keys()) print(name, show(table.get(key)) === show(values[at++]), table.delete(key));
  print(name, "left", table.size);
}
const array = b.get_table("array");
array.set(1, array.get(0)!);
const queue = b.get_table("queue");
queue.push(queue.pop()!);
print("kinds", array.get(1)!.comm === queue.pop()!.comm);
`,
    );
    const result = await runCli(["run", "-c", command, script]);
    expect(result.stderr).toBe("");
    const expected = [
      ["names", 2],
      ["keys", 2],
      ["lru", 1],
      ["cpus", 1],
    ] as const;
    const lines = expected.flatMap(([name, count]) => [
      ...Array.from({ length: count }, () => `${name} true true`),
      `${name} size ${count} ${count}`,
      ...Array.from({ length: count }, () => `${name} true true`),
      `${name} left 0`,
    ]);
    expect(result.stdout.trimEnd().split("\n")).toEqual([...lines, "kinds true"]);
  });
});
