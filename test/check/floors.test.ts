import { describe, expect, it } from "vitest";
import { listImports, parseSources, type ImportEdge } from "./source-files.ts";

interface Floor {
  readonly folder: string;
  /** Folders, or single files, whose values it may use. Types it may take from every floor below, and from sdk. */
  readonly values: readonly string[];
  readonly packages: readonly string[];
  /** Node's modules, without `node:`. */
  readonly node: readonly string[];
}

/** The house, ground floor first: runtime/README.md says what each is for. */
const floors: readonly Floor[] = [
  { folder: "runtime/base", values: ["sdk/wire/escape-text.ts"], packages: [], node: ["fs"] },
  { folder: "runtime/confine", values: ["runtime/base"], packages: [], node: ["child_process", "fs", "path", "url"] },
  {
    folder: "runtime/script",
    values: ["runtime/base", "runtime/confine"],
    packages: ["esbuild", "@jridgewell/trace-mapping"],
    node: ["crypto", "fs", "module", "os", "path", "url"],
  },
  { folder: "runtime/dialect", values: ["runtime/base", "sdk/abi"], packages: [], node: [] },
  {
    folder: "runtime/compile",
    values: ["runtime/base", "runtime/confine"],
    packages: [],
    node: ["crypto", "fs", "os", "path", "url"],
  },
  { folder: "runtime/one-liner", values: ["runtime/base", "runtime/dialect/text"], packages: [], node: [] },
  { folder: "runtime/object", values: ["runtime/base"], packages: [], node: [] },
  { folder: "runtime/permit", values: ["runtime/base", "runtime/object", "sdk/abi"], packages: [], node: [] },
  // These are pure, and place what the kernel says while the object is at hand.
  {
    folder: "runtime/kernel",
    values: ["runtime/base", "sdk/abi", "runtime/object/line-info.ts", "runtime/object/outside-names.ts"],
    packages: ["re2js"],
    node: ["fs", "module", "os", "path", "url", "util", "zlib"],
  },
  {
    folder: "runtime/lab",
    values: ["runtime/base", "runtime/kernel"],
    packages: [],
    node: ["child_process", "fs", "net", "os", "path"],
  },
  // The only folder that relies on the inside of V8 and QuickJS.
  {
    folder: "runtime/engine",
    values: ["runtime/base", "runtime/compile/cache.ts"],
    packages: ["quickjs-emscripten-core"],
    node: ["fs", "path", "v8", "vm"],
  },
  {
    folder: "runtime/sandbox",
    values: ["runtime/base", "runtime/engine", "sdk/wire/guest-hooks.ts", "sdk/wire/protocol.ts"],
    packages: ["quickjs-emscripten-core", "@jitl/quickjs-wasmfile-release-sync"],
    node: ["fs", "module", "url"],
  },
  {
    folder: "runtime/vm",
    values: ["runtime/base", "runtime/compile/cache-folder.ts", "runtime/confine"],
    packages: [],
    node: ["child_process", "crypto", "fs", "net", "os", "path", "perf_hooks", "stream", "timers", "url", "zlib"],
  },
  {
    folder: "runtime/captures",
    values: ["runtime/base", "sdk/wire/utf8.ts"],
    packages: [],
    node: ["fs", "tty"],
  },
  {
    folder: "runtime/pictures",
    values: ["runtime/base", "sdk/wire/escape-text.ts"],
    packages: ["pprof-format"],
    node: ["fs", "path", "zlib"],
  },
  {
    folder: "runtime/session",
    values: [
      "runtime/base",
      "runtime/script",
      "runtime/dialect",
      "runtime/compile",
      "runtime/one-liner",
      "runtime/object",
      "runtime/permit",
      "runtime/kernel",
      "runtime/engine/tricks.ts",
      "runtime/sandbox",
      "runtime/vm",
      "sdk",
    ],
    packages: [],
    node: ["crypto", "fs", "os", "path", "tty", "url", "zlib"],
  },
  {
    folder: "runtime/inspect",
    values: [
      "runtime/base",
      "runtime/confine",
      "runtime/script",
      "runtime/dialect",
      "runtime/compile",
      "runtime/object",
      "runtime/permit",
      "runtime/kernel",
      "runtime/vm",
      "runtime/session",
      "sdk",
    ],
    packages: [],
    node: ["crypto", "fs", "os", "path", "url"],
  },
  {
    folder: "runtime/watch",
    values: ["runtime/base", "runtime/kernel/door", "sdk/wire/escape-text.ts"],
    packages: [],
    node: ["child_process", "crypto", "fs", "os", "path", "readline", "stream"],
  },
  {
    folder: "runtime/testing",
    values: ["runtime/base", "runtime/script", "runtime/permit", "runtime/kernel/door", "runtime/session"],
    packages: [],
    node: ["child_process", "fs", "path"],
  },
  {
    folder: "runtime/web",
    values: ["runtime/base"],
    packages: [],
    node: ["crypto", "http", "net", "worker_threads"],
  },
  {
    folder: "runtime/live",
    values: [
      "runtime/base",
      "runtime/script",
      "runtime/compile",
      "runtime/one-liner",
      "runtime/object",
      "runtime/permit",
      "runtime/kernel",
      "runtime/sandbox",
      "runtime/session",
      "runtime/inspect",
      "sdk",
    ],
    packages: [],
    node: ["fs", "path", "readline", "stream", "tty"],
  },
  {
    folder: "runtime/editor",
    values: [
      "runtime/base",
      "runtime/script",
      "runtime/dialect",
      "runtime/compile/prelude.ts",
      "runtime/object",
      "runtime/kernel/machine",
    ],
    packages: ["typescript"],
    node: ["child_process", "fs", "path", "readline", "url"],
  },
  {
    folder: "runtime/cli",
    values: [
      "runtime/base",
      "runtime/lab",
      "runtime/permit",
      "runtime/captures",
      "runtime/pictures",
      "runtime/session",
      "runtime/inspect",
      "runtime/vm",
      "runtime/watch",
      "runtime/testing",
      "runtime/web",
      "runtime/live",
      "sdk/wire/escape-text.ts",
      "sdk/wire/row-choice.ts",
      "sdk/print/render-json.ts",
    ],
    packages: ["commander"],
    node: ["fs", "os", "path", "process", "readline", "stream", "url"],
  },
  {
    folder: "runtime/entry",
    values: ["runtime/base", "runtime/compile/cache-folder.ts", "runtime/engine"],
    packages: [],
    node: ["module", "path"],
  },
];

