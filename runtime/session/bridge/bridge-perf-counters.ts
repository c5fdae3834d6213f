import { UnsupportedFeatureError, ArgumentError } from "../../base/errors.ts";
import { errno, renderErrno } from "../../kernel/door/errno.ts";
import { plainPerfEvent } from "../../kernel/hooks/perf-events.ts";
import { readOnlineCpus } from "../../kernel/machine/machine.ts";
import type { Handle, KernelPort } from "../../kernel/door/port.ts";
import type { OpenMap } from "./bridge-program.ts";
import type { Handlers } from "./bridge-state.ts";

/** The calls that put counters into perf event arrays. The counters go with their program when nobody closes them. */
export function openPerfCounterCalls(
  port: KernelPort,
  requireMap: (map: number) => OpenMap,
): Handlers<"perf_event_open" | "perf_event_close"> {
  const counters = new Map<number, Handle[]>();
  const closeAll = (map: number): void => {
    for (const counter of counters.get(map) ?? []) port.linkClose(counter);
    counters.delete(map);
  };
  return {
    perf_event_open({ map, type, config, pid }) {
      const target = requireMap(map);
      closeAll(map);
      const opened: Handle[] = [];
      counters.set(map, opened);
      for (const cpu of readOnlineCpus()) {
        const event = { ...plainPerfEvent, type, config: BigInt(config), samplePeriod: 0n, sampleFreq: 0n, pid, cpu };
        const counter = port.perfCounterOpen(target.handle, cpu, event);
        if (counter < 0) {
          closeAll(map);
          throw describeFailure(target, type, config, pid, cpu, counter);
        }
        opened.push(counter);
      }
      return opened.length;
    },
    perf_event_close({ map }) {
      requireMap(map);
      closeAll(map);
      return null;
    },
  };
}

function describeFailure(
  map: OpenMap,
  type: number,
  config: string,
  pid: number,
  cpu: number,
  status: number,
): ArgumentError | UnsupportedFeatureError {
  const action = `Cannot count event type ${type} config ${config} on CPU ${cpu}`;
  if (status === errno.ENOENT || status === errno.EOPNOTSUPP || status === errno.ENODEV) {
    return new UnsupportedFeatureError(
      "perf_event",
      `${action}: this machine has no such event (${renderErrno(status)})`,
      { hint: "virtual machines seldom have hardware events: try PerfType.SOFTWARE" },
    );
  }
  if (status === errno.ESRCH) return new ArgumentError(`${action}: there is no process ${pid}`);
  if (status === errno.E2BIG)
    return new ArgumentError(`${action}: "${map.name}" has ${map.maxEntries} entries`, {
      hint: "declare it with one entry for each CPU: BPF_PERF_ARRAY(name, NUM_CPUS) and -DNUM_CPUS in cflags",
    });
  return new ArgumentError(`${action} (${renderErrno(status)})`);
}
