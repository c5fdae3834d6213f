import { AF_INET, AF_INET6, ArgumentError, inet_pton } from "bpfts";
import { protocol_numbers } from "./protocols.ts";

/** An address with a port. */
export interface SocketAddress {
  /** `AF_INET` or `AF_INET6`. */
  readonly family: number;
  /** One of IPv4 lies in the first four of 16 bytes. */
  readonly bytes: Uint8Array;
  /** In the host's order. */
  readonly port: number;
  /** As the file has it. */
  readonly text: string;
}

/** What clients connect to, and who answers. */
export interface Service {
  readonly name: string;
  readonly frontend: SocketAddress;
  /** 6 for TCP, 17 for UDP. */
  readonly protocol: number;
  /** In the order of the file, each one once. */
  readonly backends: readonly SocketAddress[];
  readonly algorithm: (typeof algorithms)[number];
  /** How long a client stays with its backend; 0 for no affinity. Units: seconds. */
  readonly affinity: number;
}

const algorithms = ["random", "maglev"] as const;
const protocols = ["tcp", "udp"] as const;
const members = ["name", "frontend", "protocol", "backends", "algorithm", "affinity"] as const;
const known_members: ReadonlySet<string> = new Set(members);

/** The longest affinity. Units: seconds. Source: the limit of Kubernetes for a service */
const MAX_AFFINITY = 86400;
/** A slot of a service is a number of 16 bits. Source: struct lb4_key of Cilium */
const MAX_BACKENDS = 65535;

/** Parses the JSON of services. `path` begins the messages. @throws ArgumentError */
export function parse_services(text: string, path: string): readonly Service[] {
  const list = parse_json(text, path);
  if (!Array.isArray(list) || list.length === 0)
    refuse(
      path,
      `a list of services is wanted: [{ "name": "web", "frontend": "10.96.0.10:80", "backends": ["10.0.1.2:8080"] }]`,
    );
  const services = list.map((value, at) => parse_service(value, `${path}: [${at}]`));
  const names = new Map<string, number>();
  const frontends = new Map<string, string>();
  for (const [at, { name, frontend, protocol }] of services.entries()) {
    const twin = names.get(name);
    if (twin !== undefined) refuse(`${path}: [${at}].name`, `"${name}" is the name of [${twin}] already`);
    names.set(name, at);
    const key = show_key(frontend, protocol);
    const other = frontends.get(key);
    if (other !== undefined)
      refuse(`${path}: [${at}].frontend`, `${frontend.text} is the frontend of "${other}" already`);
    frontends.set(key, name);
  }
  for (const [at, { backends, protocol }] of services.entries())
    for (const [backend_at, backend] of backends.entries()) {
      const name = frontends.get(show_key(backend, protocol));
      if (name !== undefined)
        refuse(
          `${path}: [${at}].backends[${backend_at}]`,
          `${backend.text} is the frontend of "${name}"; a backend is where a process listens`,
        );
    }
  return services;
}

function refuse(where: string, message: string): never {
  throw new ArgumentError("BPFTS_ARGUMENT", `${where}: ${message}`);
}

function parse_json(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message, stack } = error as Error;
    const [, line, column] = /<input>:(\d+):(\d+)/.exec(stack ?? "") ?? [];
    return refuse(line === undefined ? path : `${path}:${line}:${column}`, `this is no JSON (${message})`);
  }
}

function parse_service(value: unknown, where: string): Service {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    refuse(where, `an object is wanted, as { "name": "web", "frontend": "10.96.0.10:80", "backends": [] }`);
  const given = value as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(given)) {
    if (known_members.has(name)) continue;
    const near = find_near(name, members);
    refuse(
      where,
      `a service has no "${name}"${near === undefined ? ` (it has ${members.join(", ")})` : ` (did you mean "${near}"?)`}`,
    );
  }
  const { name, frontend: frontend_text, backends, affinity = 0 } = given;
  if (typeof name !== "string" || !/^[\w.-]+(\/[\w.-]+)?$/.test(name))
    refuse(`${where}.name`, `a name is wanted, as "web" or "default/web", not ${show(name)}`);
  const protocol = protocol_numbers.get(choose(given["protocol"], protocols, `${where}.protocol`))!;
  const algorithm = choose(given["algorithm"], algorithms, `${where}.algorithm`);
  const frontend = parse_address(frontend_text, `${where}.frontend`);
  if (!Array.isArray(backends))
    refuse(`${where}.backends`, `a list of addresses with ports is wanted, not ${show(backends)}`);
  if (backends.length > MAX_BACKENDS)
    refuse(
      `${where}.backends`,
      `${backends.length} backends are more than the ${MAX_BACKENDS} that a service can have`,
    );
  if (typeof affinity !== "number" || !Number.isInteger(affinity) || affinity < 0 || affinity > MAX_AFFINITY)
    refuse(
      `${where}.affinity`,
      `seconds are wanted, a whole number from 0 (none) to ${MAX_AFFINITY}, not ${show(affinity)}`,
    );
  return {
    name,
    frontend,
    protocol,
    backends: parse_backends(backends, frontend, `${where}.backends`),
    algorithm,
    affinity,
  };
}

