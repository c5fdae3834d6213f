import { describe, expect, it } from "vitest";
import { parse_services } from "../../../scripts/net/parts/services.ts";
import { SocklbTables } from "../../../scripts/net/parts/socklb-tables.ts";

/** Tables in memory, for what SocklbTables does with those of the program; `look` is called after each change of an entry. */
class MemoryTables {
  readonly tables = new Map<string, Map<string, unknown>>();

  constructor(private readonly look: () => void = () => undefined) {}

  read(name: string): Map<string, unknown> {
    const found = this.tables.get(name) ?? new Map<string, unknown>();
    this.tables.set(name, found);
    return found;
  }

  table(name: string): unknown {
    const entries = this.read(name);
    const show = (key: unknown): string =>
      JSON.stringify(key, (_, value) => (value instanceof Uint8Array ? [...value] : value) as unknown);
    const change = (run: () => unknown): unknown => {
      const result = run();
      this.look();
      return result;
    };
    return {
      has: (key: unknown) => entries.has(show(key)),
      delete: (key: unknown) => change(() => entries.delete(show(key))),
      values: () => [...entries.values()],
      entries: () => [...entries].map(([key, value]) => [JSON.parse(key), value]),
      items_update_batch: (keys: readonly unknown[], values: readonly unknown[]) => {
        for (const [at, key] of keys.entries()) change(() => entries.set(show(key), values[at]));
      },
    };
  }
}

function make(look?: () => void, most?: number) {
  const memory = new MemoryTables(look);
  return { memory, tables: new SocklbTables(memory as never, most) };
}

function services(backends: Readonly<Record<string, readonly number[]>>) {
  const list = Object.entries(backends).map(([name, hosts]) => ({
    name,
    frontend: `10.96.0.${name.charCodeAt(0)}:80`,
    backends: hosts.map((host) => `10.0.${host >> 7}.${(host & 127) + 1}:8080`),
  }));
  return parse_services(JSON.stringify(list), "services.json");
}

describe("SocklbTables", () => {
  it("shows no connection half of a change", () => {
    let looks = 0;
    const { memory, tables } = make(() => {
      looks++;
      const slots = memory.read("slots");
      const backends = memory.read("backends");
      for (const value of memory.read("services").values()) {
        const { id, backends: count } = value as { readonly id: number; readonly backends: number };
        for (let number = 0; number < count; number++) {
          const backend = slots.get(JSON.stringify({ service: id, number }));
          expect(backend, `slot ${number} of ${id}`).toBeDefined();
          expect(backends.has(JSON.stringify(backend)), `backend ${String(backend)}`).toBe(true);
        }
      }
    });
    for (const state of [
      { a: [1, 2, 3], b: [1] },
      { a: [3], b: [1, 2, 4] },
      { b: [5] },
      { a: [1, 2], c: [9, 8] },
      { c: [] },
    ])
      tables.replace(services(state));
    expect(looks).toBeGreaterThan(30);
    expect([...memory.read("services").values()]).toEqual([{ id: 3, backends: 0, affinity_ns: 0n }]);
    expect(memory.read("slots").size + memory.read("backends").size).toBe(0);
  });

  it("gives a backend that comes back its number and its counters", () => {
    const { memory, tables } = make();
    tables.replace(services({ a: [1, 2] }));
    memory.read("backend_counts").set("1", { connects: 5n, datagrams: 0n });
    tables.replace(services({ a: [2] }));
    expect(tables.read_counts().map(({ backend, state, connects }) => [backend, state, connects])).toEqual([
      ["10.0.0.3:8080", "active", 0n],
      ["10.0.0.2:8080", "removed", 5n],
    ]);
    tables.replace(services({ a: [2, 1] }));
    expect(tables.read_counts().every(({ state }) => state === "active")).toBe(true);
    expect([...memory.read("slots").values()]).toEqual([2, 1]);
  });

  it("makes room by forgetting backends without sockets, and refuses more than there is room for", () => {
    const { memory, tables } = make(undefined, 6);
    memory.read("sockets").set("77", { backend: 1, pid: 4711 });
    for (let host = 1; host < 40; host += 2) tables.replace(services({ a: [host, host + 1] }));
    expect(memory.read("backend_counts").size).toBeLessThanOrEqual(6);
    expect(tables.list_stale()).toMatchObject([{ pid: 4711, service: "a", backend: "10.0.0.2:8080" }]);
    expect(() => tables.replace(services({ a: [1, 2, 3, 4, 5, 6] }))).toThrow("there are more than 6 services");
    expect([...memory.read("slots").values()]).toHaveLength(2);
  });
});
