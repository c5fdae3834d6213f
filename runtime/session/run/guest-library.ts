import { buildId } from "../../base/build-id.ts";
import { findCached, writeCached } from "../../compile/cache.ts";
import type { CacheFolder } from "../../compile/cache-folder.ts";
import type { GuestLibrary } from "../../sandbox/sandbox.ts";
import type { BundleStore } from "../../script/bundle-store.ts";
import { libraryName, readLibrary } from "../../script/read-library.ts";
import type { Library } from "../../script/read-library.ts";
import { findPackageFile } from "../build/package-files.ts";

/** What scripts import as "bpfts", and where bundles and images of it are kept. */
export interface KeptLibrary {
  readonly store: BundleStore;
  /** As the sandbox takes it. */
  readonly guest: GuestLibrary;
  /** As the bundler takes it. */
  read(): Promise<Library>;
}

/** Opens the SDK as it is in a cache; an image of it lives as long as this build of bpfts. */
export function openGuestLibrary(cache: CacheFolder): KeptLibrary {
  const store: BundleStore = {
    find: (name) => findCached(cache, name),
    write: (name, body) => writeCached(cache, name, body),
  };
  const read = (): Promise<Library> => readLibrary(findPackageFile("sdk", "index.ts"), store);
  const image = `image/${buildId}`;
  const library = { name: libraryName, readCode: async () => (await read()).code };
  return {
    store,
    read,
    guest:
      buildId === "source"
        ? library
        : {
            ...library,
            images: { find: () => store.find(image), write: (bytes) => store.write(image, bytes) },
            machineCode: { ...store, build: buildId },
          },
  };
}
