import { readdirSync } from "node:fs";
import { ResourceError } from "./errors.ts";

/** The names in a folder; none where there is no folder or it cannot be read. A limit of open files says nothing of the folder. @throws ResourceError at such a limit */
export function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "EMFILE" || code === "ENFILE") throw new ResourceError(`Cannot read "${path}": ${message}`, { cause });
    return [];
  }
}
