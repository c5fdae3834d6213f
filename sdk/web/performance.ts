import { callHost } from "../wire/host.ts";
import { startedNs } from "../time/start-time.ts";

const readNs = (): bigint => BigInt(callHost("now", null).monotonicNs);

/** The script's clock, which never goes back. */
export const performance: {
  /** The time since the script began. Units: milliseconds, with a fraction. */
  now(): number;
  /** When the script began, as `Date.now()` counts. Units: milliseconds. */
  readonly timeOrigin: number;
} = {
  now: () => Number(readNs() - startedNs()) / 1e6,
  timeOrigin: Date.now() - Number(readNs() - startedNs()) / 1e6,
};
