import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildProgram, startProgram } from "../support/own-program.ts";
import { makeFolder, startCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const server = buildProgram("queries.c", join(folder, "queries"));

/** Ways to wait for events until Ctrl-C; each prints the number of each event. */
const ways = {
  perf_buffer_poll: ["PERF", "b.get_table('events').open_perf_buffer(show); for (;;) b.perf_buffer_poll();"],
  ring_buffer_poll: ["RING", "b.get_table('events').open_ring_buffer(show); for (;;) b.ring_buffer_poll();"],
  "poll_events in the order of time": [
    "PERF",
    "b.get_table('events').open_perf_buffer(show, { by_time: true }); poll_events();",
  ],
  "a loop over events": ["PERF", "for (const event of b.events('events')) show(event);"],
  "a loop in a promise": ["PERF", "for await (const event of b.events('events')) show(event);"],
  "a loop over events of a ring": ["RING", "for (const event of b.events('events')) show(event);"],
} as const;

describe("events that come just before Ctrl-C", () => {
  it.each(Object.entries(ways))("are handed over by %s", async (name, [kind, wait]) => {
    const output = kind === "PERF" ? "BPF_PERF_OUTPUT(events)" : "BPF_RINGBUF_OUTPUT(events, 8)";
    const submit =
      kind === "PERF" ? "events.perf_submit(ctx, &e, sizeof(e))" : "events.ringbuf_output(&e, sizeof(e), 0)";
    const program = await startProgram(server);
    const script = writeScript(
      folder,
      `${name.replaceAll(/\W/g, "-")}.ts`,
      `import { BPF, Interrupt, USDT, poll_events, print } from "bpfts";
const u = new USDT({ pid: ${program.pid} }).enable_probe({ probe: "query__done", fn_name: "on_done" });
const b = new BPF({ usdt_contexts: [u], text: \`
struct event { u32 number; };
${output};
BPF_ARRAY(count, u32, 1);
int on_done(struct pt_regs *ctx) {
  int zero = 0;
  u32 *number = count.lookup(&zero);
  struct event e = {};
  if (!number) return 0;
  e.number = ++*number;
  ${submit};
  return 0;
}\` });
const show = (event: { readonly number: number }): void => print("event", event.number);
print("attached");
try { ${wait} } catch (error) { if (!(error instanceof Interrupt)) throw error; }
print("end", poll_events.name);
`,
    );
    const run = startCli(["run", script], { cwd: folder });
    await run.waitFor("attached\n");
    // A loop opens its buffer after that.
    await new Promise((resolve) => setTimeout(resolve, 500));
    await program.turn();
    run.child.kill("SIGINT");
    const { status, stdout, stderr } = await run.ended;
    await program.end();
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toBe("attached\nevent 1\nevent 2\nevent 3\nend poll_events\n");
  });
});
