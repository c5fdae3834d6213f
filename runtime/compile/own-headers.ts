import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { FileScope } from "../script/file-scope.ts";
import { hashKey } from "./cache.ts";

/** The headers of `bpf-headers/` that are no part of the prelude, since few texts name them. Their names are taken: a script's header of such a name is not read. */
export const libraryHeaders: readonly string[] = ["bcc_usdt.h", "bpfts_nat.h", "bpfts_net.h", "bpfts_notice.h"];

const libraryName = `"(?:${libraryHeaders.map((name) => name.replace(".", "\\.")).join("|")})"`;
const libraryInclude = new RegExp(`^[ \\t]*#[ \\t]*include[ \\t]*${libraryName}`, "gm");
/** An include that neither libbpf's headers nor the library's answer. */
const ownInclude = new RegExp(
  `^[ \\t]*#[ \\t]*(?:include|include_next|import|embed)\\b(?![ \\t]*(?:<bpf/|${libraryName}))`,
  "m",
);

/** Reads the library's headers that a text includes, and those that they include: their texts by their names. */
export function readLibraryHeaders(text: string, read: (name: string) => string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const visit = (of: string): void => {
    for (const [line] of of.matchAll(libraryInclude)) {
      const name = line.slice(line.indexOf('"') + 1, -1);
      if (found.has(name)) continue;
      const header = read(name);
      found.set(name, header);
      visit(header);
    }
  };
  visit(text);
  return found;
}

/** Whether a prepared text includes headers of the user's own. */
export function hasOwnHeaders(text: string): boolean {
  return ownInclude.test(text);
}

/** Lists the headers that clang's `-H` names, without those of the system and of the folders that are ours. */
export function listOwnHeaders(stderr: string, ownFolders: readonly string[]): string[] {
  const known = ["/usr/include", "/usr/local/include", "/usr/lib", ...ownFolders].map((folder) => `${folder}/`);
  const named = [...stderr.matchAll(/^\.+ (.+)$/gm)].map((match) => match[1]!);
  return [...new Set(named)].filter((path) => !known.some((folder) => resolve(path).startsWith(folder)));
}

/**
 * Reads headers, by the paths that clang knows them by. What is not the script's is left out: a message of clang's may
 * have words of the script's in it that read like the name of a header.
 */
export function readOwnHeaders(paths: readonly string[], files: FileScope): ReadonlyMap<string, string> {
  return new Map(
    paths.filter((path) => files.covers(path)).map((path) => [path, files.readBytes(path).toString("utf8")]),
  );
}

/** What is remembered of the headers that an object was made with: their hashes by absolute path. */
export function describeOwnHeaders(headers: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  return Object.fromEntries([...headers].map(([path, text]) => [resolve(path), hashKey(text)]));
}

/** Whether headers are what they were when an object was made with them, and the script may read them still. */
export function areUnchanged(hashes: Readonly<Record<string, string>>, files: FileScope): boolean {
  try {
    return Object.entries(hashes).every(([path, hash]) => hashKey(files.readBytes(path).toString("utf8")) === hash);
  } catch {
    return false;
  }
}

/** Lets clang see other texts in the place of headers, under their own names: `run` is given the flags for it, and the folder that they name. */
export function withHeaders<T>(
  headers: ReadonlyMap<string, string>,
  run: (flags: readonly string[], folder?: string) => T,
): T {
  if (headers.size === 0) return run([]);
  const folder = mkdtempSync(join(tmpdir(), "bpfts-headers-"));
  try {
    const roots = [...headers].map(([path, text], index) => {
      const contents = join(folder, `${index}.h`);
      writeFileSync(contents, text);
      return { type: "file", name: resolve(path), "external-contents": contents };
    });
    const overlay = join(folder, "overlay.yaml");
    writeFileSync(
      overlay,
      JSON.stringify({ version: 0, "case-sensitive": "true", "use-external-names": "false", roots }),
    );
    return run(["-ivfsoverlay", overlay], folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
