import { ArgumentError, UsageError } from "../../base/errors.ts";
import { findSimilar } from "../../base/similar.ts";
import { liveNouns } from "../../kernel/live/live-object.ts";
import type { LiveKind } from "../../kernel/live/live-object.ts";
import { findPinned } from "../../kernel/live/object-pins.ts";
import type { KernelPort } from "../../kernel/door/port.ts";

/** The kinds that people name. */
export type NamedKind = Exclude<LiveKind, "btf">;

/** The command that lists them. */
const commands: Readonly<Record<NamedKind, string>> = { program: "prog", map: "map", link: "link" };

/** What a word can mean. */
interface Candidate {
  readonly id: number;
  readonly name: string;
}

/**
 * Finds the objects that a word names: an id, a name, or a path where one is pinned. Answers all of that name.
 *
 * @throws ArgumentError when there is none, UsageError
 */
export function findObjects<T extends Candidate>(
  port: KernelPort,
  kind: NamedKind,
  word: string,
  all: readonly T[],
): readonly T[] {
  const noun = liveNouns[kind];
  if (word.startsWith("/")) {
    const id = requirePinned(port, kind, word);
    return all.filter((object) => object.id === id);
  }
  const isId = /^\d+$/.test(word);
  const found = all.filter(({ id, name }) => (isId ? id === Number(word) : name === word));
  if (found.length > 0) return found;
  if (isId)
    throw new ArgumentError(`There is no BPF ${noun} with the id ${word}`, {
      hint: `bpfts ${commands[kind]} lists them; an object that nothing holds any more is gone`,
    });
  if (["show", "list"].includes(word))
    throw new ArgumentError(`There is no BPF ${noun} called "${word}"`, {
      hint: `bpfts ${commands[kind]} without that word lists them, and bpfts ${commands[kind]} 42 tells all of the one with that id`,
    });
  const similar = findSimilar(
    word,
    all.map(({ name }) => name),
  );
  throw new ArgumentError(`There is no BPF ${noun} called "${word}"`, {
    hint: similar === undefined ? `bpfts ${commands[kind]} lists them` : `did you mean "${similar}"?`,
  });
}

/**
 * Finds the one object that a word names.
 *
 * @throws ArgumentError when there is none, UsageError when there are several
 */
export function requireObject<T extends Candidate>(
  port: KernelPort,
  kind: NamedKind,
  word: string,
  all: readonly T[],
): T {
  const found = findObjects(port, kind, word, all);
  if (found.length > 1)
    throw new UsageError(`There are ${found.length} BPF ${liveNouns[kind]}s called "${word}"`, {
      hint: `name one by its id: ${found.map(({ id }) => id).join(", ")}`,
    });
  return found[0]!;
}

function requirePinned(port: KernelPort, kind: NamedKind, path: string): number {
  const pinned = findPinned(port, path);
  if (pinned === undefined)
    throw new ArgumentError(`No BPF object is pinned at "${path}"`, {
      hint: `bpfts ${commands[kind]} shows where objects are pinned`,
    });
  if (pinned.kind !== kind)
    throw new ArgumentError(`"${path}" is a BPF ${liveNouns[pinned.kind]}, not a ${liveNouns[kind]}`, {
      ...(pinned.kind !== "btf" && { hint: `bpfts ${commands[pinned.kind]} ${path}` }),
    });
  return pinned.id;
}
