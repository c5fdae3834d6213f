import { closeSync, constants, fstatSync, ftruncateSync, openSync, unlinkSync, writeSync } from "node:fs";
import { extname } from "node:path";
import { ResourceError, UsageError } from "../base/errors.ts";
import type { StackMessage } from "../../sdk/wire/stack-message.ts";
import { renderFlameHtml, renderFlameSvg } from "./render-flame.ts";
import { renderFolded } from "./render-folded.ts";
import { renderPprof } from "./render-pprof.ts";
import { renderSpeedscope } from "./render-speedscope.ts";
import { StackStore } from "./stack-store.ts";
import type { StackSums } from "./stack-store.ts";

/** A picture that the user asks for. */
export interface PictureRequest {
  /** The option without its dashes. */
  readonly kind: string;
  readonly path: string;
}

/** The files of pictures, opened before anything is traced. */
export interface Pictures {
  /** Adds a stack to all of them. @throws ArgumentError for what is no stack */
  record(stack: StackMessage): void;
  /** Writes what was recorded and closes the files; one that was made for nothing goes. @throws ResourceError when a file takes no more */
  finish(): PictureReport;
}

/** What became of the pictures. */
export interface PictureReport {
  /** How many different stacks were recorded. */
  readonly stacks: number;
  /** How many there was no room for. */
  readonly dropped: number;
  readonly paths: readonly string[];
}

type Render = (sums: StackSums, title: string) => string | Uint8Array;

interface OpenFile {
  readonly path: string;
  readonly fd: number;
  readonly isNew: boolean;
  readonly render: Render;
}

/** Opens the files of pictures. @throws UsageError for one that cannot be written, an ending that says no format, and a file that is named twice */
export function openPictures(requests: readonly PictureRequest[], title: string, output?: number): Pictures {
  const files: OpenFile[] = [];
  const store = new StackStore();
  try {
    const renders = requests.map(chooseRender);
    const taken = new Map<string, string>();
    if (output !== undefined && fstatSync(output).isFile()) taken.set(identify(output), "output");
    for (const [index, request] of requests.entries()) {
      const file = openFile(request, renders[index]!);
      files.push(file);
      const identity = identify(file.fd);
      const other = taken.get(identity);
      if (other !== undefined)
        throw new UsageError(`--${other} and --${request.kind} name the same file "${request.path}"`, {
          hint: "each picture has a file of its own",
        });
      taken.set(identity, request.kind);
    }
  } catch (error) {
    files.forEach(discard);
    throw error;
  }
  return {
    record: (stack) => store.add(stack),
    finish() {
      const sums = store.read();
      const paths = files.map(({ path }) => path);
      if (sums === undefined) files.forEach(discard);
      else files.forEach((file) => write(file, file.render(sums, title)));
      return { stacks: sums?.stacks.length ?? 0, dropped: store.dropped, paths };
    },
  };
}

function chooseRender({ kind, path }: PictureRequest): Render {
  if (kind === "folded") return renderFolded;
  if (kind === "speedscope") return renderSpeedscope;
  if (kind === "pprof") return renderPprof;
  return chooseFlame(path, "--flame");
}

/** The way to draw a flame graph into a file of this name. @throws UsageError for an ending that says none */
export function chooseFlame(path: string, option: string): Render {
  const ending = extname(path).toLowerCase();
  if (ending === ".svg") return renderFlameSvg;
  if (ending === ".html") return renderFlameHtml;
  throw new UsageError(`${option} "${path}": the name ends neither in .svg nor in .html`, {
    hint: "the ending says which it becomes: both open in a browser",
  });
}

/** Tells files apart, whatever their names. */
function identify(fd: number): string {
  const { dev, ino } = fstatSync(fd);
  return `${dev}:${ino}`;
}

/** What is in the file stays there until there is something to write. */
function openFile({ kind, path }: PictureRequest, render: Render): OpenFile {
  const flags = constants.O_WRONLY | constants.O_CREAT;
  try {
    return { path, render, isNew: true, fd: openSync(path, flags | constants.O_EXCL, 0o644) };
  } catch (cause) {
    if (!isError(cause, "EEXIST")) throw refuseFile(kind, path, cause);
  }
  try {
    return { path, render, isNew: false, fd: openSync(path, flags, 0o644) };
  } catch (cause) {
    throw refuseFile(kind, path, cause);
  }
}

/** The error for a file that cannot be written. */
export function refuseFile(kind: string, path: string, cause: unknown): UsageError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: "there is no such folder",
    ENOTDIR: "a part of its path is no folder",
    EISDIR: "it is a folder",
    EACCES: "you may not write it",
    EROFS: "its file system is read-only",
  };
  return new UsageError(`Cannot write --${kind} "${path}": ${reasons[code] ?? code}`, { cause });
}

function write({ path, fd }: OpenFile, content: string | Uint8Array): void {
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
  try {
    if (fstatSync(fd).isFile()) ftruncateSync(fd);
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    closeSync(fd);
  } catch (cause) {
    throw new ResourceError(`Cannot write "${path}": ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`, {
      cause,
    });
  }
}

function discard({ path, fd, isNew }: OpenFile): void {
  closeSync(fd);
  if (isNew) unlinkSync(path);
}

function isError(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
