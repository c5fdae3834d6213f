import { relative } from "node:path";
import { BpftsError, GuestError } from "../base/errors.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import { isSame, listDiagnostics } from "../base/list-diagnostics.ts";
import { renderFrame, renderLocation } from "../base/location.ts";
import type { SourceLocation, StackFrame } from "../base/location.ts";
import { escapeJson, escapeText } from "../../sdk/wire/escape-text.ts";

/** The status that our own bugs end with. Source: EX_SOFTWARE in sysexits.h. */
const internalExitCode = 70;

/** The exit code that an error asks for. */
export function findExitCode(error: unknown): number {
  return error instanceof BpftsError ? error.exitCode : internalExitCode;
}

/** Renders an error for a person: what, where with the line itself, more messages, the next step. What a terminal would act on is an escape sequence. */
export function renderError(error: unknown, options: { readonly verbose: boolean }): string {
  return escapeText(renderLines(error, options).replaceAll("\r\n", "\n"), "\n\t");
}

function renderLines(error: unknown, options: { readonly verbose: boolean }): string {
  if (!(error instanceof BpftsError)) {
    return `error: bpfts has a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\nhint: please report it with the script and the output of bpfts doctor\n`;
  }
  const lines = [`error: ${error.message}`];
  if (error.location !== undefined) lines.push(...renderPlace(error.location));
  // The whole stack, packages and all, is the detail of an error of the script's own.
  if (!(options.verbose && error instanceof GuestError)) lines.push(...(error.frames ?? []).map(renderOwnFrame));
  for (const diagnostic of error.diagnostics)
    lines.push(...(isSame(diagnostic, error) ? (diagnostic.notes ?? []) : [diagnostic]).flatMap(renderDiagnostic));
  if (options.verbose && error.detail !== undefined)
    lines.push(
      ...error.detail
        .trimEnd()
        .split("\n")
        .map((line) => `  | ${line}`),
    );
  if (error.hint !== undefined) lines.push(`hint: ${error.hint}`);
  return `${lines.join("\n")}\n`;
}

/** The same error as one line of JSON, for programs. */
export function renderErrorJson(error: unknown): string {
  const known = error instanceof BpftsError ? error : undefined;
  const json = JSON.stringify({
    error: {
      code: known?.code ?? "BPFTS_INTERNAL",
      name: known?.name ?? "InternalError",
      message: error instanceof Error ? error.message : String(error),
      exitCode: findExitCode(error),
      ...(known?.location && { location: known.location }),
      ...(known?.hint !== undefined && { hint: known.hint }),
      ...(known !== undefined && hasPlaces(known) && { diagnostics: listDiagnostics(known) }),
      ...(known?.errno !== undefined && { errno: known.errno }),
      ...(known?.frames !== undefined && { frames: known.frames }),
      ...(known?.detail !== undefined && { detail: known.detail }),
    },
  });
  return `${escapeJson(json)}\n`;
}

function hasPlaces({ location, diagnostics }: BpftsError): boolean {
  return location !== undefined || diagnostics.length > 0;
}

/** Renders one message of a compiler for a person, with its place. */
export function renderDiagnostic(diagnostic: Diagnostic): string[] {
  const lines = [`${diagnostic.severity}: ${diagnostic.message}`];
  if (diagnostic.location !== undefined) lines.push(...renderPlace(diagnostic.location));
  else if (diagnostic.lineText !== undefined) lines.push(`  | ${diagnostic.lineText}`);
  if (diagnostic.hint !== undefined) lines.push(`  hint: ${diagnostic.hint}`);
  return [...lines, ...(diagnostic.notes ?? []).flatMap(renderDiagnostic)];
}

function renderOwnFrame({ name, location }: StackFrame): string {
  return renderFrame(name, renderLocation({ ...location, file: shortenPath(location.file) }));
}

function shortenPath(file: string): string {
  const shown = relative(process.cwd(), file);
  return shown.startsWith("../..") || shown === "" ? file : shown;
}

/** A place is shown with its line when it came with it: nothing is read here. */
export function renderPlace(location: SourceLocation): string[] {
  const head = `  --> ${renderLocation({ ...location, file: shortenPath(location.file) })}`;
  const text = location.lineText;
  if (text === undefined) return [head];
  const gutter = String(location.line);
  const lines = [head, ` ${gutter} | ${text.replace(/\t/g, " ")}`];
  if (location.column !== undefined)
    lines.push(` ${" ".repeat(gutter.length)} | ${" ".repeat(Math.max(0, location.column - 1))}^`);
  return lines;
}
