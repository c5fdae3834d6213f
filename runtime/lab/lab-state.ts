import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, join } from "node:path";
import { PrivilegeError, ResourceError, UsageError } from "../base/errors.ts";
import { findProcess } from "../kernel/user/process-tree.ts";
import { namePrefix } from "./plan-lab.ts";
import type { PlannedPlace } from "./plan-lab.ts";

/** What is known of a lab that is there: written before anything of it is made, removed after everything of it is gone. */
export interface LabState {
  readonly name: string;
  /** The file that it was made from. */
  readonly file: string;
  /** What the file said. */
  readonly source: string;
  readonly namespaces: readonly string[];
  readonly places: readonly PlannedPlace[];
  /** The path of its cgroup. */
  readonly cgroup: string;
  /** The process that the lab ends with; null once `lab up` has made it. */
  readonly owner: LabOwner | null;
  /** What was made, by paths: of namespaces, and of the cgroup. What has the path of a part later may be another's. */
  readonly parts: Readonly<Record<string, PartIdentity>>;
  /** The path of the part that is being made, which has no identity yet. */
  readonly making: string | null;
}

/** The file system and the number of a file in it. */
export type PartIdentity = string;

/** A process that cannot be taken for another one of the same number. */
export interface LabOwner {
  readonly pid: number;
  /** Units: clock ticks since boot. */
  readonly startTicks: number;
}

/** Namespaces end with the machine, and so does what is below /run. */
const stateFolder = "/run/bpfts/labs";
const ending = ".json";
/** The name that its file gives a lab, and behind it the process of a lab that was made for one run. */
const labName = /^[A-Za-z][\w-]*(?:\.\d+)?$/;
const placeName = /^[A-Za-z][\w-]*$/;

function renderOwnProcess(): string {
  const { pid, startTicks } = findOwnProcess();
  return `${pid}.${startTicks}`;
}

/** This process as an owner. */
export function findOwnProcess(): LabOwner {
  return { pid: process.pid, startTicks: findProcess(process.pid)!.startTicks };
}

/** Whether a lab's owner has ended without taking it down. */
export function isStale({ owner }: LabState): boolean {
  return owner !== null && !isAlive(owner);
}

function isAlive({ pid, startTicks }: LabOwner): boolean {
  return findProcess(pid)?.startTicks === startTicks;
}

/** What a path leads to; undefined where there is nothing. */
export function identifyPart(path: string): PartIdentity | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
}

/** Whether a path leads to what the lab has made there. */
export function isOwnPart({ parts }: LabState, path: string): boolean {
  return Object.hasOwn(parts, path) && parts[path] === identifyPart(path);
}

/** Lists the names of the labs that are there, also of those whose state cannot be read. @throws PrivilegeError, ResourceError */
export function listLabNames(folder = stateFolder): readonly string[] {
  return listFiles(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => name.slice(0, -ending.length))
    .filter((name) => labName.test(name))
    .sort();
}

function listFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw describeUnreadable(folder, cause as NodeJS.ErrnoException);
  }
}

/** Lists the labs that are there, by their names, without those whose state is damaged. @throws PrivilegeError, ResourceError */
export function listLabStates(folder = stateFolder): readonly LabState[] {
  return listLabNames(folder).flatMap((name) => {
    const text = readText(findStatePath(folder, name));
    return (text === undefined ? undefined : parseState(text, name)) ?? [];
  });
}

/** Finds a lab by its name. @throws PrivilegeError, ResourceError when its state cannot be read or is damaged */
export function findLabState(name: string, folder = stateFolder): LabState | undefined {
  if (!labName.test(name)) return undefined;
  const path = findStatePath(folder, name);
  const text = readText(path);
  if (text === undefined) return undefined;
  const state = parseState(text, name);
  if (state !== undefined) return state;
  throw new ResourceError(`The state of the lab "${name}" is damaged`, {
    hint: `remove it: rm ${path}; then remove the namespaces of the lab, which "ip netns list" shows as ${namePrefix}${name}.*`,
  });
}

/** Writes a lab down for the first time. @throws UsageError when there is one of this name, PrivilegeError, ResourceError */
export function claimLab(state: LabState, folder = stateFolder): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeState(state, folder, linkSync);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "EEXIST")
      throw new UsageError(`The lab "${state.name}" is up already`, { cause, hint: `bpfts lab down ${state.name}` });
    const details = { cause, hint: "run it as root" };
    if (code === "EACCES" || code === "EPERM")
      throw new PrivilegeError(`Cannot write below "${folder}": this user may not`, details);
    throw new ResourceError(`Cannot write below "${folder}": ${message}`, { cause });
  }
}

