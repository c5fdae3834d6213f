import { PerfHWConfig, PerfSWConfig } from "../../../sdk/program/perf-types.ts";
import type { ProbeSource } from "./probe.ts";
import { systemFiles } from "../../kernel/door/system-files.ts";

/** Counts that the kernel keeps itself. */
export const softwareSource = makeEventSource("software", ["s"], "SOFTWARE", "PerfSWConfig", PerfSWConfig);

/** Counts that the processor keeps. */
export const hardwareSource: ProbeSource = {
  ...makeEventSource("hardware", ["h"], "HARDWARE", "PerfHWConfig", PerfHWConfig),
  findObstacle: () =>
    // Processors with cores of two kinds have a unit for each.
    ["cpu", "cpu_core", "armv8_pmuv3_0"].some((unit) => systemFiles.exists(`/sys/bus/event_source/devices/${unit}`))
      ? undefined
      : "the processor shows no counters here, as in most virtual machines",
};

function makeEventSource(
  kind: string,
  aliases: readonly string[],
  type: string,
  table: string,
  configs: Readonly<Record<string, number>>,
): ProbeSource {
  const words = new Map(Object.keys(configs).map((word) => [word.toLowerCase().replaceAll("_", "-"), word]));
  return {
    kind,
    aliases,
    title: kind === "software" ? "perf events that the kernel counts" : "perf events that the processor counts",
    list: (_, query) => [...words.keys()].filter((name) => query.test(name)).map((name) => ({ kind, name })),
    describe: (_, { name }) => ({
      args: [],
      use: `b.attach_perf_event({ ev_type: PerfType.${type}, ev_config: ${table}.${words.get(name)}, sample_period: 1000, fn_name: "…" })`,
    }),
  };
}
