import { encodeUtf8, decodeUtf8 } from "../wire/utf8.ts";

/** What a list of parameters is made from. */
export type UrlSearchParamsInit =
  | string
  | Iterable<readonly [string, string]>
  | Readonly<Record<string, string>>
  | URLSearchParams
  | undefined;

/** The parameters of an address's query. Source: the URL standard. */
export class URLSearchParams implements Iterable<[string, string]> {
  #pairs: [string, string][] = [];
  /** Tells the address that the list belongs to. */
  #onChange: ((query: string) => void) | undefined;

  constructor(init: UrlSearchParamsInit = "") {
    if (typeof init === "object" && init !== null && Symbol.iterator in init) {
      for (const pair of init) {
        const [name, value, ...rest] = [...pair];
        if (name === undefined || value === undefined || rest.length > 0)
          throw new TypeError("Each parameter must be a pair of a name and a value");
        this.#pairs.push([clean(name), clean(value)]);
      }
    } else if (typeof init === "object" && init !== null) {
      for (const name of Object.keys(init)) this.#pairs.push([clean(name), clean(init[name])]);
    } else this.#pairs = parseQuery(clean(init).replace(/^\?/, ""));
  }

  /** @internal Makes the list of an address: changes of either reach the other. */
  static bind(
    query: string,
    onChange: (query: string) => void,
  ): { params: URLSearchParams; read(query: string): void } {
    const params = new URLSearchParams(query);
    params.#onChange = onChange;
    return {
      params,
      read(changed) {
        params.#pairs = parseQuery(changed.replace(/^\?/, ""));
      },
    };
  }

  /** How many parameters there are. */
  get size(): number {
    return this.#pairs.length;
  }

  /** The first value of a name, null when there is none. */
  get(name: string): string | null {
    return this.#pairs.find(([one]) => one === clean(name))?.[1] ?? null;
  }

  /** All values of a name. */
  getAll(name: string): string[] {
    return this.#pairs.filter(([one]) => one === clean(name)).map(([, value]) => value);
  }

  /** Whether there is a parameter of a name, with the value when one is given. */
  has(name: string, value?: string): boolean {
    return this.#pairs.some((pair) => matches(pair, name, value));
  }

  /** Adds a parameter at the end. */
  append(name: string, value: string): void {
    this.#change([...this.#pairs, [clean(name), clean(value)]]);
  }

  /** Gives a name one value, in the place of its first. */
  set(name: string, value: string): void {
    const pair: [string, string] = [clean(name), clean(value)];
    const first = this.#pairs.findIndex(([one]) => one === pair[0]);
    if (first < 0) this.#change([...this.#pairs, pair]);
    else this.#change(this.#pairs.flatMap((old, at) => (at === first ? [pair] : old[0] === pair[0] ? [] : [old])));
  }

  /** Removes the parameters of a name, with the value when one is given. */
  delete(name: string, value?: string): void {
    this.#change(this.#pairs.filter((pair) => !matches(pair, name, value)));
  }

  /** Orders by name; parameters of the same name keep their order. */
  sort(): void {
    this.#change(this.#pairs.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  }

  /** Calls a function for each parameter. */
  forEach(call: (value: string, name: string, params: URLSearchParams) => unknown, thisValue?: unknown): void {
    for (const [name, value] of this) call.call(thisValue, value, name, this);
  }

  *entries(): Generator<[string, string], undefined> {
    for (let at = 0; at < this.#pairs.length; at++) yield [...this.#pairs[at]!];
  }

  *keys(): Generator<string, undefined> {
    for (const [name] of this) yield name;
  }

  *values(): Generator<string, undefined> {
    for (const [, value] of this) yield value;
  }

  [Symbol.iterator](): Generator<[string, string], undefined> {
    return this.entries();
  }

  /** The query, without a question mark. */
  toString(): string {
    return this.#pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
  }

  #change(pairs: [string, string][]): void {
    this.#pairs = pairs;
    this.#onChange?.(this.toString());
  }
}

const clean = (value: unknown): string => (String(value) as string & { toWellFormed(): string }).toWellFormed();

function matches([name, value]: readonly [string, string], wanted: string, wantedValue: string | undefined): boolean {
  return name === clean(wanted) && (wantedValue === undefined || value === clean(wantedValue));
}

function parseQuery(query: string): [string, string][] {
  return query
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const equals = part.indexOf("=");
      return equals < 0 ? [decode(part), ""] : [decode(part.slice(0, equals)), decode(part.slice(equals + 1))];
    });
}

function decode(text: string): string {
  const spaced = text.replaceAll("+", " ");
  if (!spaced.includes("%")) return spaced;
  const bytes: number[] = [];
  for (let at = 0; at < spaced.length; ) {
    const hex = /^%([0-9a-fA-F]{2})/.exec(spaced.slice(at, at + 3))?.[1];
    if (hex !== undefined) {
      bytes.push(Number.parseInt(hex, 16));
      at += 3;
      continue;
    }
    const character = String.fromCodePoint(spaced.codePointAt(at)!);
    bytes.push(...encodeUtf8(character));
    at += character.length;
  }
  return clean(decodeUtf8(Uint8Array.from(bytes)));
}

function encode(text: string): string {
  let out = "";
  for (const byte of encodeUtf8(text)) {
    const character = String.fromCharCode(byte);
    if (/[A-Za-z0-9*\-._]/.test(character)) out += character;
    else out += character === " " ? "+" : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}
