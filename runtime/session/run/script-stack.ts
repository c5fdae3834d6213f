import { renderFrame, renderLocation } from "../../base/location.ts";
import type { SourceLocation, StackFrame } from "../../base/location.ts";
import { bundleName } from "../../script/bundle-name.ts";

/** The script, as far as its stacks are concerned. */
export interface GuestScript {
  /** The user's own files. */
  readonly files: readonly string[];
  mapPosition(line: number, column: number): SourceLocation | undefined;
}

/** One line of a guest's stack, in the user's file where it has one. */
export interface Frame {
  readonly name: string;
  readonly location: SourceLocation | undefined;
}

/**
 * Reads a stack of the guest's: places in the bundle, or in the user's files where the guest has had them mapped before. Frames of the SDK are left
 * out: what is wrong stands in the script.
 */
export function mapStack(stack: string, script: GuestScript): Frame[] {
  return stack.split("\n").flatMap((line) => {
    const raw = /^\s*at (?:(.*?) )?\(?([^()\s]*?):(\d+)(?::(\d+))?\)?$/.exec(line);
    if (raw?.[2] === bundleName)
      return [{ name: raw[1] ?? "", location: script.mapPosition(Number(raw[3]), Number(raw[4] ?? 1)) }];
    const mapped = /^\s*at (?:(async) |(.*?) \()?(\S.*?):(\d+):(\d+)\)?$/.exec(line);
    const [, awaited = "", name = awaited, file = "", row, column] = mapped ?? [];
    // A one-liner is no path.
    if (!file.startsWith("/") && !script.files.includes(file)) return [];
    return [{ name, location: { file, line: Number(row), column: Number(column) } }];
  });
}

/** Whether a frame stands in one of the user's own files. */
export function isOwn(frame: Frame, script: GuestScript): frame is Frame & { readonly location: SourceLocation } {
  return frame.location !== undefined && script.files.includes(frame.location.file);
}

const MAX_FRAMES = 20;

/** Lists the frames in the user's own files as data. */
export function listOwnFrames(frames: readonly Frame[], script: GuestScript): StackFrame[] {
  return frames
    .filter((frame) => isOwn(frame, script))
    .slice(0, MAX_FRAMES)
    .map(({ name, location }) => (isName(name) ? { name, location } : { location }));
}

/** QuickJS writes `<anonymous>` and `<eval>`. */
const isName = (name: string): boolean => name !== "" && !name.startsWith("<");

/** Renders frames in the user's files and in packages, one a line, `    at name (file:line:column)`. */
export function renderFrames(frames: readonly Frame[], script: GuestScript): string[] {
  const lines = frames.flatMap((frame) => {
    const { name, location } = frame;
    if (location === undefined || !(isOwn(frame, script) || location.file.includes("/node_modules/"))) return [];
    return [renderFrame(isName(name) ? name : undefined, renderLocation(location))];
  });
  if (lines.length <= MAX_FRAMES) return lines;
  return [...lines.slice(0, MAX_FRAMES), `    … ${lines.length - MAX_FRAMES} more`];
}
