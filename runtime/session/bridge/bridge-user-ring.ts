import { MapError, UnsupportedFeatureError } from "../../base/errors.ts";
import { errno, renderErrno } from "../../kernel/door/errno.ts";
import type { Handle, KernelPort } from "../../kernel/door/port.ts";
import type { OpenMap } from "./bridge-program.ts";
import type { Handlers } from "./bridge-state.ts";

/** The call that writes into user ring buffers. What it opens goes with the buffer's program. */
export function openUserRingCalls(port: KernelPort, requireMap: (map: number) => OpenMap): Handlers<"user_ring_write"> {
  const rings = new Map<number, Handle>();
  const openRing = (map: number, target: OpenMap): Handle => {
    const ring = port.userRingOpen(target.handle);
    if (ring < 0)
      throw new UnsupportedFeatureError("user_ringbuf", `Cannot open "${target.name}" (${renderErrno(ring)})`, {
        since: "6.1",
      });
    rings.set(map, ring);
    return ring;
  };
  return {
    user_ring_write({ map }, bytes) {
      const target = requireMap(map);
      const status = port.userRingWrite(rings.get(map) ?? openRing(map, target), bytes);
      if (status === errno.ENOSPC) return false;
      if (status === errno.E2BIG)
        throw new MapError(`Cannot write ${bytes.length} bytes to "${target.name}": it holds ${target.maxEntries}`, {
          hint: "give it more pages where the C text declares it",
        });
      if (status < 0) throw new MapError(`Cannot write to "${target.name}" (${renderErrno(status)})`);
      return true;
    },
  };
}
