import { MapError } from "../../base/errors.ts";
import { errno, renderErrno } from "../../kernel/door/errno.ts";
import { DESCRIPTOR_BYTES, putDescriptor } from "../../kernel/door/use-descriptor.ts";
import type { KernelPort } from "../../kernel/door/port.ts";
import { describeMapFailure, describeMapUpdate } from "../../kernel/live/map-failure.ts";
import type { ProgramTable } from "./bridge-program.ts";
import type { Handlers } from "./bridge-state.ts";

/** Its size is the number of CPUs where the C text gives none. Source: libbpf. */
const PERF_EVENT_ARRAY = 4;

/** The calls that make the maps that lie in other maps, and find them. */
export function openInnerMapCalls(
  port: KernelPort,
  programs: ProgramTable,
): Handlers<"inner_map_create" | "inner_map_put" | "inner_map_open" | "inner_map_close"> {
  return {
    inner_map_create({ map }) {
      const outer = programs.requireMap(map);
      const shape = outer.spec.inner;
      if (shape === undefined)
        throw new MapError(
          `Cannot make a table for "${outer.name}": the C text does not say what its tables look like`,
          {
            reason: "wrong_type",
            hint: 'name a table as the example: BPF_HASH_OF_MAPS(name, u32, "inner", 16), or __array(values, struct { … })',
          },
        );
      const { type, flags, keyType, valueType } = shape;
      const handle = port.mapCreate(outer.handle, {
        name: shape.name,
        type,
        keySize: shape.key?.size ?? 0,
        valueSize: shape.value?.size ?? 0,
        maxEntries: type === PERF_EVENT_ARRAY && shape.maxEntries === 0 ? port.possibleCpus() : shape.maxEntries,
        flags,
        keyType,
        valueType,
      });
      if (handle < 0)
        throw new MapError(`Cannot make a table for "${outer.name}" (${renderErrno(handle)})`, { errno: -handle });
      return programs.addInnerMap(map, handle, shape);
    },
    inner_map_put({ map, inners }, bytes) {
      const outer = programs.requireMap(map);
      if (bytes.length !== inners.length * outer.keySize)
        throw new MapError(`Cannot use keys of ${bytes.length} bytes with "${outer.name}"`, { reason: "wrong_type" });
      const values = new Uint8Array(inners.length * DESCRIPTOR_BYTES);
      for (const [at, inner] of inners.entries())
        putDescriptor(port, programs.requireMap(inner).handle, values, at * DESCRIPTOR_BYTES);
      const status = port.mapUpdateAll(outer.handle, { keys: bytes.slice(), values, count: inners.length }, 0);
      if (status < 0) throw describeMapUpdate(outer, status);
      return null;
    },
    inner_map_open({ map }, bytes) {
      const outer = programs.requireMap(map);
      const id = port.mapLookup(outer.handle, bytes.slice(), 0);
      if (id === errno.ENOENT) return null;
      if (typeof id === "number") throw describeMapFailure(outer, "read", id);
      const number = new DataView(id.buffer, id.byteOffset).getUint32(0, true);
      const known = programs.findMapById(number);
      if (known !== undefined) return known;
      const handle = port.mapOpenId(number);
      // Whoever shares the outer map took it out meanwhile.
      if (handle === errno.ENOENT) return null;
      if (handle < 0)
        throw new MapError(`Cannot open a table of "${outer.name}" (${renderErrno(handle)})`, { errno: -handle });
      return programs.addInnerMap(
        map,
        handle,
        outer.spec.inner ?? { name: `${outer.name}.inner`, type: 0, maxEntries: 0, flags: 0 },
      );
    },
    inner_map_close({ map }) {
      programs.closeInnerMap(map);
      return null;
    },
  };
}
