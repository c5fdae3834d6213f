/** What is known of the values of a probe: how wide each is and whether it has a sign. C leaves the rest of its register undefined. */
export interface FunctionTypes {
  /** Shape: the C type of each argument, `s32`; `u64` for a pointer and whatever else fills its register. */
  readonly parameters: readonly string[];
  /** Whether more arguments may follow, as in `printk`. */
  readonly isVariadic: boolean;
  /** Shape: as that of an argument; `void` when nothing is returned, undefined for a tracepoint. */
  readonly returns?: string;
  /** Set where functions of one pattern have values of different types: what they differ in is the whole register. */
  readonly differ?: { readonly parameters: ReadonlySet<number>; readonly returns: boolean };
}

/** What the functions that a pattern fits have in common; undefined when there are none. */
export function joinFunctionTypes(all: readonly FunctionTypes[]): FunctionTypes | undefined {
  const [first, ...others] = all;
  if (first === undefined || others.length === 0) return first;
  const length = Math.max(...all.map(({ parameters }) => parameters.length));
  const differing = new Set<number>();
  const parameters = Array.from({ length }, (_, index) => {
    const types = new Set(all.flatMap((each) => each.parameters[index] ?? []));
    if (types.size === 1) return [...types][0]!;
    differing.add(index);
    return "u64";
  });
  const results = new Set(all.flatMap(({ returns }) => (returns === undefined || returns === "void" ? [] : [returns])));
  return {
    parameters,
    isVariadic: all.some(({ isVariadic }) => isVariadic),
    ...(first.returns !== undefined && { returns: results.size > 1 ? "u64" : ([...results][0] ?? "void") }),
    differ: { parameters: differing, returns: results.size > 1 },
  };
}
