import type { Toolchain } from "../compile/toolchain.ts";
import type { ConfinementWalls } from "../confine/launcher.ts";
import type { Feature } from "../kernel/machine/features.ts";
import type { KernelPort } from "../kernel/door/port.ts";

/**
 * `ok`: as it should be. `warn`: some scripts will not work. `missing`: no
 * script can.
 */
export type DoctorState = "ok" | "warn" | "missing";

/** What a row found, and what to do about it. */
export interface DoctorFinding {
  readonly state: DoctorState;
  /** What is there, in a few words. */
  readonly found: string;
  /** The next step for the user; there whenever the state is not `ok`. */
  readonly advice?: string;
}

/** Everything that a row may look at. Calls that are named like promises of the floors below throw their errors. */
export interface DoctorOutside {
  readonly nodeVersion: string;
  /** Whether Node reads more certificates than its own at each start. Source: NODE_EXTRA_CA_CERTS */
  readonly readsCertificates: boolean;
  readonly release: string;
  readonly userId: number;
  /** Whether processes have other pids here than programs in the kernel see. */
  readonly haveOwnPids: boolean;
  /** A file's text, or as much of it as matters, or undefined when it cannot be read. */
  readText(path: string): string | undefined;
  exists(path: string): boolean;
  findToolchain(): Toolchain;
  haveBpfTarget(clang: string): boolean;
  /** What keeps clang in. */
  probeWalls(): ConfinementWalls;
  requireLibbpfHeaders(): string;
  openPort(): KernelPort;
  /** True, false, or undefined when it cannot be told. */
  probeFeature(feature: Feature): boolean | undefined;
  readCapabilities(): ReadonlySet<string>;
  /** The value of a kernel configuration option, undefined when it is off or unknown. */
  findConfig(name: string): string | undefined;
  /** The folder that compiled objects are kept in. */
  openCache(): string;
  /** The programs that `bpfts vm` needs and that are missing, each with its package. */
  listMissingVmTools(): readonly { readonly name: string; readonly package: string }[];
}

/** One question of `bpfts doctor`. A row that throws is reported with its error's message and hint. */
export interface DoctorRow {
  readonly name: string;
  readonly check: (outside: DoctorOutside) => DoctorFinding;
  /** The state when the check throws. */
  readonly failure: "warn" | "missing";
}

/** Finds that all is well. */
export function describeOk(found: string): DoctorFinding {
  return { state: "ok", found };
}

/** Finds that some scripts will not work. */
export function describeWarning(found: string, advice: string): DoctorFinding {
  return { state: "warn", found, advice };
}

/** Finds that no script can run. */
export function describeMissing(found: string, advice: string): DoctorFinding {
  return { state: "missing", found, advice };
}
