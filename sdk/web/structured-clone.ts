import { DOMException } from "./dom-exception.ts";

type ErrorClass = new (message?: string) => Error;
const errorClasses: readonly ErrorClass[] = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];

type Copies = Map<object, unknown>;

/**
 * Copies a value with all that it leads to, circles too. Objects of classes become plain objects. Buffers in `transfer` are empty afterwards.
 * Source: the HTML standard.
 *
 * @throws DOMException for functions, symbols and what else has no copy
 */
export function structuredClone<Value>(
  value: Value,
  options: { readonly transfer?: readonly ArrayBuffer[] } = {},
): Value {
  const { transfer = [] } = options;
  for (const buffer of transfer) if (!(buffer instanceof ArrayBuffer)) throw refuse(buffer);
  const copy = clone(value, new Map()) as Value;
  // Views on them could not be copied any more.
  for (const buffer of transfer) (buffer as ArrayBuffer & { transfer(size: number): ArrayBuffer }).transfer(0);
  return copy;
}

function clone(value: unknown, copies: Copies): unknown {
  if (typeof value === "function" || typeof value === "symbol") throw refuse(value);
  if (typeof value !== "object" || value === null) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  const remember = <Copy>(copy: Copy): Copy => {
    copies.set(value, copy);
    return copy;
  };
  if (Array.isArray(value)) return copyFields(value, remember(new Array<unknown>(value.length)), copies);
  if (value instanceof Date) return remember(new Date(value));
  if (value instanceof RegExp) return remember(new RegExp(value.source, value.flags));
  if (isBoxed(value)) return remember(Object(value.valueOf()) as object);
  if (value instanceof ArrayBuffer) return remember(value.slice(0));
  if (value instanceof SharedArrayBuffer) return value;
  if (ArrayBuffer.isView(value)) return remember(cloneView(value, copies));
  if (value instanceof Map) {
    const map = remember(new Map<unknown, unknown>());
    for (const [key, item] of [...value]) map.set(clone(key, copies), clone(item, copies));
    return map;
  }
  if (value instanceof Set) {
    const set = remember(new Set<unknown>());
    for (const item of [...value]) set.add(clone(item, copies));
    return set;
  }
  if (value instanceof Error) return cloneError(value, remember, copies);
  if (value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet || value instanceof WeakRef)
    throw refuse(value);
  return copyFields(value, remember({}), copies);
}

function copyFields(from: object, to: object, copies: Copies): object {
  for (const name of Object.keys(from)) {
    // Not by assignment: "__proto__" is a name like any other here.
    Object.defineProperty(to, name, {
      value: clone((from as Record<string, unknown>)[name], copies),
      writable: true,
      configurable: true,
      enumerable: true,
    });
  }
  return to;
}

function isBoxed(value: object): value is { valueOf(): boolean | number | string | bigint } {
  if (value instanceof Boolean || value instanceof Number || value instanceof String) return true;
  return Object.prototype.toString.call(value) === "[object BigInt]" && value instanceof BigInt;
}

function cloneView(view: ArrayBufferView, copies: Copies): ArrayBufferView {
  const buffer = clone(view.buffer, copies) as ArrayBuffer;
  const length = view instanceof DataView ? view.byteLength : (view as Uint8Array).length;
  const type = view.constructor as new (buffer: ArrayBuffer, offset: number, length: number) => ArrayBufferView;
  return new type(buffer, view.byteOffset, length);
}

function cloneError(error: Error, remember: (copy: Error) => Error, copies: Copies): Error {
  const type = errorClasses.find((one) => one.name === error.name) ?? Error;
  const copy = remember(new type(error.message));
  const define = (name: string, value: unknown): void => {
    Object.defineProperty(copy, name, { value, writable: true, configurable: true });
  };
  define("stack", error.stack);
  if ("cause" in error) define("cause", clone(error.cause, copies));
  return copy;
}

function refuse(value: unknown): DOMException {
  const shown =
    typeof value === "object" && value !== null ? (value.constructor?.name ?? "object") : String(typeof value);
  return new DOMException(`A ${shown} cannot be copied`, "DataCloneError");
}
