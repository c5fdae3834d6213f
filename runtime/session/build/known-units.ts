import { buildId } from "../../base/build-id.ts";
import { findCached, hashKey, writeCached } from "../../compile/cache.ts";
import { describeInput } from "../../compile/input-state.ts";
import { findNamedClang } from "../../compile/toolchain.ts";
import type { MachineUse } from "../../dialect/text/machine-use.ts";
import { findFirstLine } from "../../dialect/text/unit-text.ts";
import type { CSource } from "../../dialect/text/unit.ts";
import type { BuildTools } from "./build-tools.ts";

/** What an object was made from besides its text and this machine. The object is used as long as none of it has changed. */
interface KnownUnit {
  /** The entry of the cache that holds it. */
  readonly object: string;
  /** The size and time of clang, and of the files in the folders of headers, by path. A path that does not exist any more counts as unchanged. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly clang: string;
  /** Where headers of the script's own were looked for; empty when it includes none. */
  readonly reach: string;
  /** What the text was told of tracepoints, by `category:event`, and of options of the kernel's configuration, by their names. */
  readonly answers: Readonly<Record<string, string>>;
}

/** A text that is looked for among those that were compiled before. */
export interface UnitQuery {
  readonly source: CSource;
  readonly cflags: readonly string[];
  readonly tools: BuildTools;
}

/** Finds the entry of the object that was made of a text, without asking a compiler and without preparing the text. */
export function findKnownUnit(query: UnitQuery): string | undefined {
  const { tools } = query;
  const entry = findCached(tools.cache, nameEntry(query));
  if (entry === undefined) return undefined;
  const known = JSON.parse(entry.toString("utf8")) as KnownUnit;
  const named = findNamedClang(tools.environment);
  const serves =
    (named === undefined || named === known.clang) &&
    (known.reach === "" || known.reach === describeReach(query)) &&
    Object.entries(known.inputs).every(([path, was]) => [was, undefined].includes(describeInput(path))) &&
    Object.entries(known.answers).every(([name, was]) => was === describeAnswer(name, tools));
  return serves ? known.object : undefined;
}

/** Remembers which entry holds the object of a text. */
export function rememberUnit(
  query: UnitQuery,
  made: { readonly object: string; readonly isAlone: boolean; readonly used: MachineUse },
): void {
  const { toolchain, cache, listHeaderFolders } = query.tools;
  const inputs = [toolchain.path, ...listHeaderFolders()].map((path) => [path, describeInput(path) ?? ""]);
  const known: KnownUnit = {
    object: made.object,
    inputs: Object.fromEntries(inputs),
    clang: toolchain.path,
    reach: made.isAlone ? "" : describeReach(query),
    answers: describeUse(made.used),
  };
  writeCached(cache, nameEntry(query), Buffer.from(JSON.stringify(known)));
}

function nameEntry({ source, cflags, tools }: UnitQuery): string {
  // The object names the user's lines: the same text further down, or in another file, has another object.
  const { file, line } = findFirstLine(source);
  return `unit/${hashKey(buildId, tools.machineIdentity, source.name, `${line} ${file}`, source.text, JSON.stringify(cflags))}`;
}

function describeReach({ source, tools }: UnitQuery): string {
  return JSON.stringify([process.cwd(), source.folder, tools.files.includeFolders]);
}

/** The options with their values, and the formats of tracepoints by their hashes. */
function describeUse({ tracepoints, config }: MachineUse): Record<string, string> {
  return Object.fromEntries([
    ...Object.entries(config).map(([name, value]) => [name, value ?? ""] as const),
    ...Object.entries(tracepoints).map(([name, format]) => [name, hashFormat(format)] as const),
  ]);
}

function describeAnswer(name: string, { readTracepointFormat, findKernelConfig }: BuildTools): string {
  const at = name.indexOf(":");
  if (at < 0) return findKernelConfig(name) ?? "";
  return hashFormat(readTracepointFormat(name.slice(0, at), name.slice(at + 1)) ?? null);
}

function hashFormat(format: string | null): string {
  return hashKey(JSON.stringify(format));
}
