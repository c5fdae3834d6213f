import { BpftsError } from "../base/errors.ts";
import type { Closable } from "../base/scope.ts";
import { openListMachine } from "../inspect/list/list-machine.ts";
import type { ListMachine } from "../inspect/list/list-machine.ts";
import { listProbes, requireSource } from "../inspect/list/list-probes.ts";
import { listTypes, parseTypePattern } from "../inspect/list/list-types.ts";
import { probeSources } from "../inspect/list/probe-sources.ts";
import { renderDetails } from "../inspect/list/render-details.ts";

/** The probes of this machine, as a session lists and completes them. Owner: the caller closes it. */
export interface ProbeLists extends Closable {
  /** The probes that a pattern fits, a line each, with their values when that is asked for. @throws BpftsError */
  render(pattern: string, isVerbose: boolean): string;
  /** Probes whose names begin so. */
  complete(start: string): string[];
  /** The names of the values of one probe. */
  listValues(probe: string): string[];
}

/** More of them are no help. */
const MAX_COMPLETED = 200;

/** Opens the lists; this machine is looked at when it is first asked about. */
export function openProbeLists(): ProbeLists {
  let machine: ListMachine | undefined;
  const open = (): ListMachine => (machine ??= openListMachine());
  const find = (pattern: string): ReturnType<typeof listProbes> =>
    listProbes(open(), { pattern, isRegex: false, pid: 0 });
  return {
    render(pattern, isVerbose) {
      const types = parseTypePattern(pattern);
      if (types !== undefined)
        return listTypes(open(), types.keyword, types.glob)
          .map(({ name, definition }) => (isVerbose ? definition : `${name}\n`))
          .join("");
      const { probes, place, notes } = find(pattern);
      const lines = probes.map((probe) => {
        const details = isVerbose ? renderDetails(requireSource(probe.kind).describe(open(), probe, place)) : "";
        return `${probe.kind}:${probe.name}\n${details}`;
      });
      return [...lines, ...notes.map((note) => `${note}\n`)].join("");
    },
    complete(start) {
      if (!start.includes(":"))
        return probeSources
          .filter(({ kind, isCallable }) => isCallable !== true && kind.startsWith(start))
          .map(({ kind }) => `${kind}:`);
      const found = attempt(() => find(`${start}*`).probes) ?? [];
      return found.slice(0, MAX_COMPLETED).map(({ kind, name }) => `${kind}:${name}`);
    },
    listValues(pattern) {
      const values = attempt(() => {
        const { probes, place } = find(pattern);
        return probes.slice(0, 1).flatMap((probe) => requireSource(probe.kind).describe(open(), probe, place).args);
      });
      return (values ?? []).map(({ name }) => name);
    },
    close: () => machine?.close(),
  };
}

/** Nothing fits while a word is half typed. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof BpftsError) return undefined;
    throw error;
  }
}
