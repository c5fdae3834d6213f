import { closeSync, constants, fstatSync, mkdirSync, openSync, readlinkSync } from "node:fs";
import type { Stats } from "node:fs";

/** A folder that nobody but its user can change, nor put another one in its place. Owner: whoever opened it closes it with close(2). */
export interface OwnFolder {
  /** A descriptor of the folder itself: what is named below it needs no second walk. */
  readonly fd: number;
  /** Its path without symbolic links, for programs that take paths. */
  readonly path: string;
}

/** Why a folder is not used. */
export interface Refusal {
  /** The sentence's end, after the folder's name: `"/tmp/x" may be written by others (mode 777)`. */
  readonly reason: string;
  readonly hint?: string;
}

/** Only to hold a place. Source: O_PATH of fcntl.h. */
const O_PATH = 0o10000000;
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;
const MAX_LINKS = 40;

/**
 * Opens a folder level by level from `/` on, each by its name in the one above, which is held open: what a name leads to is looked at in the very
 * folder that is used. Each level above must belong to root or to this user and be closed to others (or keep what is in it, as /tmp does); the folder
 * itself must be this user's. `made` says how many of the last levels are made when they are missing.
 */
export function openOwnFolder(path: string, made: number): OwnFolder | Refusal {
  const uid = process.geteuid?.() ?? 0;
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  let passed: string[] = [];
  let fd = openSync("/", O_PATH | constants.O_DIRECTORY);
  let stat = fstatSync(fd);
  let links = 0;
  const step = (next: number): void => {
    closeSync(fd);
    fd = next;
  };
  try {
    for (let left = names; left.length > 0; ) {
      const refusal = judgeLevel(`/${passed.join("/")}`, stat, uid);
      if (refusal !== undefined) return give(fd, refusal);
      const [name, ...rest] = left as [string, ...string[]];
      const place = `/proc/self/fd/${fd}/${name}`;
      const next = openLevel(place, left.length <= made);
      stat = fstatSync(next);
      if (stat.isSymbolicLink()) {
        closeSync(next);
        if (stat.uid !== 0 && stat.uid !== uid)
          return give(fd, {
            reason: `"/${[...passed, name].join("/")}" is a symbolic link of another user (uid ${stat.uid})`,
          });
        if (++links > MAX_LINKS) return give(fd, { reason: "too many symbolic links" });
        const target = readlinkSync(place);
        left = [...target.split("/").filter((part) => part !== "" && part !== "."), ...rest];
        if (target.startsWith("/")) {
          step(openSync("/", O_PATH | constants.O_DIRECTORY));
          passed = [];
        }
        stat = fstatSync(fd);
        continue;
      }
      step(next);
      passed = name === ".." ? passed.slice(0, -1) : [...passed, name];
      left = rest;
      if (!stat.isDirectory()) return give(fd, { reason: `"/${passed.join("/")}" is no folder` });
    }
    const real = `/${passed.join("/")}`;
    if (stat.uid !== uid) return give(fd, { reason: `"${real}" belongs to another user (uid ${stat.uid})` });
    if ((stat.mode & OTHERS_WRITE) !== 0) return give(fd, describeOpen(real, stat));
    return { fd, path: real };
  } catch (error) {
    return give(fd, { reason: describeFailure(`/${passed.join("/")}`, error as NodeJS.ErrnoException) });
  }
}

/** Whether a level of a path can be passed: nobody else may put another folder in the place of what it holds. */
function judgeLevel(path: string, stat: Stats, uid: number): Refusal | undefined {
  if (stat.uid !== 0 && stat.uid !== uid) return { reason: `"${path}" belongs to another user (uid ${stat.uid})` };
  if ((stat.mode & OTHERS_WRITE) !== 0 && (stat.mode & STICKY) === 0) return describeOpen(path, stat);
  return undefined;
}

function describeOpen(path: string, stat: Stats): Refusal {
  return {
    reason: `others may write to "${path}" (mode ${(stat.mode & 0o7777).toString(8)})`,
    hint: `look at what lies there, then: chmod go-w ${path}`,
  };
}

/** Opens what a name is, without following it. */
function openLevel(place: string, make: boolean): number {
  try {
    return openSync(place, O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    if (!make || (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  try {
    mkdirSync(place, { mode: 0o700 });
  } catch (error) {
    // Another run may have been quicker.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return openSync(place, O_PATH | constants.O_NOFOLLOW);
}

function give(fd: number, refusal: Refusal): Refusal {
  closeSync(fd);
  return refusal;
}

function describeFailure(path: string, { code, message }: NodeJS.ErrnoException): string {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: `a folder is missing below "${path}"`,
    EACCES: `this user may not go on from "${path}"`,
    EROFS: `"${path}" cannot be written to`,
    ENOSPC: `there is no room in "${path}"`,
    EDQUOT: `this user has no room left in "${path}"`,
  };
  return reasons[code ?? ""] ?? message;
}
