/** What QuickJS says where a bigint meets a number. */
const bigintMessages: readonly RegExp[] = [
  /^cannot convert bigint to number$/,
  /^cannot convert to bigint$/,
  /^bigint argument with unary \+$/,
  /^bigint operands are forbidden for >>>$/,
  /^Do not know how to serialize a BigInt$/,
];

/** The next step for an error about a bigint, undefined for any other: whoever writes TypeScript meets them here first, since a u64 is one. */
export function findBigintHint(name: string, message: string): string | undefined {
  if (name !== "TypeError" || !bigintMessages.some((pattern) => pattern.test(message))) return undefined;
  if (message.includes("serialize"))
    return 'a u64 of C is a bigint, which JSON does not know: JSON.stringify(value, (_, v) => typeof v === "bigint" ? String(v) : v)';
  return 'a u64 of C is a bigint: calculate with bigints (count + 1n), take Number(count), or read the table with b.get_table(name, { u64: "number" })';
}
