import type { MapReply } from "../wire/protocol.ts";
import { BloomFilterTable } from "../tables/table-bloom.ts";
import { PerCpuTable } from "../tables/table-percpu.ts";
import { QueueStackTable } from "../tables/table-queue.ts";
import {
  ReferenceTable,
  cgroupReference,
  functionReference,
  registerTable,
  socketReference,
  tableReference,
} from "../tables/table-reference.ts";
import type { ReferenceKind } from "../tables/table-reference.ts";
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

const makePerCpu: Maker = (info, owner) => new PerCpuTable(info, owner);
const makeQueue: Maker = (info, owner) => new QueueStackTable(info, owner);
const makeReference =
  <Target>(kind: ReferenceKind<Target>): Maker =>
  (info, owner) =>
    new ReferenceTable<unknown, Target>(info, owner, kind) as ReferenceTable;
const makeStorage =
  <Target>(kind: ReferenceKind<Target>): Maker =>
  (info, owner) =>
    new StorageTable<Target>(info, owner, kind) as StorageTable;

/** The kinds that are more than keys and values, by number. Source: enum bpf_map_type */
const makers: Readonly<Record<number, Maker>> = {
  3: makeReference(functionReference),
  4: (info, owner) => new EventTable(info, owner, "perf"),
  5: makePerCpu,
  6: makePerCpu,
  7: (info, owner) =>
    (info.flags & STACK_BUILD_ID) === 0 ? new StackTraceTable(info, owner) : new BuildIdStackTable(info, owner),
  8: makeReference(cgroupReference),
  10: makePerCpu,
  12: makeReference(tableReference),
  13: makeReference(tableReference),
  15: makeReference(socketReference),
  17: makeReference(socketReference),
  18: makeReference(socketReference),
  20: makeReference(socketReference),
  21: makePerCpu,
  22: makeQueue,
  23: makeQueue,
  24: makeStorage(socketReference),
  27: (info, owner) => new EventTable(info, owner, "ring"),
  28: makeStorage(fileOwner),
  29: makeStorage(processOwner),
  30: (info, owner) => new BloomFilterTable(info, owner),
  31: (info, owner) => new UserRingTable(info, owner),
  32: makeStorage(cgroupReference),
};

/** Makes the table of a map, of the class that its kind asks for. */
export function makeTable(info: MapReply, owner: TableOwner): AnyTable {
  return registerTable(makers[info.type]?.(info, owner) ?? new Table(info, owner), info.map);
}
