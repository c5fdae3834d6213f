/** The type of an argument that is a list of numbers, "185,186". */
export function number_list(text: string): number[] {
  const numbers = text.split(",").map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN));
  if (numbers.some(Number.isNaN)) throw new Error(`invalid list of numbers: '${text}'`);
  return numbers;
}
