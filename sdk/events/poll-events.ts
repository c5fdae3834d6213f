import { requireNumber } from "../checks/check-options.ts";
import { makeArgumentError } from "../wire/errors.ts";
import { haveOpenRing, pollRings, takeEvents } from "./rings.ts";

/**
 * Hands the events of all open buffers to their callbacks, for so many seconds, or until all buffers are closed. Ctrl-C, or the end of the command of `-c`, ends it
 * with an `Interrupt`, as it ends every wait; events that came before go to their callbacks first. Units: seconds.
 *
 * @throws Interrupt at Ctrl-C and the end of the command; BpfError when no buffer is open
 *
 * @example
 * import { BPF, poll_events, printf } from "bpfts";
 * const b = new BPF({
 *   text: `
 * struct data_t { u32 pid; };
 * BPF_PERF_OUTPUT(events);
 * TRACEPOINT_PROBE(sched, sched_process_exec) {
 *     struct data_t data = { .pid = bpf_get_current_pid_tgid() >> 32 };
 *     events.perf_submit(args, &data, sizeof(data));
 *     return 0;
 * }`,
 * });
 * b.tables.events.open_perf_buffer(({ pid }) => printf("%d\n", pid));
 * poll_events(1);
 */
export function poll_events(seconds: number = Number.POSITIVE_INFINITY): void {
  requireNumber("poll_events()", "its seconds", seconds);
  if (!haveOpenRing("any"))
    throw makeArgumentError(
      "poll_events() hands over events, and no buffer is open",
      "open one before: b.tables.events.open_ring_buffer(callback); to wait for something else there are sleep(seconds) and intervals(seconds)",
    );
  const end = Date.now() + seconds * 1000;
  for (let left = seconds * 1000; left > 0 && haveOpenRing("any"); left = end - Date.now())
    pollRings("any", left === Infinity ? -1 : left);
  takeEvents();
}
