import { errno } from "../../kernel/door/errno.ts";
import type { KernelPort } from "../../kernel/door/port.ts";
import type { BuiltUnit } from "../build/build-unit.ts";
import { requireFunction } from "./build-program.ts";
import { findRecord } from "./find-record.ts";
import { makeCheckedFunctions } from "./function-calls.ts";
import { makeCheckedNetwork } from "./network-programs.ts";
import type { BuiltProgram } from "./program.ts";

/** A program that was compiled and is not in the kernel: what a check without loading goes on with. Its maps are those of `openDryPort`. */
export function makeDryProgram(unit: BuiltUnit): BuiltProgram {
  const { spec, eventStructs, programs } = unit;
  return {
    spec,
    eventStructs,
    findMap: (name) => spec.maps.findIndex((map) => map.name === name) + 1 || undefined,
    listFailedOutputs: () => [],
    loadFunction(name) {
      requireFunction(programs, name, "load");
      return 1;
    },
    openIterator(name) {
      requireFunction(programs, name, "read");
      return { handle: undefined, record: findRecord(unit, name) };
    },
    openRun(name) {
      requireFunction(programs, name, "run");
      return { handle: undefined, context: spec.programs.find((program) => program.name === name)?.context };
    },
    attach({ fnName }) {
      requireFunction(programs, fnName);
      return 1;
    },
    detach: () => 1,
    attachStructOps: () => undefined,
    detachStructOps: () => undefined,
    network: makeCheckedNetwork(({ fnName }) => requireFunction(programs, fnName)),
    functions: makeCheckedFunctions((name) => requireFunction(programs, name, "load")),
    detachAll: () => undefined,
    verifyRest: () => [],
    countAttached: () => 0,
    findAttachedName: () => undefined,
    close: () => undefined,
  };
}

const missing = (): number => errno.ENOENT;
const done = (): number => 0;
const one = (): number => 1;
const nothing = new Uint8Array(0);

/** Maps in which nothing is ever found and into which everything may be put: a script comes as far with them as it does before anything has happened. */
const emptyMaps = {
  mapInfo: missing,
  descriptorPut: done,
  mapLookup: missing,
  mapLookupAndDelete: missing,
  mapNextKey: missing,
  mapDelete: missing,
  mapUpdate: done,
  mapUpdateAll: done,
  mapDeleteAll: done,
  mapReadAll: () => ({ count: 0, keys: nothing, values: nothing }),
  perfBufferOpen: one,
  ringBufferOpen: one,
  ringRead: done,
  ringLost: done,
  ringClose: done,
  userRingOpen: one,
  userRingWrite: done,
  perfCounterOpen: one,
  linkClose: done,
} satisfies Partial<KernelPort>;

/** The door to a kernel in which no map is. */
export function openDryPort(port: KernelPort): KernelPort {
  return Object.assign(Object.create(port) as KernelPort, emptyMaps);
}
