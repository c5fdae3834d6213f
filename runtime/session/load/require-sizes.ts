import { MapError } from "../../base/errors.ts";
import type { SourceLocation } from "../../base/location.ts";
import type { MapSpec } from "../../object/spec.ts";
import { findMapKind } from "../../../sdk/abi/map-kinds.ts";
import type { BuiltUnit } from "../build/build-unit.ts";

const PAGE_BYTES = 4096;
/** What the kernel puts before each record of a ring buffer. Source: BPF_RINGBUF_HDR_SZ. */
const RING_HEADER_BYTES = 8;
/** A sample counts its bytes in 16 bits, its own header and the raw data's length among them. Source: struct perf_event_header. */
const MAX_SAMPLE_BYTES = 65_535 - 32;
/** The memory of one CPU is given out in units of this size. Source: PCPU_MIN_UNIT_SIZE in include/linux/percpu.h. */
const MAX_CPU_VALUE_BYTES = 32_768;

/** Kinds whose number of entries is nobody's to say: local storage grows with what it belongs to, and libbpf counts the CPUs. */
const freeKinds = new Set([
  "PERF_EVENT_ARRAY",
  "CGROUP_STORAGE",
  "PERCPU_CGROUP_STORAGE",
  "SK_STORAGE",
  "INODE_STORAGE",
  "TASK_STORAGE",
  "CGRP_STORAGE",
  "STRUCT_OPS",
]);

/**
 * Stops at a map that the kernel would refuse with a bare "invalid argument" for its size, and at an event that can never fit its buffer.
 *
 * @param locate from an offset in the C text to the user's file
 * @throws MapError at the map
 */
export function requireSizes(unit: BuiltUnit, locate: (offset: number) => SourceLocation | undefined): void {
  for (const map of unit.spec.maps) {
    const decl = unit.maps.find(({ name }) => name === map.name);
    if (decl?.sharing === "extern" || map.name.startsWith(".")) continue;
    const wrong = describeSize(map) ?? describeEvent(map, unit);
    if (wrong === undefined) continue;
    const location = decl && locate(decl.offset);
    throw new MapError(`Cannot create map "${map.name}": ${wrong.reason}`, {
      hint: wrong.hint,
      ...(location !== undefined && { location }),
    });
  }
}

interface WrongSize {
  readonly reason: string;
  readonly hint: string;
}

function describeSize({ type, maxEntries, value }: MapSpec): WrongSize | undefined {
  const kind = findMapKind(type);
  if (kind === undefined || freeKinds.has(kind.name)) return undefined;
  const isRing = kind.carriesEvents === true;
  if (maxEntries === 0)
    return isRing
      ? { reason: "it has no pages", hint: "give a number of pages that is a power of two: 64 hold 256 KiB of events" }
      : { reason: "it has no entries", hint: "give the largest number of entries that it shall hold" };
  if (kind.isPerCpu === true && value !== undefined && value.size > MAX_CPU_VALUE_BYTES)
    return {
      reason: `a value of ${value.size} bytes is too large, those of a table with a value for each CPU have at most ${MAX_CPU_VALUE_BYTES}`,
      hint: "use BPF_ARRAY or BPF_HASH with the CPU's number as the key, bpf_get_smp_processor_id()",
    };
  return undefined;
}

function describeEvent(map: MapSpec, { eventStructs, spec }: BuiltUnit): WrongSize | undefined {
  const name = eventStructs[map.name];
  const size = name === undefined ? undefined : spec.structs[name]?.size;
  const kind = findMapKind(map.type)?.name;
  if (size === undefined) return undefined;
  if (kind === "PERF_EVENT_ARRAY" && size > MAX_SAMPLE_BYTES)
    return {
      reason: `an event of ${size} bytes ("${name}") fits no perf buffer, which takes ${MAX_SAMPLE_BYTES} at most`,
      hint: "send it in parts, or in a ring buffer: BPF_RINGBUF_OUTPUT(name, pages)",
    };
  if (kind === "RINGBUF" && size + RING_HEADER_BYTES > roundToPages(map.maxEntries))
    return {
      reason: `an event of ${size} bytes ("${name}") does not fit its buffer of ${map.maxEntries}`,
      hint: `give it more pages: BPF_RINGBUF_OUTPUT(${map.name}, ${roundToPages(4 * size) / PAGE_BYTES})`,
    };
  return undefined;
}

/** Units: bytes; the power of two of pages that libbpf makes of a size. Source: adjust_ringbuf_sz. */
function roundToPages(bytes: number): number {
  return PAGE_BYTES * 2 ** Math.ceil(Math.log2(Math.max(1, bytes / PAGE_BYTES)));
}
