import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PrivilegeError, ResourceError, UnsupportedFeatureError } from "../base/errors.ts";
import { findCgroupRoot } from "../kernel/machine/cgroups.ts";

/** How long processes may take to be gone after SIGKILL. Units: milliseconds. */
const patienceMs = 3000;
const napMs = 10;

/** The path of a lab's cgroup. @throws UnsupportedFeatureError */
export function findLabCgroup(cgroup: string): string {
  const root = findCgroupRoot();
  if (root === undefined)
    throw new UnsupportedFeatureError("cgroup2", "Cannot make a lab: no cgroup file system of version 2 is mounted", {
      since: "4.5",
      hint: "mount -t cgroup2 none /sys/fs/cgroup",
    });
  return join(root, cgroup);
}

/** Makes a cgroup. @throws PrivilegeError, ResourceError */
export function makeLabCgroup(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const what = `Cannot make the cgroup "${folder}"`;
    if (code === "EACCES" || code === "EPERM" || code === "EROFS")
      throw new PrivilegeError(`${what}: this user may not`, {
        cause,
        hint: "run it as root, outside of a container",
      });
    if (code === "EEXIST") throw describeTakenCgroup(folder);
    throw new ResourceError(`${what}: ${message}`, { cause });
  }
}

/** Says that a cgroup is there already. */
export function describeTakenCgroup(folder: string): ResourceError {
  return new ResourceError(`Cannot make the cgroup "${folder}": there is one`, {
    hint: "a lab of this name is up in another container; take another name",
  });
}

/** Removes a cgroup in which nothing is. */
export function removeUnusedCgroup(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // It was never made, or is used: then it is another's.
  }
}

/** Ends the processes of cgroups and removes these, the last one first. @throws ResourceError when one stays */
export function removeLabCgroups(folders: readonly string[]): void {
  for (const folder of [...folders].reverse()) {
    endProcesses(folder);
    try {
      rmdirSync(folder);
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      if (code !== "ENOENT") throw new ResourceError(`Cannot remove the cgroup "${folder}": ${message}`, { cause });
    }
  }
}

function endProcesses(folder: string): void {
  for (const until = performance.now() + patienceMs; performance.now() < until; nap()) {
    const pids = listProcesses(folder);
    if (pids.length === 0) return;
    for (const pid of pids) endProcess(pid);
  }
}

function listProcesses(folder: string): readonly number[] {
  try {
    return readFileSync(join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

function nap(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, napMs);
}

/** Moves this process, or another one, into a cgroup. */
export function enterCgroup(path: string, pid: number): void {
  writeFileSync(join(path, "cgroup.procs"), String(pid));
}
