import { closeSync, constants, fstatSync, ftruncateSync, openSync, unlinkSync, writeSync } from "node:fs";
import { extname } from "node:path";
import { ResourceError, UsageError } from "../base/errors.ts";
import { refuseFile } from "../base/refuse-file.ts";
import type { HistogramMessage } from "../../sdk/wire/histogram-message.ts";
import type { StackMessage } from "../../sdk/wire/stack-message.ts";
import { HistogramStore } from "./histogram-store.ts";
import { renderFlameHtml, renderFlameSvg } from "./render-flame.ts";
import { renderHeatmapHtml, renderHeatmapSvg } from "./render-heatmap.ts";
import { renderFolded } from "./render-folded.ts";
import { renderPprof } from "./render-pprof.ts";
import { renderSpeedscope } from "./render-speedscope.ts";
import { renderTraceEvents } from "./render-trace-events.ts";
import { StackStore } from "./stack-store.ts";
import type { StackSums } from "./stack-store.ts";

/** A picture that the user asks for. */
export interface PictureRequest {
  /** The option without its dashes. */
  readonly kind: string;
  readonly path: string;
}

/** What takes a script's records: only what some picture is made of. Both throw ArgumentError for what is no such record. */
export interface Recorders {
  readonly recordStack?: (stack: StackMessage) => void;
  readonly recordHistogram?: (histogram: HistogramMessage) => void;
}

/** The files of pictures, opened before anything is traced. */
export interface Pictures {
  readonly recorders: Recorders;
  /** Writes what was recorded and closes the files; one that was made for nothing goes. @throws ResourceError when a file takes no more */
  finish(): readonly PictureReport[];
}

/** What became of the pictures of stacks, or of those of histograms. */
export interface PictureReport {
  readonly noun: "stack" | "histogram";
  /** How many were recorded: different stacks, or histograms at different times. */
  readonly count: number;
  /** How many there was no room for. */
  readonly dropped: number;
  readonly paths: readonly string[];
}

type Render = (sums: StackSums, title: string) => string | Uint8Array;

interface OpenFile {
  readonly kind: string;
  readonly path: string;
  readonly fd: number;
  readonly isNew: boolean;
}

/** Opens the files of pictures. @throws UsageError for one that cannot be written, an ending that says no format, and a file that is named twice */
export function openPictures(requests: readonly PictureRequest[], title: string, output?: number): Pictures {
  const files: OpenFile[] = [];
  try {
    requests.forEach(requireFormat);
    const taken = new Map<string, string>();
    if (output !== undefined && fstatSync(output).isFile()) taken.set(identify(output), "output");
    for (const request of requests) {
      const file = openFile(request);
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
  const maps = files.filter(isHeatmap);
  const profiles = files.filter((file) => !isHeatmap(file));
  const stacks = new StackStore();
  const histograms = new HistogramStore();
  const finish = (
    own: readonly OpenFile[],
    render: ((file: OpenFile) => string | Uint8Array) | undefined,
  ): string[] => {
    own.forEach((file) => (render === undefined ? discard(file) : write(file, render(file))));
    return own.map(({ path }) => path);
  };
  return {
    recorders: {
      ...(profiles.length > 0 && { recordStack: (stack: StackMessage) => stacks.add(stack) }),
      ...(maps.length > 0 && { recordHistogram: (histogram: HistogramMessage) => histograms.add(histogram) }),
    },
    finish() {
      const sums = stacks.read();
      const heat = histograms.read();
      const reports: PictureReport[] = [
        {
          noun: "stack",
          count: sums?.stacks.length ?? 0,
          dropped: stacks.dropped,
          paths: finish(profiles, sums && ((file) => chooseRender(file)(sums, title))),
        },
        {
          noun: "histogram",
          count: heat?.histograms ?? 0,
          dropped: histograms.dropped,
          paths: finish(
            maps,
            heat &&
              ((file) => chooseByEnding(file.path, "--heatmap", renderHeatmapSvg, renderHeatmapHtml)(heat, title)),
          ),
        },
      ];
      return reports.filter(({ paths }) => paths.length > 0);
    },
  };
}

function isHeatmap({ kind }: PictureRequest): boolean {
  return kind === "heatmap";
}

/** @throws UsageError for a file whose name says no format */
function requireFormat(request: PictureRequest): void {
  if (isHeatmap(request)) chooseByEnding(request.path, "--heatmap", renderHeatmapSvg, renderHeatmapHtml);
  else chooseRender(request);
}

function chooseRender({ kind, path }: PictureRequest): Render {
  if (kind === "folded") return renderFolded;
  if (kind === "speedscope") return renderSpeedscope;
  if (kind === "pprof") return renderPprof;
  if (kind === "perfetto") return renderTraceEvents;
  return chooseFlame(path, "--flame");
}

/** The way to draw a flame graph into a file of this name. @throws UsageError for an ending that says none */
export function chooseFlame(path: string, option: string): Render {
  return chooseByEnding(path, option, renderFlameSvg, renderFlameHtml);
}

function chooseByEnding<T>(path: string, option: string, svg: T, html: T): T {
  const ending = extname(path).toLowerCase();
  if (ending === ".svg") return svg;
  if (ending === ".html") return html;
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
function openFile({ kind, path }: PictureRequest): OpenFile {
  const flags = constants.O_WRONLY | constants.O_CREAT;
  try {
    return { kind, path, isNew: true, fd: openSync(path, flags | constants.O_EXCL, 0o644) };
  } catch (cause) {
    if (!isError(cause, "EEXIST")) throw refuseFile(kind, path, cause);
  }
  try {
    return { kind, path, isNew: false, fd: openSync(path, flags, 0o644) };
  } catch (cause) {
    throw refuseFile(kind, path, cause);
  }
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
