import type { Command } from "commander";
import { permissions } from "../permit/permissions.ts";
import type { PermissionName } from "../permit/permissions.ts";

/** The flags as commander names them: `allowWriteUser` for `--allow-write-user`. */
export type AllowFlags = Readonly<Record<string, unknown>>;

/** Adds the flags by which the user lets a script act on the rest of the machine. */
export function addAllowOptions(command: Command): Command {
  for (const { flag, help } of permissions) command.option(flag, help);
  return command;
}

/** What the user has allowed. */
export function readAllowed(flags: AllowFlags): ReadonlySet<PermissionName> {
  return new Set(permissions.filter(({ flag }) => flags[nameFlag(flag)] === true).map(({ name }) => name));
}

/** The flags again, for a bpfts that is started with them. */
export function listAllowFlags(flags: AllowFlags): readonly string[] {
  return permissions.filter(({ flag }) => flags[nameFlag(flag)] === true).map(({ flag }) => flag);
}

function nameFlag(flag: string): string {
  return flag.slice("--".length).replaceAll(/-(\w)/g, (_match, letter: string) => letter.toUpperCase());
}
