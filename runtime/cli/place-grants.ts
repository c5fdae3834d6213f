import type { Command } from "commander";
import { UsageError } from "../base/errors.ts";
import { noPlaces } from "../permit/places.ts";
import type { AllowedDevice, AllowedPlaces } from "../permit/places.ts";

/** The options that `addPlaceOptions` adds. */
export interface PlaceFlags {
  readonly allowDev: readonly string[];
  readonly allowNetns: readonly string[];
  readonly allowCgroup: readonly string[];
}

/** Adds the options by which the user names what a script could cut the machine off with. */
export function addPlaceOptions(command: Command): Command {
  const collect = (name: string, names: readonly string[]): readonly string[] => [...names, name];
  return command
    .option(
      "--allow-dev <[netns/]dev>",
      "let the script attach to this network device although a default route leads through it, or it is lo",
      collect,
      [],
    )
    .option(
      "--allow-netns <netns>",
      'let the script attach to all of this network namespace although it has a default route; "self" is that of bpfts',
      collect,
      [],
    )
    .option("--allow-cgroup <path>", 'let the script attach to the root cgroup, "/"', collect, []);
}

/** Takes the places of a command line. @throws UsageError for a name that is none */
export function readPlaces({ allowDev, allowNetns, allowCgroup }: PlaceFlags): AllowedPlaces {
  return { ...noPlaces, devices: allowDev.map(parseDevice), namespaces: allowNetns, cgroups: allowCgroup };
}

/** Renders places as the command line of another bpfts takes them. */
export function renderPlaces({ allowDev, allowNetns, allowCgroup }: PlaceFlags): string[] {
  return [
    ...allowDev.flatMap((name) => ["--allow-dev", name]),
    ...allowNetns.flatMap((name) => ["--allow-netns", name]),
    ...allowCgroup.flatMap((path) => ["--allow-cgroup", path]),
  ];
}

/** A device's name has no slash; what stands before the last one is its namespace. */
function parseDevice(text: string): AllowedDevice {
  const slash = text.lastIndexOf("/");
  const dev = text.slice(slash + 1);
  if (dev === "")
    throw new UsageError(`--allow-dev "${text}": no device is named`, {
      hint: "for example --allow-dev eth0, or --allow-dev node1/eth0 for a device of another network namespace",
    });
  return slash < 0 ? { dev } : { netns: text.slice(0, slash), dev };
}
