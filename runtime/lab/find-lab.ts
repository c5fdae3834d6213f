import { UsageError } from "../base/errors.ts";
import { findSimilar } from "../base/similar.ts";
import { readLabFile } from "./lab-file.ts";
import { findLabState, listLabStates } from "./lab-state.ts";
import type { LabState } from "./lab-state.ts";
import type { PlannedPlace } from "./plan-lab.ts";

/** Finds a lab that is up by its file or its name. @throws UsageError when there is none */
export function requireLab(word: string): LabState {
  const isFile = /[/.]/.test(word) && findLabState(word) === undefined;
  const name = isFile ? readLabFile(word).name : word;
  const state = findLabState(name);
  if (state !== undefined) return state;
  const similar = findSimilar(
    name,
    listLabStates().map((lab) => lab.name),
  );
  throw new UsageError(`There is no lab "${name}"`, {
    hint:
      similar !== undefined
        ? `did you mean "${similar}"?`
        : isFile
          ? `bpfts lab up ${word} makes it`
          : "bpfts lab list shows those that are up; bpfts lab up FILE.json makes one",
  });
}

/** Finds a node or a pod of a lab. @throws UsageError with the closest name */
export function requirePlace(state: LabState, name: string): PlannedPlace {
  const place = state.places.find((one) => one.name === name);
  if (place !== undefined) return place;
  const names = state.places.map((one) => one.name);
  const similar = findSimilar(name, names);
  throw new UsageError(`The lab "${state.name}" has no place "${name}"`, {
    hint: similar === undefined ? `there are: ${names.join(", ")}` : `did you mean "${similar}"?`,
  });
}
