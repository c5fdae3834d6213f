import { ArgumentError, htons, read_file } from "bpfts";
import type { BPF } from "bpfts";
import { MOST } from "./socklb-program.ts";
import type { Service, SocketAddress } from "./services.ts";

/** What a backend has been chosen for. */
export interface BackendCounts {
  readonly service: string;
  readonly frontend: string;
  readonly backend: string;
  readonly state: "active" | "removed";
  /** Open sockets that are connected to it. */
  readonly sockets: number;
  readonly connects: bigint;
  readonly datagrams: bigint;
}

/** A socket that stays connected to a backend that the services have no more. */
export interface StaleSocket {
  readonly pid: number;
  readonly comm: string;
  readonly service: string;
  readonly backend: string;
}

interface Counts {
  readonly connects: bigint;
  readonly datagrams: bigint;
}

/** A backend of a service, also when the service has it no more: a socket may still be connected to it. */
interface Backend {
  readonly id: number;
  readonly service: Service;
  readonly address: SocketAddress;
}

/** An open socket, as the program keeps it. */
interface ConnectedSocket {
  readonly backend: number;
  readonly pid: number;
}

/** What the programs look up for a service. */
interface ServiceEntry {
  readonly id: number;
  readonly service: Service;
  readonly backends: readonly Backend[];
}

function write_address({ family, bytes }: SocketAddress) {
  return { family, bytes };
}

function write_frontend({ frontend, protocol }: Service) {
  return { address: write_address(frontend), protocol, port: htons(frontend.port) };
}

function name_frontend({ frontend, protocol }: Service): string {
  return `${frontend.text}/${protocol}`;
}

function name_backend(frontend: string, { family, bytes, port }: SocketAddress): string {
  return `${frontend} ${family} ${bytes.join()} ${port}`;
}

/** The services in the tables of the programs. */
export class SocklbTables {
  private entries: readonly ServiceEntry[] = [];
  private readonly service_ids = new Map<string, number>();
  /** By frontend and address. */
  private readonly backends = new Map<string, Backend>();
  private active: ReadonlySet<number> = new Set();
  private last_backend = 0;

  /** `most` is how many services and how many backends the tables take. */
  constructor(
    private readonly program: Pick<BPF, "table">,
    private readonly most = MOST,
  ) {}

  private table<Key, Leaf>(name: string) {
    return this.program.table<Key, Leaf>(name);
  }

  /**
   * Puts services in the place of those that are there. No connection meets half of one: the slots of a service are written before it counts them, and a backend goes
   * when no slot names it.
   *
   * @throws ArgumentError when there are too many
   */
  replace(services: readonly Service[]): void {
    if (services.length > this.most || !this.have_room(services)) {
      this.forget_unused();
      if (services.length > this.most || !this.have_room(services))
        throw new ArgumentError(
          "BPFTS_ARGUMENT",
          `there are more than ${this.most} services, or backends with those of before that still have sockets`,
        );
    }
    const newest = this.last_backend;
    const entries = services.map((service) => this.number(service));
    const slots = entries.flatMap(({ id, backends }) =>
      backends.map((backend, number) => ({ service: id, number, backend })),
    );
    const before = this.active;
    this.active = new Set(slots.map(({ backend }) => backend.id));
    this.write_backends(
      slots.map(({ backend }) => backend),
      newest,
    );
    this.table<unknown, number>("slots").items_update_batch(
      slots.map(({ service, number }) => ({ service, number })),
      slots.map(({ backend }) => backend.id),
    );
    this.table<unknown, unknown>("services").items_update_batch(
      entries.map(({ service }) => write_frontend(service)),
      entries.map(({ id, service, backends }) => ({
        id,
        backends: backends.length,
        affinity_ns: BigInt(service.affinity) * 1_000_000_000n,
      })),
    );
    this.remove_old(entries);
    this.entries = entries;
    for (const id of before) if (!this.active.has(id)) this.table<number, unknown>("backends").delete(id);
  }

