import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openSandbox } from "../../../runtime/sandbox/sandbox.ts";
import type { EngineTrick } from "../../../runtime/engine/tricks.ts";
import { chooseV8Flags } from "../../../runtime/engine/v8-flags.ts";
import { root } from "../../support/run-cli.ts";

const manifest = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as {
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
};
const newest = Math.max(...[...manifest.engines.node.matchAll(/(\d+)\.\d+\.\d+/g)].map(([, major]) => Number(major)));

describe("V8's flags", () => {
  it("are known to this Node, which says nothing about them", () => {
    const flags = chooseV8Flags(process.versions.node);
    expect(flags.length > 0).toBe(Number.parseInt(process.versions.node, 10) <= newest);
    expect(execFileSync(process.execPath, [...flags, "-p", "1"], { encoding: "utf8", stdio: "pipe" })).toBe("1\n");
  });

  it("are set up to the newest Node that is promised, and left alone on a newer one", () => {
    expect(chooseV8Flags(`${newest}.99.0`)).toEqual(chooseV8Flags("20.17.0"));
    expect(chooseV8Flags(`${newest + 1}.0.0`)).toEqual([]);
  });
});

describe("the call into the host", () => {
  const findFrames = async (...without: readonly EngineTrick[]): Promise<readonly string[]> => {
    let stack: string | undefined;
    const sandbox = await openSandbox({
      limits: { memoryBytes: 32 * 1024 * 1024, stackBytes: 256 * 1024 },
      shouldStop: () => false,
      without: new Set(without),
      call() {
        stack = new Error("here").stack;
        return "";
      },
    });
    try {
      expect(sandbox.evaluate('globalThis.__bpfts_call("a", "b");', "script.js").kind).toBe("done");
    } finally {
      sandbox.close();
    }
    return stack!.split("\n").slice(1);
  };
  const isOfLibrary = (frame: string): boolean => frame.includes("quickjs-emscripten-core");

  it("is taken where it comes in from Wasm, before the library makes anything of it", async () => {
    const frames = await findFrames();
    const ours = frames.findIndex((frame) => frame.includes("install-call.ts"));
    const wasm = frames.findIndex((frame) => frame.includes("wasm"));
    expect(ours).toBeGreaterThanOrEqual(0);
    expect(wasm).toBeGreaterThan(ours);
  });

  it("goes the library's own way without the trick, through more of its functions", async () => {
    const countFrames = (frames: readonly string[]): number =>
      frames
        .slice(
          0,
          frames.findIndex((frame) => frame.includes("wasm")),
        )
        .filter(isOfLibrary).length;
    expect(countFrames(await findFrames("call"))).toBeGreaterThan(countFrames(await findFrames()));
  });

  it("and the memory image rely on the inside of two packages, so their versions are exact", () => {
    for (const name of ["quickjs-emscripten-core", "@jitl/quickjs-wasmfile-release-sync"])
      expect(manifest.dependencies[name]).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
