import { htons } from "bpfts";
import { build_maglev_table } from "./maglev.ts";
import { TERMINATING, load_service_program, pinned_tables } from "./service-program.ts";
import { cut_text } from "./pins.ts";
import type { Service, SocketAddress } from "./services.ts";

/** A backend of one service. */
export interface KnownBackend {
  readonly id: number;
  readonly address: SocketAddress;
  /** Since when it takes no new connections; undefined while it does. Units: milliseconds of `Date.now()`. */
  drained_since?: number;
}

/** A service with its number in the tables. */
export interface KnownService {
  readonly id: number;
  service: Service;
  readonly backends: Map<string, KnownBackend>;
  is_removed: boolean;
  /** What its rows were made of. */
  written?: string;
}

/** What a backend has been sent. */
export interface BackendCounts {
  readonly connections: bigint;
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** Rows of a table that are written in one go. */
class Rows<Key, Leaf> {
  private readonly keys: Key[] = [];
  private readonly leaves: Leaf[] = [];

  add(key: Key, leaf: Leaf): void {
    this.keys.push(key);
    this.leaves.push(leaf);
  }

  write(table: { items_update_batch(keys: Iterable<Key>, leaves: Iterable<Leaf>): void }): void {
    if (this.keys.length > 0) table.items_update_batch(this.keys, this.leaves);
  }
}

const make_address = ({ family, bytes }: SocketAddress) => ({ family, bytes });
const make_end = (address: SocketAddress) => ({
  address: make_address(address),
  port: htons(address.port),
  unused: 0,
});
const make_key = ({ frontend, protocol }: Service) => ({ frontend: make_end(frontend), protocol });
const name_frontend = ({ frontend, protocol }: Service): string => `${frontend.text} ${protocol}`;

/** The services in the tables of the program. */
export class ServiceTables {
  readonly program: ReturnType<typeof load_service_program>;
  readonly known = new Map<number, KnownService>();
  private readonly by_frontend = new Map<string, KnownService>();
  private readonly maglev_size: number;
  private last_service = 0;
  private last_backend = 0;

  private readonly are_named: boolean;

  /** What is pinned in the folder has numbers of an older run, so it begins empty. */
  constructor(maglev_size: number, pins?: string) {
    this.maglev_size = maglev_size;
    this.program = load_service_program(maglev_size, pins);
    this.are_named = pins !== undefined;
    if (this.are_named) for (const name of pinned_tables) this.program.tables[name].clear();
  }

