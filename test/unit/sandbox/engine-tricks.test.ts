import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openSandbox } from "../../../runtime/sandbox/sandbox.ts";
import { chooseV8Flags } from "../../../runtime/sandbox/v8-flags.ts";
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
  it("is taken where it comes in from Wasm, before the library makes anything of it", async () => {
    let stack: string | undefined;
    const sandbox = await openSandbox({
      limits: { memoryBytes: 32 * 1024 * 1024, stackBytes: 256 * 1024 },
      shouldStop: () => false,
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
    const frames = stack!.split("\n").slice(1);
    const ours = frames.findIndex((frame) => frame.includes("install-call.ts"));
    const wasm = frames.findIndex((frame) => frame.includes("wasm"));
    expect(ours).toBeGreaterThanOrEqual(0);
    expect(wasm).toBeGreaterThan(ours);
  });

  it("and the memory image rely on the inside of two packages, so their versions are exact", () => {
    for (const name of ["quickjs-emscripten-core", "@jitl/quickjs-wasmfile-release-sync"])
      expect(manifest.dependencies[name]).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
