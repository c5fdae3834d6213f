import { AttachError } from "../../base/errors.ts";
import { makeCheckedFunctions } from "./function-calls.ts";
import { makeCheckedNetwork } from "./network-programs.ts";
import type { BuiltProgram } from "./program.ts";

/** What `new BPF({ text: "" })` is: legal, cheap, good for look-ups only. */
export const emptyProgram: BuiltProgram = {
  spec: { programs: [], maps: [], structs: {}, license: "" },
  eventStructs: {},
  findMap: () => undefined,
  listFailedOutputs: () => [],
  loadFunction: (name) => {
    throw new AttachError(`Cannot load "${name}": the C text is empty`);
  },
  openIterator: (name) => {
    throw new AttachError(`Cannot read the iterator "${name}": the C text is empty`);
  },
  openRun: (name) => {
    throw new AttachError(`Cannot run "${name}": the C text is empty`);
  },
  attach: (request) => {
    throw new AttachError(`Cannot attach "${request.fnName}": the C text is empty`);
  },
  network: makeCheckedNetwork(({ fnName }) => {
    throw new AttachError(`Cannot attach "${fnName}": the C text is empty`);
  }),
  functions: makeCheckedFunctions((name) => {
    throw new AttachError(`Cannot load "${name}": the C text is empty`);
  }),
  detach: () => {
    throw new AttachError("Cannot detach: the C text is empty");
  },
  attachStructOps: (name) => {
    throw new AttachError(`Cannot attach "${name}": the C text is empty`);
  },
  detachStructOps: (name) => {
    throw new AttachError(`Cannot detach "${name}": the C text is empty`);
  },
  detachAll: () => undefined,
  verifyRest: () => [],
  countAttached: () => 0,
  findAttachedName: () => undefined,
  close: () => {},
};
