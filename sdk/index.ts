/** What scripts import as "bpfts". `sdk/README.md` is its manual. */
import "./globals.ts";

export { BPF } from "./bpf.ts";
export type { KprobeOptions, PerfEventOptions, TracepointOptions, UprobeOptions } from "./attach-options.ts";
export type { BpfOptions } from "./bpf.ts";
export { errno_name } from "./errno-names.ts";
export { BpfError, Interrupt } from "./errors.ts";
export type { ErrorLocation } from "./errors.ts";
export { EventStream } from "./event-stream.ts";
export type { HistogramOptions } from "./histogram.ts";
export { AF_INET, AF_INET6, htonl, htons, inet_ntop, inet_pton, ntohl, ntohs, tcp_flag_names, tcp_state_name, tcpstate } from "./network.ts";
export { eprint, flush, print, printf, sprintf } from "./output.ts";
export { PerfHWConfig, PerfSWConfig, PerfType } from "./perf-types.ts";
export { argv, command, exit, monotonic_ns, on_exit, possible_cpus, read_file } from "./process.ts";
export type { EventCallback } from "./rings.ts";
export { sleep } from "./sleep.ts";
export type { SymbolOptions } from "./symbols.ts";
export { syscall_name } from "./syscall-names.ts";
export { Table } from "./table.ts";
export { PerCpuTable } from "./table-percpu.ts";
export { QueueStackTable } from "./table-queue.ts";
export { EventTable } from "./table-ring.ts";
export type { PerfBufferOptions } from "./table-ring.ts";
export { StackTraceTable } from "./table-stack-trace.ts";
export type { DynamicTable, EventOf, TableName, TableOf } from "./table-types.ts";
export { strftime } from "./time-format.ts";
export { clearInterval, clearTimeout, setInterval, setTimeout } from "./timers.ts";
export type { TraceFields, TraceOptions, TracePrintOptions } from "./trace.ts";
