import { existsSync, linkSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openPictures } from "../../../runtime/pictures/open-pictures.ts";
import { makeFolder } from "../../support/run-cli.ts";

const stack = { process: "p", frames: ["main"], value: "3", unit: "count" } as const;

describe("the files of pictures", () => {
  it("are written at the end, over what they were", () => {
    const folder = makeFolder();
    const path = join(folder, "old.txt");
    writeFileSync(path, "much longer than what comes next\n");
    const svg = join(folder, "a.SVG");
    const pictures = openPictures(
      [
        { kind: "folded", path },
        { kind: "flame", path: svg },
      ],
      "t",
    );
    expect(readFileSync(path, "utf8")).toContain("much longer");
    pictures.recorders.recordStack!(stack);
    expect(pictures.finish()).toEqual([{ noun: "stack", count: 1, dropped: 0, paths: [path, svg] }]);
    expect(readFileSync(path, "utf8")).toBe("p;main 3\n");
    expect(readFileSync(svg, "utf8")).toMatch(/^<\?xml/);
  });

  it("are left as they were when there was nothing to draw", () => {
    const folder = makeFolder();
    const old = join(folder, "old.txt");
    const fresh = join(folder, "fresh.json");
    writeFileSync(old, "old");
    const pictures = openPictures(
      [
        { kind: "folded", path: old },
        { kind: "speedscope", path: fresh },
      ],
      "t",
    );
    expect(pictures.finish()).toMatchObject([{ noun: "stack", count: 0 }]);
    expect(readFileSync(old, "utf8")).toBe("old");
    expect(existsSync(fresh)).toBe(false);
  });

  it("are refused before anything is made", () => {
    const folder = makeFolder();
    mkdirSync(join(folder, "sub"));
    writeFileSync(join(folder, "file"), "");
    linkSync(join(folder, "file"), join(folder, "link"));
    const open =
      (...requests: readonly (readonly [string, string])[]) =>
      () =>
        openPictures(
          requests.map(([kind, name]) => ({ kind, path: join(folder, name) })),
          "t",
        );
    expect(open(["flame", "x.png"])).toThrow("the name ends neither in .svg nor in .html");
    expect(open(["folded", "new.txt"], ["flame", "x"])).toThrow("the name ends neither in .svg nor in .html");
    expect(open(["folded", "sub"])).toThrow(/Cannot write --folded ".*sub": it is a folder/);
    expect(open(["folded", "new.txt"], ["speedscope", "no/x"])).toThrow("there is no such folder");
    expect(open(["folded", "file/x"])).toThrow("a part of its path is no folder");
    expect(open(["folded", "file"], ["speedscope", "link"])).toThrow("--folded and --speedscope name the same file");
    expect(open(["folded", "two"], ["folded", "./two"])).toThrow("name the same file");
    expect(readdirSync(folder).sort()).toEqual(["file", "link", "sub"]);
  });
});
