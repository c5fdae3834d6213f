import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();

const write = (name: string, column: string): string =>
  writeScript(
    folder,
    name,
    `import { BPF, RowPrinter, command, json_output, argv } from "bpfts";
const b = new BPF({ text: \`
struct event_t { u32 mode; u32 pid; char comm[16]; char path[64]; };
BPF_RINGBUF_OUTPUT(events, 8);
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {
    if (bpf_get_current_pid_tgid() >> 32 != COMMAND) return 0;
    struct event_t event = { .mode = args->mode & 0777, .pid = 7 };
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    bpf_probe_read_user_str(&event.path, sizeof(event.path), args->pathname);
    events.ringbuf_output(&event, sizeof(event), 0);
    return 0;
}\`, cflags: ["-DCOMMAND=" + command!.pid] });
interface Event { readonly mode: number; readonly pid: number; readonly comm: string; readonly path: string }
json_output(argv.includes("--json"));
const rows = new RowPrinter<Event>([
  { head: "PID", format: "%-6d", value: "pid" },
  { head: "COMM", format: "%-8s", value: "comm" },
  ${column},
  { head: "PATH", format: "%s", value: "path" },
]);
rows.print_header();
b.table<never, Event>("events").print_rows(rows);
for (;;) b.ring_buffer_poll();
`,
  );
const plain = write("plain.ts", '{ head: "MODE", format: "%5d", value: "mode" }');
const computed = write("computed.ts", '{ head: "MODE", format: "%5d", value: ({ mode }) => mode }');
const places = ["one", "t\\two", "größe"].map((name) => join(folder, name));

async function listRows(script: string, options: readonly string[] = [], ...args: string[]): Promise<string> {
  const command = `mkdir ${places.map((place) => `'${place}'`).join(" ")}`;
  const { status, stdout, stderr } = await runCli(["run", "-c", command, ...options, script, "--", ...args]);
  for (const place of places) rmSync(place, { recursive: true });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

describe("events.print_rows", () => {
  it("prints the same rows outside of the script and by the script", async () => {
    const wanted = `PID    COMM      MODE PATH\n${places.map((place) => `7      mkdir      511 ${place}\n`).join("")}`;
    expect([await listRows(plain), await listRows(computed)]).toEqual([wanted, wanted]);
  });

  it("prints JSON, chosen rows and so many events as ever", async () => {
    const json = places.map((path) => `${JSON.stringify({ pid: 7, comm: "mkdir", mode: 511, path })}\n`).join("");
    expect(await listRows(plain, [], "--json")).toBe(json);
    expect((await listRows(plain, ["--filter", "path~one"])).split("\n")).toHaveLength(3);
    expect((await listRows(plain, ["--max-events", "2"])).split("\n")).toHaveLength(4);
    expect(await listRows(plain, ["--fields", "mode"])).toBe(" MODE\n  511\n  511\n  511\n");
  });
});
