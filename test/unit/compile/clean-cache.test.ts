import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CacheFolder } from "../../../runtime/compile/cache-folder.ts";
import { openCacheFolder } from "../../../runtime/compile/cache-folder.ts";
import { findCached, writeCached } from "../../../runtime/compile/cache.ts";
import { cleanCache } from "../../../runtime/compile/clean-cache.ts";

const dayMs = 24 * 60 * 60 * 1000;
let cache: CacheFolder;

beforeEach(() => {
  cache = openCacheFolder({ BPFTS_CACHE: mkdtempSync(join(tmpdir(), "bpfts-clean-")) });
});
afterEach(() => rmSync(cache.path, { recursive: true }));

function writeOld(name: string, days: number): void {
  writeCached(cache, name, Buffer.from(name));
  const then = new Date(Date.now() - days * dayMs);
  utimesSync(join(cache.path, name), then, then);
}

const isThere = (name: string): boolean => existsSync(join(cache.path, name));

describe("cleanCache", () => {
  it("removes what nobody used for two weeks, and folders with nothing younger in them", () => {
    writeOld("object/old", 15);
    writeOld("object/young", 13);
    writeOld("prelude/dead/prelude.pch", 20);
    writeOld("prelude/alive/machine.h", 20);
    writeOld("prelude/alive/prelude.pch", 1);
    cleanCache(cache);
    expect(
      ["object/old", "object/young", "prelude/dead", "prelude/alive/machine.h", "prelude/alive/prelude.pch"].map(
        isThere,
      ),
    ).toEqual([false, true, false, true, true]);
  });

  it("removes what was not used for longest where all together are too large", () => {
    const names = ["object/a", "prelude/b/prelude.pch", "object/c", "bundle/d"];
    for (const [days, name] of names.entries()) writeOld(name, days);
    // Each is a file of a few bytes, for which the disk has a block of 4096.
    cleanCache(cache, Date.now(), 3 * 4096);
    expect(names.map(isThere)).toEqual([true, true, true, false]);
  });

  it("keeps what a run took from the cache", () => {
    writeOld("object/used", 20);
    expect(findCached(cache, "object/used")?.toString()).toBe("object/used");
    cleanCache(cache);
    expect(isThere("object/used")).toBe(true);
  });

  it("looks once a day, and leaves folders alone that are not runs'", () => {
    writeOld("vm/image", 100);
    cleanCache(cache);
    writeOld("bundle/late", 15);
    cleanCache(cache);
    expect([isThere("vm/image"), isThere("bundle/late")]).toEqual([true, true]);
    cleanCache(cache, Date.now() + 1.1 * dayMs);
    expect([isThere("vm/image"), isThere("bundle/late")]).toEqual([true, false]);
  });

  it("does nothing where it may not write", () => {
    mkdirSync(join(cache.path, "cleaned"));
    writeOld("object/old", 15);
    cleanCache(cache);
    expect(isThere("object/old")).toBe(true);
  });
});
