import type { FileFacts, FolderEntry, OpenFile, SystemFiles } from "../../runtime/kernel/door/system-files.ts";

/** What a path is: a text, bytes, a link to another path, or the code of what is in the way of it. */
export type FakeFile =
  | string
  | Uint8Array
  | { readonly link: string }
  | { readonly fail: "EACCES" | "ENOENT" | "EPERM" };

/**
 * Makes system files out of a table of paths, which is looked into at each call. Folders are there by what lies in them. What is written stays in the
 * table; what the table does not have is not there (ENOENT).
 */
export function openFakeFiles(files: Record<string, FakeFile>): SystemFiles {
  const isFolder = (path: string): boolean => Object.keys(files).some((name) => name.startsWith(`${path}/`));
  const find = (path: string): Exclude<FakeFile, { readonly fail: string }> => {
    const found = files[path];
    if (found === undefined) throw makeError("ENOENT", path);
    if (typeof found === "object" && "fail" in found) throw makeError(found.fail, path);
    return found;
  };
  const readBytes = (path: string): Buffer => {
    const found = find(path);
    if (typeof found === "object" && "link" in found) return readBytes(found.link);
    return Buffer.from(found as string);
  };
  const stat = (path: string): FileFacts => {
    const folder = isFolder(path);
    const bytes = folder ? Buffer.alloc(0) : readBytes(path);
    return {
      dev: 1n,
      ino: BigInt(Object.keys(files).indexOf(path) + 1),
      uid: 0n,
      size: BigInt(bytes.length),
      mtimeNs: 0n,
      isFile: () => !folder,
      isDirectory: () => folder,
    };
  };
  return {
    readText: (path, encoding = "utf8") => readBytes(path).toString(encoding),
    readBytes,
    readLink(path) {
      const found = find(path);
      if (typeof found === "object" && "link" in found) return found.link;
      throw makeError("EINVAL", path);
    },
    resolve(path) {
      const found = isFolder(path) ? path : find(path);
      return typeof found === "object" && "link" in found ? found.link : path;
    },
    exists: (path) => isFolder(path) || path in files,
    mayExecute: (path) => path in files,
    stat,
    find(path) {
      try {
        return stat(path);
      } catch {
        return undefined;
      }
    },
    fileSystemType: () => 0,
    list(folder): readonly FolderEntry[] {
      if (!isFolder(folder)) throw makeError("ENOENT", folder);
      const inside = Object.keys(files).filter((path) => path.startsWith(`${folder}/`));
      const names = new Set(inside.map((path) => path.slice(folder.length + 1).split("/")[0]!));
      return [...names].map((name) => ({ name, isDirectory: () => isFolder(`${folder}/${name}`) }));
    },
    open(path): OpenFile {
      const bytes = readBytes(path);
      return { path, stat: () => stat(path), read: (into, at) => bytes.copy(into, 0, at), close: () => undefined };
    },
    write(path, text) {
      find(path);
      files[path] = text;
    },
    makeFolder: () => undefined,
    removeFolder: () => undefined,
  };
}

function makeError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: "${path}"`), { code });
}
