import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { findCacheFolder, openCacheFolder } from "../../runtime/compile/cache-folder.ts";
import { silentLog } from "../../runtime/base/log.ts";
import { cli, makeFolder, root, writeScript } from "../support/run-cli.ts";

/** A user id that nobody on the machine has. */
const STRANGER = 61234;

const folder = makeFolder();
let script: string;

beforeAll(() => {
  chmodSync(folder, 0o755);
  script = writeScript(folder, "quiet.ts", 'console.log("ran");\n');
});

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

/** Runs a script with these variables and no others that lead to a cache. */
function run(
  environment: Readonly<Record<string, string | undefined>>,
  prefix: readonly string[] = [],
  path = script,
): Ran {
  const env: Record<string, string | undefined> = {
    ...process.env,
    BPFTS_CACHE: undefined,
    XDG_CACHE_HOME: undefined,
    ...environment,
  };
  const [program, ...args] = [...prefix, process.execPath, cli, "run", path] as unknown as [string, ...string[]];
  const { stdout, stderr, status } = spawnSync(program, args, {
    encoding: "utf8",
    cwd: root,
    env: Object.fromEntries(Object.entries(env).filter((entry) => entry[1] !== undefined)),
  });
  return { stdout, stderr, status };
}

function makeHome(name: string, owner = 0, mode = 0o755): string {
  const home = join(folder, name);
  mkdirSync(home);
  chownSync(home, owner, owner);
  chmodSync(home, mode);
  return home;
}

const listTree = (path: string): string[] =>
  existsSync(path) ? readdirSync(path, { recursive: true }).map(String).sort() : [];
const privateFolders = (): string[] => readdirSync("/tmp").filter((name) => name.startsWith("bpfts-cache-"));

describe("which folder is the cache", () => {
  it("the user's own, made with nobody else's rights", () => {
    const home = makeHome("own");
    expect(run({ HOME: home })).toEqual({ stdout: "ran\n", stderr: "", status: 0 });
    const cache = join(home, ".cache", "bpfts");
    expect(readdirSync(cache)).toEqual(expect.arrayContaining(["bundle", "code", "image", "key", "library"]));
    for (const name of ["", ...listTree(cache)]) expect(lstatSync(join(cache, name)).mode & 0o077).toBe(0);
  });

  it.each([
    ["a home of another user", () => makeHome("stranger", STRANGER)],
    ["a home that is not there", () => join(folder, "none", "deeper")],
    ["an empty home", () => ""],
    ["a home that is no absolute path", () => "somewhere"],
  ])("%s is left alone", (_name, make) => {
    const home = make();
    const cwd = readdirSync(root);
    expect(run({ HOME: home })).toMatchObject({ stdout: "ran\n", status: 0 });
    expect(listTree(home === "" ? join(folder, "none") : home)).toEqual([]);
    expect(existsSync(join(folder, "none"))).toBe(false);
    expect(readdirSync(root)).toEqual(cwd);
  });

  it.each([
    ["of another user", () => makeHome("xdg-stranger", STRANGER)],
    ["that is not there", () => join(folder, "xdg-none")],
    ["that is no absolute path", () => "xdg-relative"],
  ])("XDG_CACHE_HOME %s is left alone", (name, make) => {
    const home = makeHome(`xdg-home-${name.replaceAll(" ", "-")}`);
    const caches = make();
    expect(findCacheFolder({ HOME: home, XDG_CACHE_HOME: caches })?.path).toBe(join(home, ".cache", "bpfts"));
    expect(listTree(caches)).toEqual([]);
    expect(existsSync(join(folder, "xdg-none"))).toBe(false);
  });

  it("XDG_CACHE_HOME that is the user's own is used, and so is what a link of the user's leads to", () => {
    const caches = makeHome("xdg-own");
    symlinkSync(caches, join(folder, "xdg-link"));
    expect(findCacheFolder({ XDG_CACHE_HOME: join(folder, "xdg-link") })?.path).toBe(join(caches, "bpfts"));
  });
});

