/** A network device that the user has named on the command line. */
export interface AllowedDevice {
  /** As `ip netns` names it, or a path; absent for the namespace of bpfts. */
  readonly netns?: string;
  readonly dev: string;
}

/** The places that the user allows by a flag. A program there could cut the machine off from its network, so a script may attach to no such place otherwise. */
export interface AllowedPlaces {
  readonly devices: readonly AllowedDevice[];
  /** Network namespaces as a whole, as `ip netns` names them, or by path; `self` is that of bpfts. */
  readonly namespaces: readonly string[];
  /** Paths of cgroups; `/` is the root. */
  readonly cgroups: readonly string[];
  /** Names that stand for network namespaces in this run, with their files: those of the places of a lab. */
  readonly namespaceFiles: ReadonlyMap<string, string>;
}

/** Nothing is named. */
export const noPlaces: AllowedPlaces = { devices: [], namespaces: [], cgroups: [], namespaceFiles: new Map() };

/** The name of bpfts' own network namespace on the command line. */
export const ownNamespace = "self";
