import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ScriptError } from "../../../runtime/base/errors.ts";
import { noGrants, openFileScope } from "../../../runtime/script/file-scope.ts";
import { readRegularFile } from "../../../runtime/script/read-regular-file.ts";

let base: string;
let tree: string;
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "bpfts-scope-")));
  tree = join(base, "tree");
  for (const folder of [tree, join(base, "tree2"), join(base, "outside")]) mkdirSync(folder);
  writeFileSync(join(tree, "own.c"), "int own;\n");
  writeFileSync(join(base, "tree2/near.c"), "int near;\n");
  writeFileSync(join(base, "outside/secret.c"), "int secret;\n");
});
afterEach(() => rmSync(base, { recursive: true }));

function catchError(use: () => unknown): ScriptError {
  try {
    use();
  } catch (error) {
    if (error instanceof ScriptError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("openFileScope", () => {
  it("reads what lies in the tree, by any spelling", () => {
    const scope = openFileScope(tree, noGrants);
    mkdirSync(join(tree, "deep"));
    symlinkSync("../own.c", join(tree, "deep/link.c"));
    for (const path of ["own.c", "./deep/../own.c", "deep/link.c", "../tree/own.c"])
      expect(scope.readText(`${tree}/${path}`)).toBe("int own;\n");
  });

  it.each(["../outside/secret.c", "../tree2/near.c", "deep/../../outside/secret.c", "../outside/none.c", ".."])(
    "refuses %s and names the flag",
    (path) => {
      mkdirSync(join(tree, "deep"));
      const error = catchError(() => openFileScope(tree, noGrants).readText(`${tree}/${path}`));
      expect(error.message).toContain(`a script reads files below its own folder "${tree}"`);
      expect(error.hint).toMatch(/: --allow-read \/\S+$/);
    },
  );

  it("refuses where a link leads out, and says where to", () => {
    symlinkSync("../outside", join(tree, "folder"));
    symlinkSync(join(base, "outside/secret.c"), join(tree, "link.c"));
    for (const path of ["link.c", "folder/secret.c"]) {
      const error = catchError(() => openFileScope(tree, noGrants).readText(join(tree, path)));
      expect(error.message).toContain(`it leads to "${base}/outside/secret.c"`);
      expect(error.hint).toContain(`--allow-read ${base}/outside`);
    }
  });

  it("reads what the user granted: folders and files, links followed", () => {
    symlinkSync("outside", join(base, "alias"));
    for (const grants of [
      { include: [join(base, "outside")], read: [] },
      { include: [], read: [join(base, "alias")] },
      { include: [], read: [join(base, "outside/secret.c")] },
    ]) {
      const scope = openFileScope(tree, grants);
      expect(scope.readText(join(base, "outside/secret.c"))).toBe("int secret;\n");
      expect(scope.covers(join(base, "tree2/near.c"))).toBe(false);
    }
    expect(openFileScope(undefined, { include: [], read: [base] }).readText(join(tree, "own.c"))).toBe("int own;\n");
  });

  it("reads nothing of its own for a script that came through a pipe", () => {
    const error = catchError(() => openFileScope(undefined, noGrants).readText(join(tree, "own.c")));
    expect(error.message).toContain("comes through a pipe");
    expect(error.hint).toContain(`--allow-read ${tree}`);
  });

  it("reads regular files of some size alone", () => {
    const scope = openFileScope(tree, noGrants);
    execFileSync("mkfifo", [join(tree, "pipe.c")]);
    mkdirSync(join(tree, "folder.c"));
    writeFileSync(join(tree, "large.c"), "");
    truncateSync(join(tree, "large.c"), 2 ** 31);
    for (const use of [(path: string) => scope.readText(path), (path: string) => scope.requireFile(path)]) {
      expect(catchError(() => use(join(tree, "pipe.c"))).message).toContain("it is no regular file");
      expect(catchError(() => use(join(tree, "folder.c"))).message).toContain("it is a directory");
      expect(catchError(() => use(join(tree, "large.c"))).message).toContain("it has more than 16 MiB");
      expect(catchError(() => use(join(tree, "none.c"))).message).toContain("no such file");
    }
  });

  it("gives texts without a byte-order mark and with plain line ends", () => {
    writeFileSync(join(tree, "dos.c"), "\ufeffint a;\r\nint b;\rint c;\n");
    expect(openFileScope(tree, noGrants).readText(join(tree, "dos.c"))).toBe("int a;\nint b;\nint c;\n");
  });

  it("quotes files that the script may read alone", () => {
    const scope = openFileScope(tree, noGrants);
    symlinkSync("../outside/secret.c", join(tree, "link.c"));
    expect(scope.findLine({ file: join(tree, "own.c"), line: 1 })).toBe("int own;");
    for (const file of ["link.c", "../outside/secret.c", "none.c"])
      expect(scope.findLine({ file: join(tree, file), line: 1 })).toBeUndefined();
    scope.keep("/dev/fd/63", "one\r\ntwo\r\n");
    expect(scope.findLine({ file: "/dev/fd/63", line: 2 })).toBe("two");
  });
});

describe("readRegularFile", () => {
  it("looks at what it has opened, not at what lay there before", () => {
    const path = join(tree, "own.c");
    const asked: string[] = [];
    // The folder is swapped after the path was looked at.
    renameSync(tree, join(base, "old"));
    symlinkSync("outside", tree);
    writeFileSync(join(base, "outside/own.c"), "int other;\n");
    const read = readRegularFile(path, {
      maxBytes: 100,
      isWanted: (opened) => (asked.push(opened), opened.startsWith(`${tree}/`)),
    });
    expect([read.kind, asked]).toEqual(["elsewhere", [join(base, "outside/own.c")]]);
  });

  it("opens no symbolic link", () => {
    symlinkSync("own.c", join(tree, "link.c"));
    expect(readRegularFile(join(tree, "link.c"), { maxBytes: 100, isWanted: () => true })).toMatchObject({
      kind: "failed",
      reason: "it is a symbolic link",
    });
  });
});
