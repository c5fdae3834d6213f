import { makeArgumentError } from "./errors.ts";

/** What an error says of a name that is not there. */
interface UnknownName {
  /** `Table "counts" has no "items"` without the name. */
  readonly owner: string;
  readonly hint?: string | undefined;
}

/** What JavaScript itself looks for to see whether an object has it. */
const probed = new Set(["then", "toJSON"]);

/** Whether JavaScript itself looks for a name to see whether an object has it. */
export function isProbed(name: string): boolean {
  return probed.has(name);
}

/**
 * Makes a name that objects of a class do not have an error with the next step. JavaScript's `undefined` would hide it: an entry
 * written with `counts[key] = value`, as in Python, would be gone without a word. What is there is found before and costs nothing.
 */
export function refuseUnknownNames(prototype: object, explain: (object: object, name: string) => UnknownName): void {
  const end = Object.create(Object.getPrototypeOf(prototype) as object) as object;
  const refuse = (object: object, name: string): never => {
    const { owner, hint } = explain(object, name);
    throw makeArgumentError(`${owner} has no ${JSON.stringify(name)}`, hint);
  };
  const isKnown = (target: object, name: string | symbol): name is symbol =>
    typeof name === "symbol" || probed.has(name) || Reflect.has(target, name);
  Object.setPrototypeOf(
    prototype,
    new Proxy(end, {
      get: (target, name, object) =>
        isKnown(target, name) ? (Reflect.get(target, name, object) as unknown) : refuse(object as object, name),
      has: (target, name) => {
        if (isKnown(target, name)) return Reflect.has(target, name);
        const { owner } = explain(prototype, name);
        throw makeArgumentError(
          `Cannot look for ${JSON.stringify(name)} in ${owner} with "in"`,
          "has(key) says whether a table has a key",
        );
      },
      set: (target, name, value, object) =>
        isKnown(target, name) ? Reflect.set(target, name, value, object) : refuse(object as object, name),
    }),
  );
}

/** BCC's words and Python's by what does the same here, as far as an object has it. */
const ourWords: Readonly<Record<string, string>> = {
  items: "entries",
  iteritems: "entries",
  iterkeys: "keys",
  itervalues: "values",
  iter: "keys",
  getvalue: "get",
  lookup: "get",
  clearitem: "delete",
  update: "set",
  length: "size",
  kprobe_poll: "perf_buffer_poll",
  trace_open: "trace_readline",
  load_funcs: "load_func",
  funcs: "load_func",
};

/** What stands in the way of a habit, and what to do. */
const otherHints: Readonly<Record<string, string>> = {
  Key: 'a key is a number, a bigint, a text or an object of the struct\'s fields: get({ pid: 1, comm: "bash" })',
  Leaf: "a value is a number, a bigint, a text or an object of the struct's fields: set(1, { count: 1n })",
  increment: "set(key, (get(key) ?? 0n) + 1n)",
  get_fd: "a script has no descriptors: a table is handed over as it is, or by its name",
  key_sprintf: "keys are JavaScript values: print(key)",
  leaf_sprintf: "values are JavaScript values: print(value)",
  monotonic_time: 'monotonic_ns() of "bpfts" is that clock',
};

/** The hint for a name: our word where it is BCC's, or `otherwise`. */
export function findNameHint(object: object, name: string, otherwise?: string): string | undefined {
  const ours = ourWords[name];
  const found = ours === undefined ? undefined : findProperty(object, ours);
  if (found !== undefined) return `use ${ours}${typeof found.value === "function" ? "()" : ""}`;
  return otherHints[name] ?? otherwise;
}

/** Looks without asking, since asking for what is not there throws. */
function findProperty(object: object | null, name: string): PropertyDescriptor | undefined {
  if (object === null) return undefined;
  return (
    Object.getOwnPropertyDescriptor(object, name) ?? findProperty(Object.getPrototypeOf(object) as object | null, name)
  );
}
