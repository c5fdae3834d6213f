import { dirname, join } from "node:path";
import type { ElfInfo, KernelPort } from "../door/port.ts";
import { systemFiles } from "../door/system-files.ts";

/**
 * Finds the file that a stripped binary's symbols were put into: by build id, then by the name in
 * `.gnu_debuglink`, in each of the given roots. A file that was made from another build is passed over.
 *
 * Source: the search that GDB documents as "Separate Debug Files".
 */
export function findDebugFile(
  port: KernelPort,
  binary: { readonly open: string; readonly path: string; readonly info: ElfInfo },
  roots: readonly string[],
): string | undefined {
  const { info } = binary;
  const own = identify(binary.open);
  for (const path of listCandidates(listFolders(binary), info)) {
    for (const root of roots) {
      const candidate = root + path;
      const found = identify(candidate);
      if (found === undefined || found === own) continue;
      const other = port.elfDescribe(candidate);
      if (typeof other === "number") continue;
      const fits =
        info.buildId !== "" && other.buildId !== ""
          ? info.buildId === other.buildId
          : info.debugLink !== "" && port.fileCrc32(candidate) === info.debugLinkCrc;
      if (fits) return candidate;
    }
  }
  return undefined;
}

/** Where the binary lies, under the name that people gave it and without symbolic links. */
function listFolders({ open, path }: { readonly open: string; readonly path: string }): string[] {
  const paths = [path];
  try {
    paths.push(systemFiles.resolve(open));
  } catch {
    // It is gone, and its first name is all there is.
  }
  return [...new Set(paths.filter((name) => name.startsWith("/")).map((name) => dirname(name)))];
}

function listCandidates(folders: readonly string[], { buildId, debugLink }: ElfInfo): string[] {
  const byId = buildId.length > 2 ? [`/usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`] : [];
  // A name with a path in it could lead anywhere.
  if (debugLink === "" || debugLink.includes("/")) return byId;
  return [
    ...byId,
    ...folders.flatMap((folder) => [
      join(folder, debugLink),
      join(folder, ".debug", debugLink),
      join("/usr/lib/debug", folder, debugLink),
    ]),
  ];
}

function identify(path: string): string | undefined {
  const found = systemFiles.find(path);
  return found?.isFile() === true ? `${found.dev}:${found.ino}` : undefined;
}
