import type { Command } from "commander";

/** The options that `addCgroupOptions` adds. */
export interface CgroupFlags {
  readonly cgroup?: readonly string[];
  readonly container?: readonly string[];
}

/** Adds the options by which the user chooses whose events a script sees. */
export function addCgroupOptions(command: Command): Command {
  const collect = (value: string, values: readonly string[] = []): readonly string[] => [...values, value];
  return command
    .option(
      "--cgroup <path>",
      "only what the processes of this cgroup do, and of those within it; may be given more than once",
      collect,
    )
    .option(
      "--container <name>",
      "the same for a container, by its name, its pod's or the beginning of its id",
      collect,
    );
}

/** Finds the paths of the cgroups that the flags name. @throws UsageError for one that is not there */
export async function findChosenCgroups({ cgroup = [], container = [] }: CgroupFlags): Promise<string[]> {
  if (cgroup.length === 0 && container.length === 0) return [];
  const { findCgroups } = await import("../session/run/find-cgroups.ts");
  return findCgroups(cgroup, container);
}
