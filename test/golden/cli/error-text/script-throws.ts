function half(value: number): number {
  if (value % 2 !== 0) throw new RangeError(`${value} is odd`);
  return value / 2;
}

half(half(6));
