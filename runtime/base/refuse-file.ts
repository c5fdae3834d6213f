import { UsageError } from "./errors.ts";

/** The error for a file of an option that cannot be written. `kind` is the option without its dashes. */
export function refuseFile(kind: string, path: string, cause: unknown): UsageError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: "there is no such folder",
    ENOTDIR: "a part of its path is no folder",
    EISDIR: "it is a folder",
    EACCES: "you may not write it",
    ELOOP: "its links lead in a circle",
    ENXIO: "nobody takes what is written to it",
    EROFS: "its file system is read-only",
  };
  return new UsageError(`Cannot write --${kind} "${path}": ${reasons[code] ?? code}`, { cause });
}
