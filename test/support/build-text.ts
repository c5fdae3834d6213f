import { readFileSync } from "node:fs";
import { silentLog } from "../../runtime/base/log.ts";
import { openCacheFolder } from "../../runtime/compile/cache-folder.ts";
import { compileUnit, parseUnit } from "../../runtime/compile/compile-unit.ts";
import type { CompileOptions } from "../../runtime/compile/compile-unit.ts";
import { openFileScope } from "../../runtime/script/file-scope.ts";
import { hasOwnHeaders, readOwnHeaders } from "../../runtime/compile/own-headers.ts";
import { listClangs } from "../../runtime/compile/toolchain.ts";
import type { Ast } from "../../runtime/dialect/reads/ast.ts";
import { readMessages } from "../../runtime/dialect/text/locate-in-unit.ts";
import { prepareUnit } from "../../runtime/dialect/prepare.ts";
import { rewriteUnit } from "../../runtime/dialect/rewrite.ts";
import type { CUnit } from "../../runtime/dialect/text/unit.ts";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { openBuilder } from "../../runtime/session/build/open-builder.ts";
import type { Builder } from "../../runtime/session/build/open-builder.ts";

/** The clangs of this machine, oldest and newest: what both accept, all do. */
export const clangs = pickEnds(
  [...listClangs(process.env)].filter(({ clang }) => /-\d+$/.test(clang)).sort((a, b) => a.version - b.version),
);

function pickEnds<T>(sorted: readonly T[]): T[] {
  return sorted.length <= 1 ? [...sorted] : [sorted[0]!, sorted.at(-1)!];
}

/** Everything that building needs, with one clang. */
export function openTools(clang: string): Builder {
  return openBuilder({
    port: openAddon(),
    cache: openCacheFolder(process.env),
    environment: { ...process.env, BPFTS_CLANG: clang },
    log: silentLog,
  });
}

export interface GoldenUnit {
  readonly unit: CUnit;
  readonly bytes: Uint8Array;
}

/** Takes a text through both stages and the compiler. */
export function buildText(text: string, tools: Builder, cflags: readonly string[] = []): GoldenUnit {
  const env = { ...tools.env, readTracepointFormat: readFixtureFormat, onlineCpus: 4 };
  const prepared = prepareUnit({ text, name: "<text>" }, env);
  const readable = cflags.filter((flag) => flag.startsWith("-I")).map((flag) => flag.slice("-I".length));
  const describeRun = (of: CUnit): CompileOptions => ({
    toolchain: tools.toolchain,
    prelude: hasOwnHeaders(prepared.text) ? tools.prelude : tools.prelude.select(prepared.text),
    cflags,
    readable,
    messages: readMessages(of, env),
  });
  const parsed = parseUnit(prepared, describeRun(prepared));
  // The test grants what it names, as a user does with -I.
  const headers = readOwnHeaders(parsed.headers, openFileScope(undefined, { include: readable, read: [] }));
  let { unit, expanded } = rewriteUnit(prepared, parsed.ast as Ast, env, headers);
  while (expanded !== undefined)
    ({ unit, expanded } = rewriteUnit(expanded, parseUnit(expanded, describeRun(expanded)).ast as Ast, env, headers));
  return { unit, bytes: compileUnit(unit, describeRun(unit)).bytes };
}

/** Tracepoint formats of our own, so that the golden texts do not depend on this kernel's. */
function readFixtureFormat(category: string, event: string): string | undefined {
  return category === "fixture"
    ? readFileSync(new URL(`../golden/dialect/cases/${event}.format`, import.meta.url), "utf8")
    : undefined;
}
