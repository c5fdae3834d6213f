/** What scripts import as "bpfts". `sdk/README.md` is its manual. */
import "./wire/dispose-symbols.ts";
import "./wire/engine-faults.ts";
import "./wire/error-stacks.ts";
import "./guest/globals.ts";
import "./live/install-live.ts";

export { parse_args } from "./arguments/parse-args.ts";
export { tool_options } from "./arguments/tool-options.ts";
export { interval_options, positive_int, positive_seconds } from "./arguments/interval-options.ts";
export { process_id, thread_id } from "./arguments/process-options.ts";
export { heatmap_options, picture_options } from "./arguments/picture-options.ts";
export { stack_options } from "./arguments/stack-options.ts";
export { is_none_of, port_list } from "./arguments/port-list.ts";
export type { ArgumentSpec, ArgumentType, ArgumentValues, CommandLineSpec } from "./arguments/argument-spec.ts";
export { BPF } from "./program/bpf.ts";
export type { BpfClass } from "./program/bpf.ts";
export type {
  FuncOptions,
  KprobeOptions,
  KprobeTarget,
  FreplaceOptions,
  KretprobeOptions,
  StructOpsOptions,
  RawTracepointOptions,
  RunsFunction,
  TracepointOptions,
  TracepointTarget,
  UprobeOptions,
  UprobeTarget,
} from "./program/attach-options.ts";
export type {
  PerfEventAttr,
  PerfEventOptions,
  PerfEventRawOptions,
  PerfEventTarget,
} from "./program/perf-options.ts";
export { NetworkLink } from "./program/network-link.ts";
export type {
  NamespaceOptions,
  NetfilterOptions,
  NetkitOptions,
  OnDevice,
  RawSocketOptions,
  TcOptions,
  XdpOptions,
} from "./program/network-options.ts";
export type { NetworkNamespaceName } from "./wire/network-calls.ts";
export type { BpfOptions, BuildOptions } from "./program/bpf-options.ts";
export { files_by_descriptor } from "./program/files-by-descriptor.ts";
export { find_function, function_entry, function_return, have_function_probes } from "./program/function-probes.ts";
export type { FunctionProbeOptions } from "./program/function-probes.ts";
export { BpfFunction } from "./tables/bpf-function.ts";
export { LpmTable } from "./tables/table-lpm.ts";
export { capability_name } from "./queries/capability-names.ts";
export { cgroup_id, filter_by_containers, have_container_filter, mntns_id, netns_id } from "./queries/containers.ts";
export type { ContainerFilter } from "./queries/containers.ts";
export { errno_name, errno_number } from "./queries/errno-names.ts";
export {
  AttachError,
  BpfError,
  ClosedError,
  CompileError,
  DecodeError,
  DialectError,
  InternalError,
  Interrupt,
  MapError,
  PrivilegeError,
  ResourceError,
  ScriptError,
  ToolchainError,
  UnsupportedFeatureError,
  ArgumentError,
  VerifierError,
} from "./wire/errors.ts";
export type { ErrorCode, ErrorLocation } from "./wire/errors.ts";
export type { AttachErrorReason, MapErrorReason } from "./wire/error-message.ts";
export { EventStream } from "./events/event-stream.ts";
export type { HistogramOptions } from "./tables/histogram.ts";
export { lab_place, lab_places } from "./queries/lab.ts";
export type { LabPlace } from "./wire/lab-place.ts";
export { flag_names, open_flags } from "./queries/flag-names.ts";
export type { FlagTable } from "./queries/flag-names.ts";
export { AF_INET, AF_INET6, address_text, inet_ntop, inet_pton } from "./addresses/ip-address.ts";
export { cidr, ipv4, ipv6, mac, mac_text } from "./addresses/address-values.ts";
export {
  htonl,
  htons,
  ip_protocol_name,
  ntohl,
  ntohs,
  tcp_flag_names,
  tcp_state_name,
  tcpstate,
} from "./queries/network.ts";
export { decode_packet, make_packet } from "./lazy/packets.ts";
export { expect, replay, test } from "./lazy/tests.ts";
export type { Expectation, ReplayOptions, ReplayedRun, TestOptions } from "./tests/test-shapes.ts";
export { pcap } from "./report/pcap.ts";
export type { CapturedPacket } from "./report/pcap.ts";
export type {
  ArpLayer,
  EthernetLayer,
  IcmpLayer,
  Ipv4Layer,
  Ipv6Extension,
  Ipv6Layer,
  Packet,
  PacketFields,
  TcpLayer,
  UdpLayer,
  VlanLayer,
  VxlanLayer,
} from "./packets/packet-layers.ts";
export { decode_text } from "./print/decode-text.ts";
export { eprint, flush, print, printf, sprintf } from "./print/output.ts";
export {
  PerfCache,
  PerfCacheOp,
  PerfCacheResult,
  PerfHWConfig,
  PerfSWConfig,
  PerfType,
  cache_config,
} from "./program/perf-types.ts";
export {
  DEBUG_BPF,
  DEBUG_BPF_REGISTER_STATE,
  DEBUG_BTF,
  DEBUG_LLVM_IR,
  DEBUG_PREPROCESSOR,
  DEBUG_SOURCE,
} from "./program/debug-bits.ts";
export { BPFAttachType, BPFProgType } from "./abi/program-types.ts";
export type { ChildCommand } from "./guest/process.ts";
export { argv, command, exit, monotonic_ns, on_exit, possible_cpus, read_file, script_name } from "./guest/process.ts";
export type { EventCallback } from "./events/rings.ts";
export { elapsed_column, time_column } from "./time/time-columns.ts";
export { RowPrinter, is_json_output, json_output } from "./print/row-printer.ts";
export type { Column, RowOptions } from "./print/row-printer.ts";
export { TopScreen, loadavg_title } from "./report/top-screen.ts";
export type { TopOptions } from "./report/top-screen.ts";
export { poll_events } from "./events/poll-events.ts";
export { intervals } from "./events/intervals.ts";
export { print_intervals } from "./report/print-intervals.ts";
export type { IntervalOptions } from "./report/print-intervals.ts";
export { record_stack } from "./report/record-stack.ts";
export type { RecordedStack } from "./report/record-stack.ts";
export type { StackUnit } from "./wire/stack-message.ts";
export { StackPrinter } from "./report/stack-printer.ts";
export type { MergedStack, StackFrames, StackLayout, StackRow } from "./report/stack-printer.ts";
export { report } from "./report/report.ts";
export type { ReportOptions, ReportedPrint, ReportedTable } from "./report/report-options.ts";
export { sleep } from "./events/sleep.ts";
export { sleep_async } from "./events/sleep-async.ts";
export type { CancelOptions, CancelSignal } from "./events/cancel.ts";
export { terminal } from "./print/terminal.ts";
export type { Terminal } from "./print/terminal.ts";
export type { BuildIdFrame, SymbolOptions } from "./queries/symbols.ts";
export { filter_by_process } from "./arguments/filter-by-process.ts";
export type { ProcessFilter } from "./arguments/filter-by-process.ts";
export { signal_name, signal_number } from "./queries/signal-names.ts";
export { syscall_name, syscall_number } from "./queries/syscall-names.ts";
export { user_id, user_name } from "./queries/users.ts";
export { BPF_ANY, BPF_EXIST, BPF_NOEXIST, Table } from "./tables/table.ts";
export type { BigintColumn, ColumnOf, NumberColumn, TableColumns } from "./tables/table-columns.ts";
export { BloomFilterTable } from "./tables/table-bloom.ts";
export { PerCpuTable } from "./tables/table-percpu.ts";
export { QueueStackTable } from "./tables/table-queue.ts";
export { MapOfMapsTable } from "./tables/table-of-maps.ts";
export type { InnerEntries } from "./tables/table-of-maps.ts";
export { ReferenceTable } from "./tables/table-reference.ts";
export type { SocketReference, TableReference } from "./tables/table-reference.ts";
export { EventTable } from "./events/table-ring.ts";
export type { EventOptions } from "./events/event-options.ts";
export type { PerfBufferOptions } from "./events/table-ring.ts";
export { BuildIdStackTable, StackTraceTable } from "./tables/table-stack-trace.ts";
export { StorageTable } from "./tables/table-storage.ts";
export { UserRingTable } from "./tables/table-user-ring.ts";
export type { AnyTables, DynamicTable, PerfArrayTable, UnknownTables } from "./program/table-choice.ts";
export type { AddressKeyed, CgroupStorageKey, EventOf, TableName, TableOf, TablesOf } from "./program/table-types.ts";
export type { FunctionName } from "./ctypes/function-names.ts";
export type { ProgramRun } from "./runs/run-program.ts";
export type { FlowKeys, TestContext } from "./runs/test-contexts.ts";
export type { TestRun, TestRunOptions } from "./runs/test-run.ts";
export type { IteratorOptions, IteratorOutput } from "./program/iterator-output.ts";
export type { Integers, TableOptions } from "./program/integers.ts";
export { strftime } from "./time/time-format.ts";
export { clearInterval, clearTimeout, setInterval, setTimeout } from "./time/timers.ts";
export type { TraceFields, TraceOptions, TracePrintOptions } from "./queries/trace.ts";
export { USDT } from "./program/usdt.ts";
export type { UsdtOptions, UsdtProbe, UsdtProbeLocation } from "./program/usdt.ts";
