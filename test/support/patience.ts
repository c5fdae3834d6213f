/**
 * The time that a test may take: four times as much in a guest, whose one processor is emulated, as the matrix gives the others.
 * Units: milliseconds.
 */
export function takePatience(hereMs: number): number {
  return process.env["BPFTS_MATRIX_RESULTS"] === undefined ? hereMs : 4 * hereMs;
}