const guest: Floor = { folder: "sdk", values: [], packages: [], node: [] };

/** What one file of a floor may, and the others may not. */
const reserved: readonly { readonly name: RegExp; readonly only: RegExp }[] = [
  { name: /^node:fs$/, only: /^runtime\/(?!base\/(?!(?:log|list-folder)\.ts))/ },
  // What the kernel shows as files goes through SystemFiles. A recording is a file of the user's.
  { name: /^node:fs$/, only: /^runtime\/(?!kernel\/(?!door\/)|session\/(?!record\/recording-file\.ts))/ },
  { name: /\.node$/, only: /^runtime\/kernel\/door\/addon\.ts$/ },
];

describe("floors", () => {
  const sources = parseSources("runtime", "sdk");
  const edges = sources.flatMap(listImports);

  it("finds every folder of runtime/ in the table", () => {
    const folders = new Set(sources.map(({ fileName }) => /^(sdk|runtime\/[^/]+)\//.exec(fileName)?.[1] ?? fileName));
    expect([...folders].filter((folder) => findFloor(`${folder}/`) === undefined)).toEqual([]);
  });

  it("imports values only from where the table allows it, and types only from below", () => {
    expect(edges.filter((edge) => !isAllowed(edge)).map(renderEdge)).toEqual([]);
  });

  it("lets nobody import tests", () => {
    expect(edges.filter((edge) => edge.to.startsWith("test/")).map(renderEdge)).toEqual([]);
  });

  it("names the file that owns the thing, with its extension", () => {
    const bare = edges.filter((edge) => edge.isFile && !/\.(ts|node|json|wasm)$/.test(edge.to));
    const barrels = edges.filter((edge) => edge.isFile && edge.to.endsWith("/index.ts"));
    expect([...bare, ...barrels].map(renderEdge)).toEqual([]);
  });

  it("lets a script import only the SDK and files beside it", () => {
    const imports = parseSources("scripts").flatMap(listImports);
    const allowed = (edge: ImportEdge): boolean => (edge.isFile ? edge.to.startsWith("scripts/") : edge.to === "bpfts");
    expect(imports.filter((edge) => !allowed(edge)).map(renderEdge)).toEqual([]);
  });
});

function findFloor(path: string): Floor | undefined {
  return [...floors, guest].find(({ folder }) => path.startsWith(`${folder}/`));
}

function isAllowed(edge: ImportEdge): boolean {
  const floor = findFloor(edge.from);
  if (floor === undefined) return false;
  if (reserved.some(({ name, only }) => name.test(edge.to) && !only.test(edge.from))) return false;
  if (!edge.isFile)
    return edge.to.startsWith("node:")
      ? floor.node.includes(edge.to.slice("node:".length).split("/")[0]!)
      : floor.packages.includes(edge.to);
  if (edge.to.startsWith(`${floor.folder}/`) || edge.to.endsWith(".node")) return true;
  if (floor.values.some((place) => edge.to === place || edge.to.startsWith(`${place}/`))) return true;
  return edge.typeOnly && floor !== guest && (edge.to.startsWith("sdk/") || isBelow(edge.to, floor));
}

function isBelow(path: string, floor: Floor): boolean {
  const other = findFloor(path);
  return other !== undefined && other !== guest && floors.indexOf(other) < floors.indexOf(floor);
}

function renderEdge(edge: ImportEdge): string {
  return `${edge.from}:${edge.line} imports ${edge.typeOnly ? "types of " : ""}${edge.to}`;
}
