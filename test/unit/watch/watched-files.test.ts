import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { makeFolder } from "../../support/run-cli.ts";
import { watchFiles } from "../../../runtime/watch/watched-files.ts";
import type { WatchedFiles } from "../../../runtime/watch/watched-files.ts";

const folder = makeFolder();
const opened: WatchedFiles[] = [];
afterEach(() => {
  for (const files of opened.splice(0)) files.close();
});

function watchAll(...names: readonly string[]): string[] {
  const heard: string[] = [];
  const files = watchFiles((paths) => void heard.push(paths.map((path) => basename(path)).join(" ")));
  opened.push(files);
  for (const name of names) files.add(join(folder, name), Infinity);
  return heard;
}

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

describe("watched files", () => {
  it("tell once of several files that are saved together", async () => {
    write("a", "1");
    write("b", "1");
    const heard = watchAll("a", "b");
    write("a", "2");
    write("b", "2");
    await expect.poll(() => heard).toEqual(["a b"]);
  });

  it("tell of a file that another one is renamed over, each time", async () => {
    write("renamed", "1");
    const heard = watchAll("renamed");
    for (const text of ["2", "3"]) {
      write("renamed~", text);
      renameSync(join(folder, "renamed~"), join(folder, "renamed"));
      await expect.poll(() => heard.length).toBe(Number(text) - 1);
    }
  });

  it("say nothing of a file that is touched, or saved as it was, or not watched", async () => {
    write("same", "1");
    const heard = watchAll("same");
    utimesSync(join(folder, "same"), 1, 1);
    write("same", "1");
    write("other", "1");
    await delay(200);
    expect(heard).toEqual([]);
  });

  it("wait for a file that is removed and written anew", async () => {
    write("anew", "1");
    const heard = watchAll("anew");
    rmSync(join(folder, "anew"));
    await delay(100);
    expect(heard).toEqual([]);
    write("anew", "2");
    await expect.poll(() => heard).toEqual(["anew"]);
  });

  it("tell of a file that is removed and stays away", async () => {
    write("gone", "1");
    const heard = watchAll("gone");
    rmSync(join(folder, "gone"));
    await expect.poll(() => heard, { timeout: 3000 }).toEqual(["gone"]);
  });

  it("tell of a file that comes, also where its folder was not there", async () => {
    const heard = watchAll("new/file");
    mkdirSync(join(folder, "new"));
    write("new/file", "1");
    await expect.poll(() => heard).toEqual(["new/file"].map((path) => basename(path)));
  });

  it("tell of a file that changed before it was watched and after it was read", async () => {
    write("raced", "1");
    const heard: string[] = [];
    const files = watchFiles((paths) => void heard.push(...paths.map((path) => basename(path))));
    opened.push(files);
    files.add(join(folder, "raced"), Date.now() - 10_000);
    await expect.poll(() => heard).toEqual(["raced"]);
  });
});
