import type { Diagnostic } from "../base/diagnostic.ts";
import { renderAccessors } from "./words/accessors.ts";
import { rewriteBuiltins } from "./words/builtins.ts";
import { blankDeadBranches } from "./text/dead-branches.ts";
import type { DialectEnv } from "./text/env.ts";
import { findFunctions } from "./text/functions.ts";
import { parseTokens } from "./text/lexer.ts";
import { noteUse } from "./text/machine-use.ts";
import { rewriteIncludes } from "./words/includes.ts";
import { listConstantNames, renderKernelMacros } from "./words/kernel-macros.ts";
import { rewriteLiterals } from "./words/literals.ts";
import { listFunctionMakers, writeOutFunctions } from "./words/macro-functions.ts";
import { findMacroMaps } from "./words/macro-maps.ts";
import { numberRings, readMapMacros } from "./words/maps.ts";
import { rewriteMethods } from "./words/methods.ts";
import { rewriteOffsets } from "./words/offsets.ts";
import { packetHeaders, renderPacketStruct } from "./words/packets.ts";
import { openPass, reopenPass } from "./text/pass.ts";
import type { Pass } from "./text/pass.ts";
import { rewritePrintk } from "./words/printk.ts";
import { rewritePrograms } from "./words/programs.ts";
import type { ProgramFindings } from "./words/programs.ts";
import { renameShadowingTypes } from "./words/shadow.ts";
import { rewriteShorthands } from "./words/shorthands.ts";
import { rewriteStructOps } from "./words/struct-ops.ts";
import { renderMissingTags } from "./words/tags.ts";
import { renderTracepointStruct } from "./words/tracepoint.ts";
import { rewriteKernelTypedefs } from "./words/typedefs.ts";
import { requireTemplateValues } from "./text/template-values.ts";
import type { CSource, CUnit, MapDecl, ProgramDecl } from "./text/unit.ts";
import { makeUnit } from "./text/unit-text.ts";

/**
 * Turns the user's C text into text that clang can parse on top of the prelude:
 * kernel includes answered, maps, programs and map methods in libbpf's terms.
 *
 * @throws DialectError with the place in the script.
 */
export function prepareUnit(source: CSource, machine: DialectEnv): CUnit {
  const use = noteUse(machine);
  const { env } = use;
  const warnings: Diagnostic[] = [];
  const first = openPass(source, blankDeadBranches(source.text), [], warnings);
  requireTemplateValues(first);
  renameShadowingTypes(first, env);
  const second = reopenPass(first);
  rewriteKernelTypedefs(second, env);
  const pass = writeOutFunctions(reopenPass(second));
  rewriteLiterals(pass);
  const includes = rewriteIncludes(pass, env.headers);
  const maps = numberRings([...readMapMacros(pass), ...findMacroMaps(pass)]);
  const functions = findFunctions(pass.tokens, listFunctionMakers(pass));
  const senders = rewriteMethods(pass, maps, functions);
  const findings = rewritePrograms(pass, functions, env);
  rewritePrintk(pass, env.kernelVersionCode);
  const builtins = rewriteBuiltins(pass, functions, env);
  rewriteOffsets(pass, functions, env);
  rewriteShorthands(pass);
  rewriteStructOps(pass);
  const edited = pass.edits.apply();
  const license = findLicense(pass);
  const accessors = renderAccessors(pass.tokens, findings.definedNames);
  const tracepoints = renderTracepoints(findings, env);
  const head = [
    ...env.moduleHeaders.map((file) => `#include ${JSON.stringify(file)}`),
    ...renderConfig(pass, env),
    ...renderMissingTags(pass, env),
    ...findings.definedNames.flatMap(renderOwnName),
    // A macro of ours by the name of a table: `BIT`.
    ...maps.filter(({ name }) => /^[A-Z]/.test(name)).map(({ name }) => `#undef ${name}`),
    ...renderConstants(pass, accessors, new Set([...maps.map(({ name }) => name), ...findings.definedNames]), env),
    ...accessors,
    ...(builtins.usesLibbpfUsdt ? ["#include <bpf/usdt.bpf.h>"] : []),
    ...(builtins.usesUsdt ? ['#include "bcc_usdt.h"'] : []),
    ...(includes.includes("bcc/proto.h") ? renderPackets(pass) : []),
    ...tracepoints.structs,
    ...renderLosses(maps, senders),
  ];
  const tail = license.isOwn ? [] : [`char _license[] SEC("license") = ${JSON.stringify(license.text)};`];
  return makeUnit({
    source,
    head,
    body: edited.text,
    tail,
    origins: [...edited.origins, ...pass.origins],
    facts: {
      programs: findings.programs.map((program) => noteArguments(program, builtins.usdtArguments.get(program.name))),
      maps,
      missingTracepoints: tracepoints.missing,
      eventStructs: {},
      warnings,
      license: license.text,
      includes,
      used: use.list(),
    },
  });
}

