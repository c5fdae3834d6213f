import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { UsageError } from "../base/errors.ts";
import type { FileGrants } from "../script/file-scope.ts";

/** The options that `addGrantOptions` adds. */
export interface GrantFlags {
  readonly include: readonly string[];
  readonly allowRead: readonly string[];
}

/** Adds the options by which the user lets a script read files that are not its own. */
export function addGrantOptions(command: Command): Command {
  const collect = (path: string, paths: readonly string[]): readonly string[] => [...paths, path];
  return command
    .option(
      "-I, --include <folder>",
      "look for C headers in this folder, too, and let the script read it; may be given more than once",
      collect,
      [],
    )
    .option(
      "--allow-read <folder>",
      "let the script import, include and read files of this folder, which is not its own; may be given more than once",
      collect,
      [],
    );
}

/** Takes the grants of a command line. @throws UsageError for a path where nothing is */
export function readGrants({ include, allowRead }: GrantFlags): FileGrants {
  return {
    include: include.map((path) => requirePath(path, "-I")),
    read: allowRead.map((path) => requirePath(path, "--allow-read")),
  };
}

/** Renders grants as the command line of another bpfts takes them. */
export function renderGrants({ include, allowRead }: GrantFlags): string[] {
  return [...include.flatMap((path) => ["-I", path]), ...allowRead.flatMap((path) => ["--allow-read", path])];
}

function requirePath(path: string, option: string): string {
  const absolute = resolve(path);
  const stat = path === "" ? undefined : statSync(absolute, { throwIfNoEntry: false });
  if (stat?.isDirectory() === true) return absolute;
  throw new UsageError(`${option} "${path}": ${stat === undefined ? "there is no such folder" : "it is no folder"}`, {
    hint: "name a folder; the path is taken from the current directory",
  });
}
