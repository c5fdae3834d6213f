/**
 * Finds a file that the C++ is compiled into: built on this machine (`build/Release`), or the one that the package brings for this processor (`dist/prebuilt`).
 * `folder` is the package's own, `exists` tells which files there are. Without either the answer is where a build puts it.
 */
export function findNativeFile(folder: string, name: string, exists: (path: string) => boolean): string {
  const built = `${folder}/build/Release/${name}`;
  const brought = `${folder}/dist/prebuilt/linux-${process.arch}/${name}`;
  return !exists(built) && exists(brought) ? brought : built;
}
