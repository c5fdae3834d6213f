/**
 * Reads a clock that never jumps. The first `performance.now()` has Node load all of its performance hooks, which every start would pay for.
 * Units: milliseconds since some moment. Source: CLOCK_MONOTONIC
 */
export function readClock(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