function parse_backends(values: readonly unknown[], frontend: SocketAddress, where: string): readonly SocketAddress[] {
  const seen = new Map<string, number>();
  return values.map((value, at) => {
    const backend = parse_address(value, `${where}[${at}]`);
    if (backend.family !== frontend.family)
      refuse(
        `${where}[${at}]`,
        `${backend.text} is ${name_family(backend)} and the frontend ${frontend.text} is ${name_family(frontend)}: a service has one family`,
      );
    const key = show_key(backend, 0);
    const twin = seen.get(key);
    if (twin !== undefined) refuse(`${where}[${at}]`, `${backend.text} is [${twin}] already; a backend is named once`);
    seen.set(key, at);
    return backend;
  });
}

/** Parses `10.96.0.10:80` or `[fd00::1]:80`. `where` begins the messages. @throws ArgumentError */
export function parse_address(value: unknown, where: string): SocketAddress {
  const wanted = `an address with a port is wanted, as "10.96.0.10:80" or "[fd00::1]:80"`;
  if (typeof value !== "string") return refuse(where, `${wanted}, not ${show(value)}`);
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^[\]:]*)):(\d+)$/.exec(value) ?? [];
  const port = Number(digits);
  if (digits === undefined) return refuse(where, `${wanted}, not ${show(value)}`);
  if (port < 1 || port > 65535) return refuse(where, `${value} has the port ${digits}; ports go from 1 to 65535`);
  const family = bracketed === undefined ? AF_INET : AF_INET6;
  const bytes = new Uint8Array(16);
  if (!write_ipv4(plain, bytes))
    try {
      bytes.set(inet_pton(family, bracketed ?? plain ?? ""));
    } catch {
      return refuse(where, `"${bracketed ?? plain}" is no ${family === AF_INET ? "IPv4" : "IPv6"} address; ${wanted}`);
    }
  const address = { family, bytes, port, text: value };
  if (is_mapped(address))
    return refuse(where, `${value} is an IPv4 address in IPv6's form: write ${bytes.subarray(12).join(".")}:${port}`);
  if (is_zero(bytes) || (family === AF_INET ? bytes[0]! >= 224 : bytes[0] === 0xff))
    return refuse(where, `${value} is no one host's address`);
  return address;
}

/** Writes an address of IPv4 in its usual form, of which files of services have thousands. Answers whether it is one. */
function write_ipv4(text: string | undefined, bytes: Uint8Array): boolean {
  const parts = text?.split(".") ?? [];
  if (parts.length !== 4) return false;
  for (let at = 0; at < 4; at++) {
    const byte = Number(parts[at]);
    if (!(byte <= 255) || String(byte) !== parts[at]) return false;
    bytes[at] = byte;
  }
  return true;
}

function is_zero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** An address of ::ffff:0:0/96. */
function is_mapped({ family, bytes }: SocketAddress): boolean {
  return family === AF_INET6 && bytes.subarray(0, 12).every((byte, at) => byte === (at < 10 ? 0 : 0xff));
}

function name_family({ family }: SocketAddress): string {
  return family === AF_INET ? "IPv4" : "IPv6";
}

/** The same for the same address, port and protocol. */
function show_key({ family, bytes, port }: SocketAddress, protocol: number): string {
  const address = family === AF_INET ? `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}` : bytes.join();
  return `${address} ${port} ${protocol}`;
}

/** One of a few words; the first is the default. */
function choose<Word extends string>(value: unknown, words: readonly [Word, ...Word[]], where: string): Word {
  const found = value === undefined ? words[0] : words.find((word) => word === value);
  if (found !== undefined) return found;
  const near = typeof value === "string" ? find_near(value, words) : undefined;
  return refuse(
    where,
    `${words.map((word) => `"${word}"`).join(" or ")} is wanted, not ${show(value)}${near === undefined ? "" : ` (did you mean "${near}"?)`}`,
  );
}

function show(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}

/** The word that a mistyped one may have been meant for: with the same letters but for two, or in other letter cases. */
function find_near(word: string, words: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  return words.find((one) => count_letters(lower, one) + count_letters(one, lower) <= 2);
}

/** How many letters of a text another one does not have. */
function count_letters(text: string, other: string): number {
  const left = [...other];
  return [...text].filter((letter) => {
    const at = left.indexOf(letter);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  }).length;
}
