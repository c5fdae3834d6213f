import { callHost } from "../wire/host.ts";
import type { UrlParts } from "../wire/url-parts.ts";
import { URLSearchParams } from "./url-search-params.ts";

/** An address of the web, in its parts. The host reads it, by the URL standard; nothing is fetched. */
export class URL {
  #parts: UrlParts;
  #search: ReturnType<typeof URLSearchParams.bind> | undefined;

  constructor(url: string | URL, base?: string | URL) {
    const parts = parse(url, base);
    if (parts === null) {
      const error = new TypeError(`Invalid URL: ${JSON.stringify(String(url))}`);
      throw Object.assign(error, { code: "ERR_INVALID_URL", input: String(url) });
    }
    this.#parts = parts;
  }

  /** Whether a text is an address. */
  static canParse(url: string | URL, base?: string | URL): boolean {
    return parse(url, base) !== null;
  }

  /** Reads an address; answers null when it is none. */
  static parse(url: string | URL, base?: string | URL): URL | null {
    return URL.canParse(url, base) ? new URL(url, base) : null;
  }

  get href(): string {
    return this.#parts.href;
  }
  set href(value: string) {
    const parts = parse(value);
    if (parts === null) throw new TypeError(`Invalid URL: ${JSON.stringify(String(value))}`);
    this.#take(parts);
  }
  /** Scheme, host and port. */
  get origin(): string {
    return this.#parts.origin;
  }
  /** The scheme with its colon. */
  get protocol(): string {
    return this.#parts.protocol;
  }
  set protocol(value: string) {
    this.#set("protocol", value);
  }
  get username(): string {
    return this.#parts.username;
  }
  set username(value: string) {
    this.#set("username", value);
  }
  get password(): string {
    return this.#parts.password;
  }
  set password(value: string) {
    this.#set("password", value);
  }
  /** Host name and port. */
  get host(): string {
    return this.#parts.host;
  }
  set host(value: string) {
    this.#set("host", value);
  }
  get hostname(): string {
    return this.#parts.hostname;
  }
  set hostname(value: string) {
    this.#set("hostname", value);
  }
  /** "" for the scheme's own. */
  get port(): string {
    return this.#parts.port;
  }
  set port(value: string) {
    this.#set("port", value);
  }
  get pathname(): string {
    return this.#parts.pathname;
  }
  set pathname(value: string) {
    this.#set("pathname", value);
  }
  /** The query with its question mark, "" without one. */
  get search(): string {
    return this.#parts.search;
  }
  set search(value: string) {
    this.#set("search", value);
  }
  /** The fragment with its hash, "" without one. */
  get hash(): string {
    return this.#parts.hash;
  }
  set hash(value: string) {
    this.#set("hash", value);
  }

  /** The query's parameters; a change of them is one of the address. */
  get searchParams(): URLSearchParams {
    this.#search ??= URLSearchParams.bind(this.#parts.search, (query) => {
      this.#parts = change(this.#parts.href, "search", query);
    });
    return this.#search.params;
  }

  toString(): string {
    return this.#parts.href;
  }

  toJSON(): string {
    return this.#parts.href;
  }

  #set(name: keyof UrlParts, value: string): void {
    this.#take(change(this.#parts.href, name, String(value)));
  }

  #take(parts: UrlParts): void {
    this.#parts = parts;
    this.#search?.read(parts.search);
  }
}

function parse(url: string | URL, base?: string | URL): UrlParts | null {
  return callHost("parse_url", { url: String(url), base: base === undefined ? null : String(base) });
}

function change(href: string, name: keyof UrlParts, value: string): UrlParts {
  return callHost("change_url", { href, name, value });
}
