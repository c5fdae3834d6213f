import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { ResourceError, UsageError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { EmittedStage, Stage } from "../inspect/emit-stage.ts";
import { requireOwnFiles } from "./require-own-files.ts";

/** The stages that `bpfts check --emit` knows; `bpfts types` prints the types. */
const suffixes: Readonly<Record<Exclude<Stage, "types">, string>> = { c: ".c", spec: ".json", object: ".o" };

/** What `--emit` and `-o` say. */
export interface StageFlags {
  readonly emit?: string;
  readonly output?: string;
}

/** Takes `--emit` and `-o` of a command line that checks these files. @throws UsageError */
export function parseStage(
  { emit, output }: StageFlags,
  files: readonly string[],
): Exclude<Stage, "types"> | undefined {
  if (emit === undefined && output !== undefined)
    throw new UsageError("-o goes with --emit", { hint: "bpfts check --emit object -o FILE.o SCRIPT.ts" });
  if (emit === undefined) return undefined;
  const stage = (Object.keys(suffixes) as (keyof typeof suffixes)[]).find((name) => name === emit);
  if (stage === undefined) throw new UsageError(`Cannot emit "${emit}"`, { hint: "the stages are c, spec and object" });
  if (stage === "object" && output === undefined && process.stdout.isTTY)
    throw new UsageError("An object is nothing for a terminal: --emit object needs a file", {
      hint: "bpfts check --emit object -o FILE.o SCRIPT.ts",
    });
  if (output !== undefined && !isFolder(output)) {
    if (files.length > 1)
      throw new UsageError(`Cannot write the ${stage} of ${files.length} files into one, "${output}"`, {
        hint: `name a folder: -o ${output}/`,
      });
    requireOther(output, files);
  }
  return stage;
}

/** Where stages of a script go. */
export interface StageTarget {
  readonly output: string | undefined;
  readonly script: string;
  /** All files of the command line, which nothing is written over; those before `script` may have written into the same folder. */
  readonly files: readonly string[];
  readonly log: Log;
}

/**
 * Writes a stage of each text of a script to standard output, into the file that was named, or into the folder: `NAME.o`, or `NAME.1.o`, `NAME.2.o` where the script has several.
 *
 * @throws UsageError when there is more or less than the file holds, ResourceError when it cannot be written
 */
export function writeStages(
  stage: Exclude<Stage, "types">,
  emitted: readonly EmittedStage[],
  { output, script, files, log }: StageTarget,
): void {
  const parts = stage === "object" ? dropRepeated(emitted) : emitted;
  if (parts.length === 0 && (stage === "object" || output !== undefined))
    throw new UsageError(`Cannot write the ${stage}: "${script}" made no program before it first waited`, {
      hint: "give it its arguments: bpfts check … SCRIPT.ts -- ARGUMENTS",
    });
  if (output !== undefined && isFolder(output)) {
    const name = nameStages(script);
    const twin = files.slice(0, files.indexOf(script)).find((other) => nameStages(other) === name);
    if (twin !== undefined)
      throw new UsageError(
        `"${twin}" and "${script}" would be written to one file, "${join(output, name)}${suffixes[stage]}"`,
        {
          hint: "write one of them into another folder",
        },
      );
    for (const [index, part] of parts.entries())
      writePart(
        requireOther(join(output, `${name}${parts.length === 1 ? "" : `.${index + 1}`}${suffixes[stage]}`), files),
        [part],
        log,
        true,
      );
    return;
  }
  if (stage === "object" && parts.length > 1)
    throw new UsageError(
      `Cannot write ${parts.length} objects into one file${output === undefined ? "" : `, "${output}"`}`,
      {
        hint: `name a folder for them: -o ${output ?? "objects"}/`,
      },
    );
  if (output !== undefined) return writePart(output, parts, log);
  for (const { content, notes } of parts) {
    process.stdout.write(content);
    for (const note of notes) log.warn(note);
  }
}

function nameStages(script: string): string {
  return basename(script, extname(script));
}

/** @throws UsageError when the path is one of the files that are checked */
function requireOther(path: string, files: readonly string[]): string {
  requireOwnFiles(
    [["-o", path]],
    files.map((file) => [basename(file), file]),
  );
  return path;
}

/** A script that makes a program for each device may make the same one each time. */
function dropRepeated(emitted: readonly EmittedStage[]): readonly EmittedStage[] {
  return emitted.filter(
    ({ content }, index) =>
      emitted.findIndex((other) => Buffer.compare(Buffer.from(other.content), Buffer.from(content)) === 0) === index,
  );
}

function writePart(path: string, parts: readonly EmittedStage[], log: Log, makesFolder = false): void {
  try {
    if (makesFolder) mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, Buffer.concat(parts.map(({ content }) => Buffer.from(content))));
  } catch (cause) {
    throw new ResourceError(`Cannot write "${path}": ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`, {
      cause,
      hint: "name a file in a folder that exists and that you may write to",
    });
  }
  for (const note of parts.flatMap(({ notes }) => notes)) log.warn(`${path}: ${note}`);
}

function isFolder(path: string): boolean {
  return path.endsWith("/") || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
