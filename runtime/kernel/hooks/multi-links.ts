import { BPFAttachType, BPFProgType } from "../../../sdk/abi/program-types.ts";
import { errno } from "../door/errno.ts";
import type { Handle, KernelPort } from "../door/port.ts";
import type { ProgramRequest } from "./program-kinds.ts";

/** A place that one link can hold together with others of its kind. */
export type MultiPlace =
  | {
      readonly kind: "uprobe";
      readonly path: string;
      /** -1 for every process. */
      readonly pid: number;
      readonly retprobe: boolean;
      /** Units: bytes from the start of the file. */
      readonly offset: bigint;
      readonly refCtrOffset: bigint;
      /** A number that the program expects there; 0n for none, then it gets the number of the name. */
      ownCookie?(): bigint;
    }
  | {
      readonly kind: "kprobe";
      readonly retprobe: boolean;
      /** One run of the program at the entry decides whether there is one at the return. */
      readonly session?: boolean;
      readonly addresses: readonly bigint[];
    };

/** One place on its way to a link, with the thing that asked for it. */
export interface PlacedRow<Owner> {
  readonly owner: Owner;
  readonly place: MultiPlace;
  readonly cookie: bigint;
}

/** A link and who is on it. */
export interface MultiLink<Owner> {
  readonly handle: Handle;
  readonly owners: readonly Owner[];
}

/** What became of many places. */
export interface MultiResult<Owner> {
  readonly links: readonly MultiLink<Owner>[];
  readonly failed: readonly Owner[];
}

const rows = {
  uprobe: { attachType: BPFAttachType.TRACE_UPROBE_MULTI, since: version(6, 6) },
  kprobe: { attachType: BPFAttachType.TRACE_KPROBE_MULTI, since: version(5, 18) },
  session: { attachType: BPFAttachType.TRACE_KPROBE_SESSION, since: version(6, 10) },
} as const;

function findRow(place: MultiPlace): (typeof rows)[keyof typeof rows] {
  return rows[isSession(place) ? "session" : place.kind];
}

/** Whether a place is entry and return in one, which only a shared link can be. */
export function isSession(place: MultiPlace | undefined): boolean {
  return place?.kind === "kprobe" && place.session === true;
}

/** Before, the kernel compared threads where it should have compared processes, so that a process's other threads were not seen. */
const pidSince = version(6, 10);

function version(major: number, minor: number): number {
  return (major << 16) | (minor << 8);
}

/** Whether one link may hold all of some places on a kernel of this version. `versionCode` as in LINUX_VERSION_CODE. */
export function canShareLink(places: readonly (MultiPlace | undefined)[], versionCode: number): boolean {
  const [first] = places;
  if (first === undefined || versionCode < findRow(first).since) return false;
  return places.every(
    (place) => place?.kind === first.kind && (place.kind !== "uprobe" || place.pid <= 0 || versionCode >= pidSince),
  );
}

/** How a program is loaded that sits on such links: it can sit on no other ones. */
export function describeMultiProgram(program: ProgramRequest, place: MultiPlace): ProgramRequest {
  return { ...program, type: BPFProgType.KPROBE, expectedAttachType: findRow(place).attachType };
}

/** Whether a program was loaded for links of many places. */
export function isMultiProgram({ type, expectedAttachType }: ProgramRequest): boolean {
  return type === BPFProgType.KPROBE && Object.values(rows).some(({ attachType }) => attachType === expectedAttachType);
}

/**
 * Attaches a program to many places by as few links as there can be: one for each binary and process. The kernel refuses a set
 * for one place that it refuses; the set is halved then until those places stand alone.
 */
export function attachTogether<Owner>(
  port: KernelPort,
  program: Handle,
  placed: readonly PlacedRow<Owner>[],
): MultiResult<Owner> {
  const links: MultiLink<Owner>[] = [];
  const failed: Owner[] = [];
  const attach = (set: readonly PlacedRow<Owner>[]): void => {
    const handle = openLink(port, program, set);
    if (handle >= 0) links.push({ handle, owners: set.map(({ owner }) => owner) });
    else if (set.length === 1 || hopeless.includes(handle)) failed.push(...set.map(({ owner }) => owner));
    else {
      const middle = set.length >> 1;
      attach(set.slice(0, middle));
      attach(set.slice(middle));
    }
  };
  for (const set of groupRows(placed)) attach(set);
  return { links, failed };
}

/** What says something of the whole set: a kernel without such links, a right that lacks, a process that is gone. */
const hopeless: readonly number[] = [errno.EOPNOTSUPP, errno.EPERM, errno.EACCES, errno.ESRCH, errno.E2BIG];

function groupRows<Owner>(placed: readonly PlacedRow<Owner>[]): Iterable<readonly PlacedRow<Owner>[]> {
  const groups = new Map<string, PlacedRow<Owner>[]>();
  for (const row of placed) {
    const { place } = row;
    const key = place.kind === "kprobe" ? `${place.retprobe}` : `${place.retprobe} ${place.pid} ${place.path}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups.values();
}

function openLink<Owner>(port: KernelPort, program: Handle, set: readonly PlacedRow<Owner>[]): Handle {
  const { place: first } = set[0]!;
  if (first.kind === "kprobe") {
    const cookies: bigint[] = [];
    const addresses = set.flatMap(({ place, cookie }) => {
      const own = place.kind === "kprobe" ? place.addresses : [];
      cookies.push(...own.map(() => cookie));
      return own;
    });
    return port.attachKprobeMulti(
      program,
      packNumbers(addresses),
      packNumbers(cookies),
      first.retprobe,
      isSession(first),
    );
  }
  const places = set.map(({ place, cookie }) =>
    place.kind === "uprobe" ? { ...place, cookie: place.ownCookie?.() || cookie } : { ...first, cookie },
  );
  const semaphores = places.map(({ refCtrOffset }) => refCtrOffset);
  return port.attachUprobeMulti(program, {
    path: first.path,
    pid: first.pid,
    retprobe: first.retprobe,
    offsets: packNumbers(places.map(({ offset }) => offset)),
    refCtrOffsets: semaphores.some((offset) => offset !== 0n) ? packNumbers(semaphores) : new Uint8Array(0),
    cookies: packNumbers(places.map(({ cookie }) => cookie)),
  });
}

function packNumbers(numbers: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(numbers).buffer);
}
