/** How much more processor time four times as much work takes: about 4 where it grows with the work, 16 where with its square. */
export function measureGrowth(prepare: (count: number) => () => void, count: number): number {
  const measure = (size: number): number => {
    const run = prepare(size);
    run();
    const times = [1, 2, 3].map(() => {
      const before = process.cpuUsage();
      run();
      const { user, system } = process.cpuUsage(before);
      return user + system;
    });
    return Math.min(...times);
  };
  const [less, more] = [measure(count), measure(4 * count)];
  // Below a fifth of a millisecond the clock tells nothing.
  return more / Math.max(less, 200);
}