function noteArguments(program: ProgramDecl, read: ReadonlySet<number> | undefined): ProgramDecl {
  return read === undefined ? program : { ...program, usdtArguments: [...read].sort((a, b) => a - b) };
}

/** The options of the kernel's configuration that the text names, as the kernel's build defines them. */
function renderConfig(pass: Pass, env: DialectEnv): string[] {
  const names = new Set(
    pass.tokens.filter((token) => token.kind === "word" && token.text.startsWith("CONFIG_")).map((token) => token.text),
  );
  return [...names].flatMap((name) => {
    const value = env.findKernelConfig(name);
    if (value === undefined || value === "n") return [];
    const definition = value === "y" ? `${name} 1` : value === "m" ? `${name}_MODULE 1` : `${name} ${value}`;
    return [`#undef ${definition.split(" ")[0]}`, `#define ${definition}`];
  });
}

/** The constants of the kernel's headers that the text names, and that functions of the headers which it calls are made of. */
function renderConstants(
  pass: Pass,
  accessors: readonly string[],
  taken: ReadonlySet<string>,
  env: DialectEnv,
): string[] {
  const names = listConstantNames(pass.tokens);
  for (const name of listConstantNames(parseTokens(accessors.join("\n")))) names.add(name);
  return renderKernelMacros(names, taken, env);
}

/** The packet headers that the text names and does not declare itself. */
function renderPackets(pass: Pass): string[] {
  const { tokens } = pass;
  const named = new Set<string>();
  const own = new Set<string>();
  for (let i = 1; i < tokens.length; i++) {
    const { text } = tokens[i]!;
    if (tokens[i - 1]!.text !== "struct" || !Object.hasOwn(packetHeaders, text)) continue;
    (tokens[i + 1]?.text === "{" ? own : named).add(text);
  }
  return [...named].filter((name) => !own.has(name)).map(renderPacketStruct);
}

/** A function of the user's may have the name of a macro of ours, or of a kernel helper that it stands in for. */
function renderOwnName(name: string): string[] {
  return name.startsWith("bpf_") ? [`#define ${name} ${name}___own`] : [`#undef ${name}`];
}

/** The structs of the tracepoints that the text names, and the names, `category:event`, of those that this kernel does not tell of. */
function renderTracepoints(findings: ProgramFindings, env: DialectEnv): { structs: string[]; missing: string[] } {
  const rendered = new Map<string, string>();
  const missing = new Set<string>();
  for (const { category, event } of findings.tracepoints) {
    const name = `${category}:${event}`;
    if (rendered.has(name)) continue;
    const format = env.readTracepointFormat(category, event);
    if (format === undefined) missing.add(name);
    else rendered.set(name, renderTracepointStruct(category, event, format, env));
  }
  return { structs: [...rendered.values()], missing: [...missing] };
}

/** The map that counts events which a ring had no room for, one number for each ring, and one for all rings that a header of the text's own declares. */
function renderLosses(maps: readonly MapDecl[], senders: ReadonlySet<string>): string[] {
  const rings = new Map(maps.flatMap(({ name, lostIndex }) => (lostIndex === undefined ? [] : [[name, lostIndex]])));
  if (senders.size === 0) return [];
  return [
    ...[...rings].map(([name, index]) => `#define __bpfts_lost_index_${name} ${index}`),
    ...[...senders]
      .filter((name) => !rings.has(name))
      .map((name) => `#define __bpfts_lost_index_${name} ${rings.size}`),
    `bpfts_map(BPF_MAP_TYPE_PERCPU_ARRAY, u32, u64, __bpfts_lost, ${rings.size + 1}, 0);`,
  ];
}

/** The license that `#define BPF_LICENSE` names, or GPL; `isOwn` when the text has a license section. */
function findLicense(pass: Pass): { text: string; isOwn: boolean } {
  const define = /^[ \t]*#[ \t]*define[ \t]+BPF_LICENSE[ \t]+(.*?)[ \t]*$/m.exec(pass.text);
  const own = /SEC\s*\(\s*"license"\s*\)\s*=\s*"([^"]*)"/.exec(pass.text);
  if (own !== null) return { text: own[1]!, isOwn: true };
  const text = define?.[1]?.replace(/^"(.*)"$/, "$1") ?? "GPL";
  return { text, isOwn: false };
}
