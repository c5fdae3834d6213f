import { lstatSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { UsageError } from "../base/errors.ts";

/** A file on a command line: the option that names it, or what it is, and its path. */
type NamedFile = readonly [name: string, path: string | undefined];

/**
 * Refuses options that write over a file which the run reads, and two that write into one file. What is no regular file, as `/dev/stdout`, may be named as often as one likes.
 *
 * @throws UsageError
 */
export function requireOwnFiles(written: readonly NamedFile[], read: readonly NamedFile[]): void {
  const taken = new Map<string, string>();
  const take = ([name, path]: NamedFile, isWritten: boolean): void => {
    const identity = path === undefined ? undefined : identify(path);
    if (identity === undefined) return;
    const other = taken.get(identity);
    if (isWritten && other !== undefined)
      throw new UsageError(
        other.startsWith("-")
          ? `${other} and ${name} write to one file, "${path!}"`
          : `${name} would write over ${other}, "${path!}"`,
        { hint: "give it a file of its own" },
      );
    taken.set(identity, name);
  };
  for (const file of read) take(file, false);
  for (const file of written) take(file, true);
}

/** What two names of one file have in common; undefined for what takes whatever comes, and for what cannot be opened, which is told where it is opened. */
function identify(path: string): string | undefined {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (found === undefined) return findNewFile(path);
    return found.isFile() ? `${found.dev}:${found.ino}` : undefined;
  } catch {
    return undefined;
  }
}

/** Where a file will be that is not there yet: a link may lead to it. */
function findNewFile(path: string): string {
  const place = join(realpathSync(dirname(path)), basename(path));
  const link = lstatSync(place, { throwIfNoEntry: false });
  return link?.isSymbolicLink() === true ? findNewFile(resolve(dirname(place), readlinkSync(place))) : place;
}
