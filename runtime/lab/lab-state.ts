import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { PrivilegeError, ResourceError, UsageError } from "../base/errors.ts";
import { listFolder } from "../base/list-folder.ts";
import { findProcess } from "../kernel/user/process-tree.ts";
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
}

/** A process that cannot be taken for another one of the same number. */
export interface LabOwner {
  readonly pid: number;
  /** Units: clock ticks since boot. */
  readonly startTicks: number;
}

/** Namespaces end with the machine, and so does what is below /run. */
const stateFolder = "/run/bpfts/labs";

/** This process as an owner. */
export function findOwnProcess(): LabOwner {
  return { pid: process.pid, startTicks: findProcess(process.pid)!.startTicks };
}

/** Whether a lab's owner has ended without taking it down. */
export function isStale({ owner }: LabState): boolean {
  return owner !== null && findProcess(owner.pid)?.startTicks !== owner.startTicks;
}

/** Lists the labs that are there, by their names. */
export function listLabStates(): readonly LabState[] {
  return listFolder(stateFolder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .flatMap((name) => findLabState(name.slice(0, -".json".length)) ?? []);
}

/** Finds a lab by its name. */
export function findLabState(name: string): LabState | undefined {
  try {
    return JSON.parse(readFileSync(findStatePath(name), "utf8")) as LabState;
  } catch {
    return undefined;
  }
}

/** Writes a lab down for the first time. @throws UsageError when there is one of this name, PrivilegeError, ResourceError */
export function claimLab(state: LabState): void {
  try {
    mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
    writeState(state, "wx");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "EEXIST")
      throw new UsageError(`The lab "${state.name}" is up already`, { cause, hint: `bpfts lab down ${state.name}` });
    const details = { cause, hint: "run it as root" };
    if (code === "EACCES" || code === "EPERM")
      throw new PrivilegeError(`Cannot write below "${stateFolder}": this user may not`, details);
    throw new ResourceError(`Cannot write below "${stateFolder}": ${message}`, { cause });
  }
}

/** Lets a lab stay when its owner ends. */
export function keepLab(state: LabState): void {
  writeState({ ...state, owner: null }, "w");
}

/** Forgets a lab. */
export function forgetLab(name: string): void {
  rmSync(findStatePath(name), { force: true });
}

function findStatePath(name: string): string {
  return join(stateFolder, `${name}.json`);
}

function writeState(state: LabState, flags: "w" | "wx"): void {
  const fd = openSync(findStatePath(state.name), flags, 0o600);
  try {
    writeSync(fd, JSON.stringify(state));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