  /**
   * Makes the tables say what a list of services says. A program never finds a number that leads nowhere: backends are written before slots, slots before the service;
   * what is gone is first taken from there. Backends that are no more in the list keep their connections until `sweep`.
   */
  apply(services: readonly Service[]): void {
    const { tables } = this.program;
    const backends = new Rows<number, ReturnType<typeof this.make_backend>>();
    const rev_nat = new Rows<number, ReturnType<typeof make_end>>();
    const addresses = new Rows<ReturnType<typeof make_address>, number>();
    const slots = new Rows<{ service: number; slot: number }, number>();
    const entries = new Rows<ReturnType<typeof make_key>, ReturnType<typeof this.make_service>>();
    const names = new Rows<number, { readonly name: string }>();
    const maglev: (readonly [number, readonly (readonly [number, number])[]])[] = [];
    const ending: KnownBackend[] = [];
    const listed = new Set(services.map(name_frontend));
    const removed = [...this.known.values()].filter(
      ({ service, is_removed }) => !is_removed && !listed.has(name_frontend(service)),
    );
    for (const service of [...services, ...removed.map(({ service: one }) => ({ ...one, backends: [] }))]) {
      const known = this.find_service(service);
      known.service = service;
      known.is_removed = !listed.has(name_frontend(service));
      const { algorithm, affinity } = service;
      const written = [algorithm, affinity, ...service.backends.map(({ text }) => text)].join();
      if (known.written === written) continue;
      known.written = written;
      rev_nat.add(known.id, make_end(service.frontend));
      addresses.add(make_address(service.frontend), 1);
      if (this.are_named) names.add(known.id, { name: cut_text(service.name, 128) });
      const wanted = new Set(service.backends.map(({ text }) => text));
      for (const backend of known.backends.values())
        if (!wanted.has(backend.address.text) && backend.drained_since === undefined) ending.push(backend);
      for (const [at, address] of service.backends.entries()) {
        let backend = known.backends.get(address.text);
        if (backend === undefined) {
          backend = { id: ++this.last_backend, address };
          known.backends.set(address.text, backend);
          backends.add(backend.id, this.make_backend(backend));
        } else if (backend.drained_since !== undefined) {
          delete backend.drained_since;
          backends.add(backend.id, this.make_backend(backend));
        }
        slots.add({ service: known.id, slot: at + 1 }, backend.id);
      }
      if (service.algorithm === "maglev") maglev.push([known.id, this.list_places(known)]);
      entries.add(make_key(service), this.make_service(known));
    }
    backends.write(tables.backends);
    rev_nat.write(tables.rev_nat);
    names.write(tables.service_names);
    slots.write(tables.slots);
    tables.maglev.create_all(maglev);
    addresses.write(tables.service_addresses);
    entries.write(tables.services);
    for (const backend of ending) {
      backend.drained_since = Date.now();
      tables.backends.set(backend.id, this.make_backend(backend));
    }
  }

  /** Forgets backends that have been drained for so long, with the connections that they still have, and services that are gone. Units: seconds. */
  sweep(drain: number): void {
    const { tables } = this.program;
    for (const known of this.known.values()) {
      for (const [text, { id, drained_since }] of known.backends) {
        if (drained_since === undefined || Date.now() - drained_since < drain * 1000) continue;
        tables.backends.delete(id);
        tables.backend_counts.delete(id);
        known.backends.delete(text);
      }
      if (known.is_removed && known.backends.size === 0) this.forget(known);
    }
  }

  read_counts({ id }: KnownBackend): BackendCounts {
    return this.program.tables.backend_counts.get(id) ?? { connections: 0n, packets: 0n, bytes: 0n };
  }

  private forget(known: KnownService): void {
    const { tables } = this.program;
    tables.services.delete(make_key(known.service));
    tables.rev_nat.delete(known.id);
    tables.service_names.delete(known.id);
    if (tables.maglev.has(known.id)) tables.maglev.delete(known.id);
    this.known.delete(known.id);
    this.by_frontend.delete(name_frontend(known.service));
    const { text, family, bytes } = known.service.frontend;
    const address = text.slice(0, text.lastIndexOf(":") + 1);
    if (![...this.known.values()].some(({ service }) => service.frontend.text.startsWith(address)))
      tables.service_addresses.delete({ family, bytes });
  }

  private find_service(service: Service): KnownService {
    const name = name_frontend(service);
    const found = this.by_frontend.get(name);
    if (found !== undefined) return found;
    const known = { id: ++this.last_service, service, backends: new Map<string, KnownBackend>(), is_removed: false };
    this.by_frontend.set(name, known);
    this.known.set(known.id, known);
    return known;
  }

  private make_service({ id, service }: KnownService) {
    const { backends, affinity, algorithm } = service;
    return { id, count: backends.length, affinity, is_maglev: algorithm === "maglev" ? 1 : 0 };
  }

  private make_backend({ address, drained_since }: KnownBackend) {
    return { end: make_end(address), state: drained_since === undefined ? 0 : TERMINATING };
  }

  private list_places({ service, backends }: KnownService): readonly (readonly [number, number])[] {
    const names = service.backends.map(({ text }) => text);
    const ids = names.map((text) => backends.get(text)!.id);
    return [...build_maglev_table(names, this.maglev_size)].map((backend, place) => [place, ids[backend] ?? 0]);
  }
}
