import { findMapKind } from "../abi/map-kinds.ts";
import type { MapKind } from "../abi/map-kinds.ts";
import type { MapReply } from "../wire/protocol.ts";
import { BloomFilterTable } from "../tables/table-bloom.ts";
import { LpmTable } from "../tables/table-lpm.ts";
import { PerCpuTable } from "../tables/table-percpu.ts";
import { QueueStackTable } from "../tables/table-queue.ts";
import {
  ReferenceTable,
  cgroupReference,
  functionReference,
  registerTable,
  socketReference,
} from "../tables/table-reference.ts";
import type { ReferenceKind } from "../tables/table-reference.ts";
import { MapOfMapsTable } from "../tables/table-of-maps.ts";
import { EventTable } from "../events/table-ring.ts";
import { BuildIdStackTable, StackTraceTable } from "../tables/table-stack-trace.ts";
import { StorageTable, fileOwner, processOwner } from "../tables/table-storage.ts";
import { UserRingTable } from "../tables/table-user-ring.ts";
import { Table } from "../tables/table.ts";
import type { TableOwner } from "../tables/table-base.ts";

/** Every class that a table may be of. */
export type AnyTable =
  | Table
  | PerCpuTable
  | StackTraceTable
  | BuildIdStackTable
  | QueueStackTable
  | EventTable
  | BloomFilterTable
  | ReferenceTable
  | StorageTable
  | UserRingTable;

/** Source: BPF_F_STACK_BUILD_ID in include/uapi/linux/bpf.h. */
const STACK_BUILD_ID = 32;

type Maker = (info: MapReply, owner: TableOwner) => AnyTable;

const makeReference =
  <Target>(kind: ReferenceKind<Target>): Maker =>
  (info, owner) =>
    new ReferenceTable<unknown, Target>(info, owner, kind) as ReferenceTable;
const makeStorage =
  <Target>(kind: ReferenceKind<Target>): Maker =>
  (info, owner) =>
    new StorageTable<Target>(info, owner, kind) as StorageTable;

const references = {
  function: makeReference(functionReference),
  cgroup: makeReference(cgroupReference),
  map: (info: MapReply, owner: TableOwner) => new MapOfMapsTable(info, owner, makeTable) as ReferenceTable,
  socket: makeReference(socketReference),
};
const storages = {
  socket: makeStorage(socketReference),
  file: makeStorage(fileOwner),
  process: makeStorage(processOwner),
  cgroup: makeStorage(cgroupReference),
};

/** The kinds with a class of their own, by the kernel's name. */
const makers: Readonly<Record<string, Maker>> = {
  PERF_EVENT_ARRAY: (info, owner) => new EventTable(info, owner, "perf"),
  STACK_TRACE: (info, owner) =>
    (info.flags & STACK_BUILD_ID) === 0 ? new StackTraceTable(info, owner) : new BuildIdStackTable(info, owner),
  QUEUE: (info, owner) => new QueueStackTable(info, owner),
  STACK: (info, owner) => new QueueStackTable(info, owner),
  RINGBUF: (info, owner) => new EventTable(info, owner, "ring"),
  LPM_TRIE: (info, owner) => new LpmTable(info, owner),
  BLOOM_FILTER: (info, owner) => new BloomFilterTable(info, owner),
  USER_RINGBUF: (info, owner) => new UserRingTable(info, owner),
};

function findMaker(kind: MapKind | undefined): Maker | undefined {
  if (kind?.holds !== undefined) return references[kind.holds];
  if (kind?.owner !== undefined) return storages[kind.owner];
  return kind?.isPerCpu === true ? (info, owner) => new PerCpuTable(info, owner) : makers[kind?.name ?? ""];
}

/** Makes the table of a map, of the class that its kind asks for. */
export function makeTable(info: MapReply, owner: TableOwner): AnyTable {
  return registerTable(findMaker(findMapKind(info.type))?.(info, owner) ?? new Table(info, owner), info.map);
}
