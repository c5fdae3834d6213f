/**
 * QuickJS 2025 answers `BigInt.asUintN(64, -1n)` with -1n: it takes the sign of the highest limb for that of the number. Its `asIntN` is right. This module
 * comes before all others that make numbers unsigned.
 */
function asUintN(bits: number, value: bigint): bigint {
  const signed = BigInt.asIntN(bits, value);
  return signed < 0n ? signed + (1n << BigInt(Math.trunc(Number(bits)))) : signed;
}

if (BigInt.asUintN(8, -1n) !== 255n || BigInt.asUintN(64, -1n) !== 0xffff_ffff_ffff_ffffn) {
  Object.defineProperty(BigInt, "asUintN", { value: asUintN, writable: true, configurable: true, enumerable: false });
}

export {};