/** Each makes a cache folder that others could change, and answers the environment that leads to it. */
const unsafe: readonly [name: string, make: (home: string) => Readonly<Record<string, string>>][] = [
  ["others may write to the folder", (home) => ({ BPFTS_CACHE: makeAt(join(home, "c"), 0, 0o777) })],
  ["its group may write to the folder", (home) => ({ BPFTS_CACHE: makeAt(join(home, "c"), 0, 0o770) })],
  ["the folder is another user's", (home) => ({ BPFTS_CACHE: makeAt(join(home, "c"), STRANGER, 0o755) })],
  [
    "others may write to a level above",
    (home) => ({ BPFTS_CACHE: makeAt(join(makeAt(join(home, "up"), 0, 0o777), "c"), 0, 0o700) }),
  ],
  [
    "a level above is another user's",
    (home) => ({ BPFTS_CACHE: makeAt(join(makeAt(join(home, "up"), STRANGER, 0o755), "c"), 0, 0o700) }),
  ],
  [
    "a symbolic link of another user leads there",
    (home) => ({
      BPFTS_CACHE: makeLink(
        join(makeAt(join(home, "sticky"), 0, 0o1777), "link"),
        makeAt(join(home, "c"), 0, 0o700),
        STRANGER,
      ),
    }),
  ],
  ["others may write to a folder in it", (home) => ({ BPFTS_CACHE: makeAround(join(home, "c"), "object", 0, 0o777) })],
  [
    "a folder in it is another user's",
    (home) => ({ BPFTS_CACHE: makeAround(join(home, "c"), "code", STRANGER, 0o755) }),
  ],
  [
    "a folder in it is a symbolic link",
    (home) => ({ BPFTS_CACHE: linkInside(join(home, "c"), "image", makeAt(join(home, "elsewhere"), 0, 0o700)) }),
  ],
  [
    "~/.cache was swapped for another user's",
    (home) => (makeAt(join(home, ".cache"), STRANGER, 0o755), { HOME: home }),
  ],
  ["~/.cache is open to all", (home) => (makeAt(join(home, ".cache"), 0, 0o777), { HOME: home })],
];

function makeAt(path: string, owner: number, mode: number): string {
  mkdirSync(path);
  chownSync(path, owner, owner);
  chmodSync(path, mode);
  return path;
}

function makeLink(path: string, target: string, owner: number): string {
  symlinkSync(target, path);
  spawnSync("chown", ["-h", `${owner}`, path]);
  return path;
}

function makeAround(path: string, inner: string, owner: number, mode: number): string {
  makeAt(path, 0, 0o700);
  makeAt(join(path, inner), owner, mode);
  return path;
}

function linkInside(path: string, inner: string, target: string): string {
  makeAt(path, 0, 0o700);
  symlinkSync(target, join(path, inner));
  return path;
}

describe("a cache that others could change", () => {
  it.each(unsafe)("%s: it is not used, and the log says so", (name, make) => {
    const home = makeHome(`unsafe-${name.replaceAll(/\W/g, "-")}`);
    const environment = { HOME: home, ...make(home) };
    const before = listTree(home);
    const warnings: string[] = [];
    const cache = openCacheFolder(environment, { ...silentLog, warn: (message) => warnings.push(message) });
    expect(cache.path).toMatch(/^\/tmp\/bpfts-cache-/);
    // The end of a process removes it, which a worker of the tests does not come to.
    onTestFinished(() => rmSync(cache.path, { recursive: true, force: true }));
    expect(lstatSync(cache.path).mode & 0o777).toBe(0o700);
    expect(warnings).toEqual([
      expect.stringMatching(/^Nothing is kept for the next run, since the cache folder is not used: /),
    ]);
    expect(findCacheFolder(environment)).toBeUndefined();
    expect(listTree(home)).toEqual(before);
  });

  it("a run goes on with a private folder, which goes with it", () => {
    const home = makeHome("run-unsafe");
    makeAt(join(home, ".cache"), STRANGER, 0o755);
    const folders = privateFolders();
    const ran = run({ HOME: home });
    expect(ran).toMatchObject({ stdout: "ran\n", status: 0 });
    expect(ran.stderr).toMatch(/^warning: Nothing is kept .*"[^"]*\/\.cache" belongs to another user \(uid 61234\)\n$/);
    expect(listTree(home)).toEqual([".cache"]);
    expect(privateFolders()).toEqual(folders);
  });

  it("another user's run does not touch root's, and has its own", () => {
    const home = makeHome("other", STRANGER);
    const ran = run({ HOME: home }, ["setpriv", "--reuid", `${STRANGER}`, "--regid", `${STRANGER}`, "--clear-groups"]);
    expect(ran).toEqual({ stdout: "ran\n", stderr: "", status: 0 });
    expect(lstatSync(join(home, ".cache", "bpfts", "key")).uid).toBe(STRANGER);
  });
});