/** Writes down that a part is made, or that none is. Answers the new state. */
export function noteMaking(state: LabState, making: string | null, folder = stateFolder): LabState {
  const noted = { ...state, making };
  writeState(noted, folder, renameSync);
  return noted;
}

/** Writes down that the part that was being made is there. Answers the new state. */
export function notePart(state: LabState, path: string, folder = stateFolder): LabState {
  return noteMaking({ ...state, parts: { ...state.parts, [path]: identifyPart(path)! } }, null, folder);
}

/** Lets a lab stay when its owner ends. */
export function keepLab(state: LabState, folder = stateFolder): void {
  writeState({ ...state, owner: null }, folder, renameSync);
}

/** Makes this process the owner of a lab whose owner has ended; undefined when somebody else was faster. */
export function takeOverLab(name: string, folder = stateFolder): LabState | undefined {
  const path = findStatePath(folder, name);
  // Of two processes that rename one file, one succeeds. When that one is killed, `restoreStates` puts the file back.
  const moved = `${path}.taken.${renderOwnProcess()}`;
  try {
    renameSync(path, moved);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw describeUnreadable(path, cause as NodeJS.ErrnoException);
  }
  const state = parseState(readText(moved) ?? "", name);
  const own = state !== undefined && isStale(state) ? { ...state, owner: findOwnProcess() } : undefined;
  try {
    // Meanwhile, another process may have taken the stale lab down and made the one that was moved.
    if (own === undefined) linkSync(moved, path);
    else writeState(own, folder, linkSync);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return undefined;
    throw cause;
  }
  rmSync(moved, { force: true });
  return own;
}

/** A state that a process has moved aside, or was writing: the name of its lab, the process, and since when that ran. */
const asideName = /^(.+?)\.(json\.taken|new)\.(\d+)\.(\d+)$/;

/** Puts back what killed processes have moved aside, where no other lab has its name by now, and removes what they did not write to the end. @throws PrivilegeError, ResourceError */
export function restoreStates(folder = stateFolder): void {
  for (const file of listFiles(folder)) {
    const [, name, kind, pid, startTicks] = asideName.exec(file) ?? [];
    if (name === undefined || isAlive({ pid: Number(pid), startTicks: Number(startTicks) })) continue;
    const path = join(folder, file);
    try {
      if (kind !== "new") linkSync(path, findStatePath(folder, name));
      rmSync(path, { force: true });
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      // Another process has put it back; or there is a lab of this name, and the older one is looked at when that is gone.
      if (code !== "ENOENT" && code !== "EEXIST") throw describeUnreadable(path, cause as NodeJS.ErrnoException);
    }
  }
}

/** Forgets a lab. */
export function forgetLab(name: string, folder = stateFolder): void {
  rmSync(findStatePath(folder, name), { force: true });
}

function findStatePath(folder: string, name: string): string {
  return join(folder, `${name}${ending}`);
}

/** The text of a state; undefined where there is none. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw describeUnreadable(path, cause as NodeJS.ErrnoException);
  }
}

/** A state, unless it was cut short or names what does not belong to its lab. */
function parseState(text: string, name: string): LabState | undefined {
  let state: Partial<LabState> | null;
  try {
    state = JSON.parse(text) as Partial<LabState> | null;
  } catch {
    return undefined;
  }
  const { namespaces, places, cgroup, owner, parts } = state ?? {};
  const isWhole =
    state?.name === name &&
    owner !== undefined &&
    typeof parts === "object" &&
    parts !== null &&
    typeof cgroup === "string" &&
    basename(cgroup) === `${namePrefix}${name}` &&
    Array.isArray(namespaces) &&
    namespaces.every((namespace) => String(namespace).startsWith(`${namePrefix}${name}.`)) &&
    Array.isArray(places) &&
    places.every((place: { readonly name?: unknown }) => placeName.test(String(place.name)));
  return isWhole ? (state as LabState) : undefined;
}

function describeUnreadable(path: string, cause: NodeJS.ErrnoException): PrivilegeError | ResourceError {
  if (cause.code === "EACCES" || cause.code === "EPERM")
    return new PrivilegeError(`Cannot read the labs below "${path}": this user may not`, {
      cause,
      hint: "run it as root",
    });
  return new ResourceError(`Cannot read the labs below "${path}": ${cause.message}`, { cause });
}

/** Writes a state beside its place and puts it there whole: by `linkSync` where there must be none, by `renameSync` over another one. */
function writeState(state: LabState, folder: string, put: (from: string, to: string) => void): void {
  const beside = join(folder, `${state.name}.new.${renderOwnProcess()}`);
  const fd = openSync(beside, "w", 0o600);
  try {
    writeSync(fd, JSON.stringify(state));
    fsyncSync(fd);
    put(beside, findStatePath(folder, state.name));
  } finally {
    closeSync(fd);
    rmSync(beside, { force: true });
  }
}
