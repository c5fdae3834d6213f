import { realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { ScriptError } from "../base/errors.ts";
import type { SourceLocation } from "../base/location.ts";
import { normalizeText } from "./normalize-text.ts";
import { readRegularFile } from "./read-regular-file.ts";
import { findScriptTree } from "./script-tree.ts";

/** What the user lets a script read besides its own files. The script itself can add nothing to it. */
export interface FileGrants {
  /** Folders of `-I`: clang looks for headers there, too. */
  readonly include: readonly string[];
  /** Folders and files of `--allow-read`. */
  readonly read: readonly string[];
}

/** Nothing besides the script's own files. */
export const noGrants: FileGrants = { include: [], read: [] };

/** The largest file that a script may have. Units: bytes. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/**
 * The files that a script may read. Whatever reads a file because a script names it goes through here, and no message
 * quotes a line of any other file.
 */
export interface FileScope {
  /** The script's own folder and what the user granted, without symbolic links. */
  readonly folders: readonly string[];
  /** The folders of `-I`, as the user wrote them. */
  readonly includeFolders: readonly string[];
  /** Whether a path leads, with every link followed, to what the script may read. Nothing has to be there. */
  covers(path: string): boolean;
  /** Looks at a file that something else is to read. @throws ScriptError as `readBytes` does */
  requireFile(path: string): void;
  /** Reads a file. @throws ScriptError when the script may not read it, when it is no regular file, and when it is too large */
  readBytes(path: string): Buffer;
  /** The same as text: UTF-8, without a byte-order mark, each line ended by `\n`. @throws ScriptError */
  readText(path: string): string;
  /** Gives a name a text, where a file cannot be read a second time: a pipe. */
  keep(path: string, text: string): void;
  /** The line that a location names; undefined when the script may not read that file, or it is not there. */
  findLine(location: SourceLocation): string | undefined;
  /** The error of a path that the script may not read. `action` is its beginning, "Cannot read". */
  describeRefusal(path: string, action: string): ScriptError;
}

/** Opens the scope of a script. `tree` is its own folder without symbolic links, undefined for a script that came through a pipe. `noteFile` is told of each file that is asked for and may be read. */
export function openFileScope(
  tree: string | undefined,
  grants: FileGrants,
  noteFile: (path: string) => void = () => undefined,
): FileScope {
  return new OpenFileScope(tree, grants, noteFile);
}

/** Opens the scope of a file that the user named, with its own folder or project. */
export function openScopeOf(path: string, grants: FileGrants): FileScope {
  return openFileScope(findScriptTree(followLinks(path)), grants);
}

class OpenFileScope implements FileScope {
  readonly folders: readonly string[];
  readonly includeFolders: readonly string[];
  private readonly kept = new Map<string, string>();

  constructor(
    private readonly tree: string | undefined,
    grants: FileGrants,
    private readonly noteFile: (path: string) => void,
  ) {
    this.includeFolders = grants.include;
    this.folders = [
      ...new Set([...(tree === undefined ? [] : [tree]), ...[...grants.include, ...grants.read].map(followLinks)]),
    ];
  }

  covers(path: string): boolean {
    return this.kept.has(path) || this.isWithin(followLinks(path));
  }

  requireFile(path: string): void {
    const real = this.requireCovered(path);
    const stat = statSync(real, { throwIfNoEntry: false });
    if (stat === undefined) throw new ScriptError(`Cannot read "${path}": no such file`);
    if (!stat.isFile())
      throw new ScriptError(`Cannot read "${path}": it is ${stat.isDirectory() ? "a directory" : "no regular file"}`);
    if (stat.size > MAX_FILE_BYTES)
      throw new ScriptError(`Cannot read "${path}": it has more than ${MAX_FILE_BYTES / 1024 / 1024} MiB`);
  }

  readBytes(path: string): Buffer {
    const real = this.requireCovered(path);
    const read = readRegularFile(real, { maxBytes: MAX_FILE_BYTES, isWanted: (opened) => this.isWithin(opened) });
    if (read.kind === "elsewhere") throw this.describeRefusal(path, "Cannot read");
    if (read.kind === "failed") throw new ScriptError(`Cannot read "${path}": ${read.reason}`, { cause: read.cause });
    return read.bytes;
  }

  readText(path: string): string {
    return this.kept.get(path) ?? normalizeText(this.readBytes(path).toString("utf8"));
  }

  keep(path: string, text: string): void {
    this.kept.set(path, normalizeText(text));
  }

  findLine({ file, line }: SourceLocation): string | undefined {
    try {
      return this.readText(file).split("\n")[line - 1];
    } catch {
      return undefined;
    }
  }

  describeRefusal(path: string, action: string): ScriptError {
    const real = followLinks(path);
    const granted = statSync(real, { throwIfNoEntry: false })?.isDirectory() === true ? real : dirname(real);
    const link = real === resolve(path) ? "" : `; it leads to "${real}"`;
    const own =
      this.tree === undefined
        ? "a script that comes through a pipe reads no files of its own"
        : `a script reads files below its own folder "${this.tree}"`;
    return new ScriptError(`${action} "${path}": ${own}${link}`, {
      hint: `if it may read this one too, say so on the command line: --allow-read ${granted}`,
    });
  }

  private requireCovered(path: string): string {
    const real = followLinks(path);
    if (!this.isWithin(real)) throw this.describeRefusal(path, "Cannot read");
    this.noteFile(real);
    return real;
  }

  private isWithin(real: string): boolean {
    return this.folders.some((folder) => real === folder || real.startsWith(folder === "/" ? "/" : `${folder}/`));
  }
}

/** The path that a path leads to; of one where nothing is, as far as there is something. */
function followLinks(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync.native(absolute);
  } catch {
    const above = dirname(absolute);
    return above === absolute ? absolute : join(followLinks(above), basename(absolute));
  }
}
