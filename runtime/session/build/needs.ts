import type { Diagnostic } from "../../base/diagnostic.ts";
import type { CompileError } from "../../base/errors.ts";
import { noSignedDivision } from "../../compile/backend-refusals.ts";
import { listOwnHeaders, readOwnHeaders } from "../../compile/own-headers.ts";
import { parseTokens } from "../../dialect/text/lexer.ts";
import { listTakenNames, listUnknownTypes } from "../../dialect/text/unknown-names.ts";
import { findKernelMacro, listConditionNames } from "../../dialect/words/kernel-macros.ts";
import { changeTools } from "./build-tools.ts";
import type { BuildTools } from "./build-tools.ts";
import { addModules } from "./module-types.ts";

/** What a text turned out to need besides the kernel's types. */
export interface Needs {
  /** Types and enumerators of modules. */
  readonly types: readonly string[];
  /** Names of the kernel's that the text declares itself. */
  readonly taken: readonly string[];
  /** Macros of the kernel's headers that a header of the user's own names. */
  readonly macros: readonly string[];
  /** Macros of the kernel's headers whose names the text gives to things of its own. */
  readonly ownMacros: readonly string[];
  /** Division of signed numbers, which only the newest instruction set has. */
  readonly signedDivision?: true;
  /** All of the kernel's types: which of them it needs does not show in its names, or it is wrong, and clang knows better what was meant. */
  readonly allTypes?: true;
}

/** Reads from what clang said what a text lacks. */
export function listNeeds(error: CompileError, text: string, tools: BuildTools): Needs {
  const { env, files, prelude } = tools;
  const all: Diagnostic[] = [{ severity: "error", message: error.message }, ...error.diagnostics];
  const messages = all.map(({ message }) => message);
  const isMacro = (name: string): boolean => findKernelMacro(name, env) !== undefined;
  const types = listUnknownTypes(messages);
  const needs: Needs = {
    types,
    taken: listTakenNames(messages),
    macros: [
      ...types.filter(isMacro),
      ...listHeaderMacros(readOwnHeaders(listOwnHeaders(error.detail ?? "", prelude.folders), files), text, tools),
    ],
    // Where a name was to stand, its value does.
    ownMacros: messages.some((message) => /^(?:C: )?expected /.test(message))
      ? listExpanded([...all, ...all.flatMap(({ notes = [] }) => notes)]).filter(isMacro)
      : [],
    ...(messages.some((message) => message.endsWith(noSignedDivision)) && { signedDivision: true }),
  };
  const { taken, macros, ownMacros, signedDivision } = needs;
  const isKnown = taken.length + macros.length + ownMacros.length > 0 || signedDivision === true;
  return isKnown && types.length === 0 ? needs : { ...needs, allTypes: true };
}

function listExpanded(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.flatMap(({ message }) => /^expanded from macro '(\w+)'$/.exec(message)?.[1] ?? []);
}

/** Lists the macros of the kernel's that conditions in headers of the user's own ask for and the text before does not define: clang does not miss those. */
export function listHeaderMacros(headers: ReadonlyMap<string, string>, text: string, { env }: BuildTools): string[] {
  return [...headers.values()]
    .flatMap((header) => [...listConditionNames(parseTokens(header))])
    .filter(
      (name) =>
        !env.wantedMacros.includes(name) &&
        !text.includes(`#define ${name} `) &&
        findKernelMacro(name, env) !== undefined,
    );
}

/** The same tools with what is needed; undefined when there is no more to be had. */
export function widenTools(tools: BuildTools, needs: Needs): BuildTools | undefined {
  const whole = needs.allTypes === true ? tools.prelude.complete() : undefined;
  const base = whole ?? tools.prelude;
  const prelude = (needs.signedDivision === true ? base.divideSigned() : base.hide(needs.taken)) ?? whole;
  const other = widenMacros(prelude === undefined ? tools : changeTools(tools, { prelude }), needs);
  return addModules(other, needs.types) ?? (other === tools ? undefined : other);
}

function widenMacros(tools: BuildTools, { macros, ownMacros }: Needs): BuildTools {
  const { env } = tools;
  const wanted = macros.filter((name) => !env.wantedMacros.includes(name));
  const own = ownMacros.filter((name) => !env.ownMacros.includes(name));
  if (wanted.length + own.length === 0) return tools;
  return changeTools(tools, {
    env: { ...env, wantedMacros: [...env.wantedMacros, ...wanted], ownMacros: [...env.ownMacros, ...own] },
  });
}
