let state: readonly [number, number, number, number] = [1, 2, 3, 4];

/**
 * Makes `Math.random` start from four random numbers of 32 bits. QuickJS seeds its own when the sandbox is made, which may
 * have been in an earlier run. Source: sfc32, of PractRand.
 */
export function seedRandom(seed: readonly [number, number, number, number]): void {
  state = seed;
  Math.random = () => (drawBits() * 0x20_0000 + (drawBits() >>> 11)) / 0x20_0000_0000_0000;
  // The first few draws still show the seed.
  for (let draws = 0; draws < 12; draws++) drawBits();
}

/** Draws 32 bits, unsigned. */
function drawBits(): number {
  const [a, b, c, counter] = state;
  const sum = (a + b + counter) | 0;
  state = [b ^ (b >>> 9), (c + (c << 3)) | 0, (((c << 21) | (c >>> 11)) + sum) | 0, (counter + 1) | 0];
  return sum >>> 0;
}
