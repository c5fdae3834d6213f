import { join } from "node:path";
import type { KernelPort } from "../door/port.ts";
import { useDescriptor } from "../door/use-descriptor.ts";
import { readNotes } from "./live-object.ts";
import type { LiveKind } from "./live-object.ts";
import { systemFiles } from "../door/system-files.ts";
import type { FolderEntry } from "../door/system-files.ts";

/** Where objects are pinned. */
export interface Pins {
  list(kind: LiveKind, id: number): readonly string[];
}

/** An object that a path names. */
export interface PinnedObject {
  readonly kind: LiveKind;
  readonly id: number;
}

const lines: Readonly<Record<string, LiveKind>> = { prog_id: "program", map_id: "map", link_id: "link" };

/** Finds out which object is pinned at a path; undefined for any other file, and for what this user may not open. */
export function findPinned(port: KernelPort, path: string): PinnedObject | undefined {
  const object = port.pinOpen(path);
  if (object < 0) return undefined;
  return useDescriptor(port, object, () => {
    const notes = readNotes(port, object);
    // A link names its program, too.
    const line = ["link_id", "map_id", "prog_id"].find((name) => notes.has(name));
    return line === undefined ? undefined : { kind: lines[line]!, id: Number(notes.get(line)) };
  });
}

/** Looks through every BPF file system that this process sees. Source: proc_pid_mountinfo(5) */
export function readPins(port: KernelPort): Pins {
  const found = new Map<string, string[]>();
  for (const folder of listMounts())
    for (const path of listFiles(folder)) {
      const object = findPinned(port, path);
      if (object === undefined) continue;
      const key = `${object.kind} ${object.id}`;
      found.set(key, [...(found.get(key) ?? []), path]);
    }
  return { list: (kind, id) => found.get(`${kind} ${id}`) ?? [] };
}

/** Where BPF file systems are mounted. */
function listMounts(): readonly string[] {
  let text: string;
  try {
    text = systemFiles.readText("/proc/self/mountinfo");
  } catch {
    return [];
  }
  const mounts = [...text.matchAll(/^\d+ \d+ \S+ \S+ (\S+) .* - bpf /gm)];
  // Blanks and the like are written as octal numbers.
  return [
    ...new Set(
      mounts.map(([, path]) =>
        path!.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8))),
      ),
    ),
  ];
}

function* listFiles(folder: string): Iterable<string> {
  let entries: readonly FolderEntry[];
  try {
    entries = systemFiles.list(folder);
  } catch {
    return;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* listFiles(path);
    else yield path;
  }
}
