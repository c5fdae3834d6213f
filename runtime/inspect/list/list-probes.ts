import { UsageError } from "../../base/errors.ts";
import { renderDeclaration } from "../../object/render-c.ts";
import { describeNothing } from "./describe-nothing.ts";
import type { ListMachine } from "./list-machine.ts";
import type { Probe, ProbeSource, UserPlace } from "./probe.ts";
import type { ListQuery } from "./list-query.ts";
import { parseProbePattern } from "./probe-pattern.ts";
import type { ProbePattern } from "./probe-pattern.ts";
import { probeSources } from "./probe-sources.ts";

/** Probes, and what has to be said about them. */
export interface ProbeList {
  readonly probes: readonly Probe[];
  readonly place: UserPlace | undefined;
  /** Sentences: which kinds this machine cannot attach to, and why. */
  readonly notes: readonly string[];
}

/**
 * Lists the probes that a pattern fits, kind by kind. A kind that this machine cannot attach to is listed only when the pattern
 * names it or when nothing else fits.
 *
 * @throws AttachError when nothing fits, UsageError
 */
export function listProbes(machine: ListMachine, query: ListQuery): ProbeList {
  const pattern = parseProbePattern(query.pattern, probeSources, query);
  const chosen = chooseSources(machine, query, pattern);
  const probes = chosen.flatMap((source) => listOf(machine, source, pattern, query));
  if (probes.length > 0)
    return { probes, place: pattern.place, notes: describeObstacles(machine, query, pattern, chosen) };
  const refused = pattern.kinds === undefined && !asksForTypes(query) ? listRefused(machine) : [];
  const others = refused.flatMap((source) => listOf(machine, source, pattern, query));
  if (others.length > 0) {
    const kinds = refused.filter(({ kind }) => others.some((probe) => probe.kind === kind));
    return { probes: others, place: pattern.place, notes: kinds.map((source) => renderObstacle(machine, source)) };
  }
  throw describeNothing(machine, query, pattern, pattern.kinds ?? listPlain());
}

/** Finds the row of a kind. */
export function requireSource(kind: string): ProbeSource {
  return probeSources.find((source) => source.kind === kind)!;
}

function asksForTypes({ takes, returns }: ListQuery): boolean {
  return takes !== undefined || returns !== undefined;
}

function chooseSources(machine: ListMachine, query: ListQuery, { kinds }: ProbePattern): readonly ProbeSource[] {
  const asksTypes = asksForTypes(query);
  if (kinds !== undefined) {
    const mute = kinds.find(({ findSignature }) => findSignature === undefined);
    if (asksTypes && mute !== undefined)
      throw new UsageError(
        `Cannot ask for the types of a ${mute.kind}: the kernel has types of its own functions alone`,
        {
          hint: "for example: bpfts list --takes 'struct sk_buff *' 'kprobe:*'",
        },
      );
    return kinds;
  }
  if (asksTypes) {
    const functions = ["kprobe", "fentry"].map(requireSource);
    return [functions.find((source) => source.findObstacle?.(machine) === undefined) ?? functions[1]!];
  }
  return listPlain().filter((source) => source.findObstacle?.(machine) === undefined);
}

/** Those that need no program to look into and that a program attaches to. */
function listPlain(): readonly ProbeSource[] {
  return probeSources.filter(({ isUser, isCallable }) => !isUser && !isCallable);
}

function listRefused(machine: ListMachine): readonly ProbeSource[] {
  return listPlain().filter((source) => source.findObstacle?.(machine) !== undefined);
}

function listOf(
  machine: ListMachine,
  source: ProbeSource,
  { query, place }: ProbePattern,
  { takes, returns }: ListQuery,
): readonly Probe[] {
  const probes = [...source.list(machine, query, place)];
  if (takes === undefined && returns === undefined) return probes;
  return probes.filter((probe) => {
    const signature = source.findSignature!(machine, probe);
    if (signature === undefined) return false;
    const { types, parameters, prototype } = signature;
    const have = (id: number, wanted: string): boolean => packType(renderDeclaration(types, id)) === packType(wanted);
    return (
      (takes === undefined || parameters.some(({ type }) => have(type, takes))) &&
      (returns === undefined || have(prototype.sizeOrType, returns))
    );
  });
}

/** `const struct sk_buff*` and `struct sk_buff *` are one question. */
function packType(type: string): string {
  return type.replace(/\b(?:const|volatile|restrict)\b/g, "").replace(/\s+/g, "");
}

function describeObstacles(
  machine: ListMachine,
  query: ListQuery,
  { kinds }: ProbePattern,
  chosen: readonly ProbeSource[],
): readonly string[] {
  const named = chosen.filter((source) => source.findObstacle?.(machine) !== undefined);
  // What a search by one name passed over is nobody's question.
  const asksAll =
    kinds === undefined && query.pattern === undefined && query.takes === undefined && query.returns === undefined;
  const left = asksAll ? listRefused(machine) : [];
  return [
    ...named.map((source) => renderObstacle(machine, source)),
    ...left.map((source) => renderLeftOut(machine, source)),
  ];
}

function renderObstacle(machine: ListMachine, source: ProbeSource): string {
  return `The kind ${source.kind} cannot be attached to here: ${source.findObstacle!(machine)}`;
}

function renderLeftOut(machine: ListMachine, source: ProbeSource): string {
  return `The kind ${source.kind} is left out: ${source.findObstacle!(machine)}`;
}