  /** Gives a service and its backends their numbers, those of before where it had some. */
  private number(service: Service): ServiceEntry {
    const frontend = name_frontend(service);
    const id = this.service_ids.get(frontend) ?? this.service_ids.size + 1;
    this.service_ids.set(frontend, id);
    const backends = service.backends.map((address) => {
      const key = name_backend(frontend, address);
      const backend = { id: this.backends.get(key)?.id ?? ++this.last_backend, service, address };
      this.backends.set(key, backend);
      return backend;
    });
    return { id, service, backends };
  }

  private write_backends(backends: readonly Backend[], newest: number): void {
    const added = backends.filter(({ id }) => id > newest);
    this.table<number, Counts>("backend_counts").items_update_batch(
      added.map(({ id }) => id),
      added.map(() => ({ connects: 0n, datagrams: 0n })),
    );
    this.table<number, unknown>("backends").items_update_batch(
      backends.map(({ id }) => id),
      backends.map(({ address }) => ({ address: write_address(address), unused: 0, port: htons(address.port) })),
    );
  }

  /** Takes out services that are there no more, and the slots that one with fewer backends had. */
  private remove_old(entries: readonly ServiceEntry[]): void {
    const now = new Map(entries.map((entry) => [entry.id, entry]));
    for (const { id, service, backends } of this.entries) {
      const left = now.get(id);
      if (left === undefined) this.table("services").delete(write_frontend(service));
      for (let number = left?.backends.length ?? 0; number < backends.length; number++)
        this.table("slots").delete({ service: id, number });
    }
  }

  private have_room(services: readonly Service[]): boolean {
    const names = services.flatMap((service) =>
      service.backends.map((address) => name_backend(name_frontend(service), address)),
    );
    return this.backends.size + names.filter((name) => !this.backends.has(name)).length <= this.most;
  }

  /** Backends that were removed and have no socket make room for others, with their counters. */
  private forget_unused(): void {
    const open = new Set(this.list_sockets().map(({ backend }) => backend));
    for (const [key, { id }] of this.backends) {
      if (this.active.has(id) || open.has(id)) continue;
      this.backends.delete(key);
      this.table<number, unknown>("backend_counts").delete(id);
    }
  }

  private list_sockets(): readonly ConnectedSocket[] {
    return [...this.table<bigint, ConnectedSocket>("sockets").values()];
  }

  /** What each backend has been chosen for: those of the services first, then removed ones that have been chosen. */
  read_counts(): readonly BackendCounts[] {
    const counts = new Map(this.table<number, Counts>("backend_counts").entries());
    const open = new Map<number, number>();
    for (const { backend } of this.list_sockets()) open.set(backend, (open.get(backend) ?? 0) + 1);
    const rows = [...this.backends.values()].map(({ id, service, address }) => ({
      service: service.name,
      frontend: service.frontend.text,
      backend: address.text,
      state: this.active.has(id) ? ("active" as const) : ("removed" as const),
      sockets: open.get(id) ?? 0,
      connects: counts.get(id)?.connects ?? 0n,
      datagrams: counts.get(id)?.datagrams ?? 0n,
    }));
    const removed = rows.filter(({ state }) => state === "removed");
    return [
      ...rows.filter(({ state }) => state === "active"),
      ...removed.filter(({ connects, datagrams }) => connects + datagrams > 0n),
    ];
  }

  /** Open sockets that are connected to a backend which was removed. */
  list_stale(): readonly StaleSocket[] {
    const by_id = new Map([...this.backends.values()].map((backend) => [backend.id, backend]));
    return this.list_sockets()
      .filter(({ backend }) => !this.active.has(backend))
      .map(({ backend, pid }) => {
        const { service, address } = by_id.get(backend)!;
        return { pid, comm: read_comm(pid), service: service.name, backend: address.text };
      });
  }
}

function read_comm(pid: number): string {
  try {
    return read_file(`/proc/${pid}/comm`).trim();
  } catch {
    // The process that connected has ended; another one has its socket.
    return "";
  }
}
