import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll } from "vitest";

/** A cgroup that the test made. */
export interface OwnCgroup {
  readonly path: string;
  /** A cgroup within it. */
  makeChild(name: string): OwnCgroup;
  /** Moves a process into it. */
  add(pid: number): void;
}

const made: string[] = [];
afterAll(() => {
  for (const path of made.splice(0).reverse()) rmdirSync(path);
});

/** Lets the groups below the root limit memory, as a machine's own service manager does; a virtual machine of the matrix has none. */
export function enableMemoryControl(): void {
  writeFileSync(join(findCgroupRoot(), "cgroup.subtree_control"), "+memory");
}

/** Makes a cgroup of version 2 that goes away after the file's tests; the processes in it must have ended by then. */
export function makeCgroup(name: string): OwnCgroup {
  return openCgroup(join(findCgroupRoot(), `bpfts-test-${process.pid}-${name}`));
}

function openCgroup(path: string): OwnCgroup {
  mkdirSync(path);
  made.push(path);
  return {
    path,
    makeChild: (name) => openCgroup(join(path, name)),
    add: (pid) => writeFileSync(join(path, "cgroup.procs"), String(pid)),
  };
}

function findCgroupRoot(): string {
  const mount = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .find(([, , type]) => type === "cgroup2");
  if (mount === undefined) throw new Error("no cgroup file system of version 2 is mounted");
  return mount[1]!;
}
