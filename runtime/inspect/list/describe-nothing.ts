import { AttachError } from "../../base/errors.ts";
import { findSimilar } from "../../base/similar.ts";
import type { ListMachine } from "./list-machine.ts";
import type { ListQuery } from "./list-query.ts";
import type { ProbeSource } from "./probe.ts";
import type { ProbePattern } from "./probe-pattern.ts";
import { probeSources } from "./probe-sources.ts";

const overview = "bpfts list --kinds shows the kinds of probes";

/** Describes a question without an answer: what was asked for, and what may be meant. `sources` are the kinds that were looked through. */
export function describeNothing(
  machine: ListMachine,
  asked: ListQuery,
  pattern: ProbePattern,
  sources: readonly ProbeSource[],
): AttachError {
  if (asked.takes !== undefined || asked.returns !== undefined) return describeNoType(asked);
  const { query, place } = pattern;
  const inside =
    place === undefined ? "" : ` in ${place.path === undefined ? `process ${place.pid}` : `"${place.path}"`}`;
  const message = `No probe fits "${asked.pattern ?? "*"}"${inside}`;
  if (asked.isRegex) return new AttachError(message, { hint: "the expression must fit the whole name" });
  if (query.exact === undefined) {
    const isExpression = /\.\*|\\|\||\^|\$/.test(query.text);
    return new AttachError(message, {
      hint: isExpression
        ? "* stands for any part of a name; for a regular expression: bpfts list -r PATTERN"
        : place === undefined
          ? overview
          : stripped,
    });
  }
  const similar = suggest(machine, pattern, query.exact, sources);
  if (similar !== undefined) return new AttachError(message, { hint: `did you mean "${similar}"?` });
  return new AttachError(message, { hint: place === undefined ? overview : stripped });
}

const stripped =
  "of a program that was stripped only the functions of its dynamic symbols are known: install its debug symbols";

function describeNoType({ takes, returns }: ListQuery): AttachError {
  const asked = [
    ...(takes === undefined ? [] : [`takes "${takes}"`]),
    ...(returns === undefined ? [] : [`returns "${returns}"`]),
  ];
  const record = [takes, returns].find((type) => /^(?:struct|union) \w+$/.test(type?.trim() ?? ""));
  return new AttachError(`There is no function that ${asked.join(" and ")}`, {
    hint:
      record === undefined
        ? "types are written as in C: 'struct sk_buff *', 'unsigned int', 'void'"
        : `did you mean "${record.trim()} *"?`,
  });
}

/** A word that is no kind may be a mistyped one; else the closest name. */
function suggest(
  machine: ListMachine,
  { kinds, place }: ProbePattern,
  wanted: string,
  sources: readonly ProbeSource[],
): string | undefined {
  const [, word, rest] = /^(\w+):(.*)$/.exec(wanted) ?? [];
  if (kinds === undefined && word !== undefined) {
    const kind = findSimilar(
      word,
      probeSources.map((source) => source.kind),
    );
    if (kind !== undefined && kind !== word) return `${kind}:${rest}`;
  }
  const everything = { text: "*", test: () => true };
  const names = sources.flatMap((source) => [...source.list(machine, everything, place)].map(({ name }) => name));
  return wanted.includes(":") && place === undefined
    ? findSimilar(wanted, names)
    : findSimilar(cutLast(wanted), names.map(cutLast));
}

function cutLast(name: string): string {
  return name.slice(name.lastIndexOf(":") + 1);
}