describe("what another user planted", () => {
  /** Fills a cache as another user would who can make everything but the secret. */
  function plant(cache: string, change: (kind: string, bytes: Buffer) => Buffer): void {
    for (const kind of ["bundle", "code", "image", "library"]) {
      for (const name of readdirSync(join(cache, kind))) {
        const path = join(cache, kind, name);
        writeFileSync(path, change(kind, readFileSync(path)));
      }
    }
  }

  it("entries of another cache are not used: each is sealed with the secret of its own", () => {
    const [theirs, ours] = ["theirs", "ours"].map((name) => join(makeHome(`planted-${name}`), "cache")) as [
      string,
      string,
    ];
    const evil = writeScript(folder, "evil.ts", 'console.log("evil");\n');
    const good = writeScript(folder, "good.ts", 'console.log("good");\n');
    run({ BPFTS_CACHE: theirs }, [], evil);
    run({ BPFTS_CACHE: ours }, [], good);
    const [bundle] = readdirSync(join(ours, "bundle"));
    const stolen = readFileSync(join(theirs, "bundle", readdirSync(join(theirs, "bundle"))[0]!));
    writeFileSync(join(ours, "bundle", bundle!), stolen);
    expect(run({ BPFTS_CACHE: ours }, [], good)).toEqual({ stdout: "good\n", stderr: "", status: 0 });
  });

  it("an entry under the name of another one is not used", () => {
    const cache = join(makeHome("renamed"), "cache");
    const one = writeScript(folder, "one.ts", 'console.log("one");\n');
    const two = writeScript(folder, "two.ts", 'console.log("two");\n');
    run({ BPFTS_CACHE: cache }, [], one);
    const [first] = readdirSync(join(cache, "bundle"));
    run({ BPFTS_CACHE: cache }, [], two);
    const second = readdirSync(join(cache, "bundle")).find((name) => name !== first)!;
    writeFileSync(join(cache, "bundle", second), readFileSync(join(cache, "bundle", first!)));
    expect(run({ BPFTS_CACHE: cache }, [], two)).toEqual({ stdout: "two\n", stderr: "", status: 0 });
  });

  it.each([
    ["readable by others", (path: string) => chmodSync(path, 0o644)],
    ["another user's", (path: string) => chownSync(path, STRANGER, STRANGER)],
    [
      "a symbolic link",
      (path: string) => (
        writeFileSync(join(folder, "known"), Buffer.alloc(32), { mode: 0o600 }),
        rmSync(path),
        symlinkSync(join(folder, "known"), path)
      ),
    ],
    ["cut off", (path: string) => writeFileSync(path, "")],
  ])("a secret that is %s is made anew", (name, spoil) => {
    const cache = join(makeHome(`secret-${name.replaceAll(/\W/g, "-")}`), "cache");
    run({ BPFTS_CACHE: cache });
    const key = join(cache, "key");
    const before = readFileSync(key);
    spoil(key);
    plant(cache, (_kind, bytes) => bytes);
    expect(run({ BPFTS_CACHE: cache })).toEqual({ stdout: "ran\n", stderr: "", status: 0 });
    const stat = lstatSync(key);
    expect({ isFile: stat.isFile(), uid: stat.uid, mode: stat.mode & 0o777, size: stat.size }).toEqual({
      isFile: true,
      uid: 0,
      mode: 0o600,
      size: 32,
    });
    expect(readFileSync(key)).not.toEqual(before);
  });
});

describe("a cache without room", () => {
  const inMount = (options: string, then: string): readonly string[] => [
    "unshare",
    "-m",
    "sh",
    "-c",
    `mount -t tmpfs -o ${options} none "$BPFTS_CACHE" && ${then} exec "$@"`,
    "sh",
  ];

  it.each([
    [
      "a full disk",
      (cache: string) => inMount("size=64k,mode=700", `dd if=/dev/zero of=${cache}/full bs=4k 2>/dev/null;`),
    ],
    ["no inodes left", () => inMount("nr_inodes=2,mode=700", "")],
    ["a disk that is read-only", (cache: string) => inMount("mode=700", `mount -o remount,ro ${cache} &&`)],
    ["a limit on the size of files", () => ["sh", "-c", 'ulimit -f 1; exec "$@"', "sh"]],
  ])("%s is no reason to stop", (name, prefix) => {
    const cache = makeAt(join(makeHome(`room-${name.replaceAll(/\W/g, "-")}`), "cache"), 0, 0o700);
    const ran = run({ BPFTS_CACHE: cache }, prefix(cache));
    expect(ran).toMatchObject({ stdout: "ran\n", status: 0 });
    expect(ran.stderr).not.toMatch(/error|bug/);
  });
});
