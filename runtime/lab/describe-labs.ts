import { join } from "node:path";
import type { LabPlace } from "../../sdk/wire/lab-place.ts";
import { listLabStates } from "./lab-state.ts";

/** A lab that is up, as `--json` prints it. */
export interface LabRow {
  readonly name: string;
  readonly file: string;
  /** The process of `bpfts run --lab` that it ends with; null for one that stays until it is taken down. */
  readonly owner: number | null;
  readonly places: readonly (LabPlace & { readonly namespace: string })[];
}

/** Describes the labs that are up. */
export function describeLabs(): readonly LabRow[] {
  return listLabStates().map(({ name, file, owner, places, cgroup }) => ({
    name,
    file,
    owner: owner?.pid ?? null,
    places: places.map(({ devices: _, ...place }) => ({ ...place, cgroup: join(cgroup, place.name) })),
  }));
}
