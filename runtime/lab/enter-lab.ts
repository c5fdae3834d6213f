import { existsSync } from "node:fs";
import { join } from "node:path";
import type { LabPlace } from "../../sdk/wire/lab-place.ts";
import { UsageError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Closable } from "../base/scope.ts";
import type { AllowedPlaces } from "../permit/places.ts";
import { requireLab, requirePlace } from "./find-lab.ts";
import { readLabFile } from "./lab-file.ts";
import { findLabState } from "./lab-state.ts";
import type { LabState } from "./lab-state.ts";
import { openLab, sweepLabs, takeDown } from "./open-lab.ts";
import { findNamespaceFile } from "./run-step.ts";

/** A lab as one run of a script has it. Owner: whoever entered it closes it, which takes down a lab that was made for this run. */
export interface EnteredLab extends Closable {
  readonly places: readonly LabPlace[];
  /** What a script may attach to, with what the user has allowed besides. */
  addPlaces(allowed: AllowedPlaces): AllowedPlaces;
  /** Where the commands of a place run. @throws UsageError when there is no such place */
  findCommandPlace(place: string): { readonly cgroup: string; readonly netns: string };
}

/** Signals that must not end this process before the lab is down; the session has handlers of its own while the script runs. */
const held = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Enters the lab of a file, or of a name: the one that is up, else one that is made from the file for this run and taken down at its end.
 *
 * @throws UsageError, PrivilegeError, ToolchainError, UnsupportedFeatureError, ResourceError, InterruptedError
 */
export function enterLab(path: string, log: Log): EnteredLab {
  sweepLabs(log);
  if (!/[/.]/.test(path)) {
    const named = existsSync(path) ? findLabState(path) : requireLab(path);
    if (named?.owner === null) return describeEntered(named, () => undefined);
    if (named?.owner !== undefined && !existsSync(path))
      throw new UsageError(`The lab "${path}" is not up yet: the process ${named.owner.pid} makes it`, {
        hint: "run it again when that process has ended",
      });
  }
  const file = readLabFile(path);
  const known = findLabState(file.name);
  if (known !== undefined && known.owner === null && known.source !== file.source)
    throw new UsageError(`The lab "${file.name}" is up and was made from another text of its file`, {
      hint: `bpfts lab down ${file.name}`,
    });
  if (known !== undefined && known.owner === null) return describeEntered(known, () => undefined);
  const hold = (): void => undefined;
  for (const signal of held) process.on(signal, hold);
  const release = (): void => {
    for (const signal of held) process.off(signal, hold);
  };
  try {
    const state = openLab(file, path, `${file.name}.${process.pid}`);
    return describeEntered(state, () => {
      takeDown(state);
      release();
    });
  } catch (error) {
    release();
    throw error;
  }
}

function describeEntered(state: LabState, close: () => void): EnteredLab {
  const { places } = state;
  return {
    places: places.map(({ namespace: _, devices: __, ...place }) => ({
      ...place,
      cgroup: join(state.cgroup, place.name),
    })),
    addPlaces: (allowed) => ({
      ...allowed,
      devices: [
        ...allowed.devices,
        ...places.flatMap(({ namespace, devices }) =>
          devices.map((dev) => ({ netns: findNamespaceFile(namespace), dev })),
        ),
      ],
      namespaces: [...allowed.namespaces, ...places.map(({ namespace }) => findNamespaceFile(namespace))],
      namespaceFiles: new Map(places.map(({ name, namespace }) => [name, findNamespaceFile(namespace)])),
    }),
    findCommandPlace(name) {
      const { namespace } = requirePlace(state, name);
      return { cgroup: join(state.cgroup, name), netns: findNamespaceFile(namespace) };
    },
    close,
  };
}
