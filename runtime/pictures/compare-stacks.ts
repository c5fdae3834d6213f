import { UsageError } from "../base/errors.ts";
import type { StackSums, SummedStack } from "./stack-store.ts";

/** Joins two recordings: each stack of either has its value now and before, in the order of their names. Both count in the same parts of their unit. @throws UsageError when their units differ */
export function compareStacks(now: StackSums, before: StackSums): StackSums {
  if (now.unit !== before.unit)
    throw new UsageError(`Stacks in "${now.unit}" cannot be compared with stacks in "${before.unit}"`);
  const joined = new Map<string, SummedStack>();
  for (const { names, value } of now.stacks) joined.set(names.join("\n"), { names, value, before: 0n });
  for (const { names, value } of before.stacks) {
    const key = names.join("\n");
    joined.set(key, { names, value: joined.get(key)?.value ?? 0n, before: value });
  }
  const stacks = [...joined].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, stack]) => stack);
  return { ...now, stacks };
}
