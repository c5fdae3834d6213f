import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ToolchainError } from "../../../../runtime/base/errors.ts";
import { loadAddon, openAddon } from "../../../../runtime/kernel/door/addon.ts";
import type { KernelPort } from "../../../../runtime/kernel/door/port.ts";
import { openFakeKernel } from "../../../support/fake-kernel.ts";

function captureError(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

describe("the addon", () => {
  it("has exactly the methods of the port", () => {
    const methods = (port: KernelPort): string[] => Object.keys(port).sort();
    expect(methods(openAddon())).toEqual(methods(openFakeKernel().port));
  });

  it("passes on what a getter throws, and reads no memory that one took away", () => {
    const port = openAddon();
    const trap = (name: string): object =>
      Object.defineProperty(
        { keys: new Uint8Array(4), values: new Uint8Array(4), count: 1, path: "/x", offset: 0n, type: 1, config: 0n },
        name,
        {
          get() {
            throw new RangeError("of the getter");
          },
        },
      );
    for (const name of ["keys", "values", "count"])
      expect(() => port.mapUpdateAll(1, trap(name) as never, 0)).toThrow("of the getter");
    for (const name of ["path", "offset"])
      expect(() => port.attachUprobe(1, trap(name) as never)).toThrow("of the getter");
    for (const name of ["type", "config"])
      expect(() => port.attachPerfEvent(1, trap(name) as never)).toThrow("of the getter");
    const list = Object.defineProperty(["true"], 1, {
      get() {
        throw new RangeError("of the getter");
      },
    });
    expect(() => port.processSpawn(list, [], "", "")).toThrow("of the getter");
    const proxy = new Proxy(
      {},
      {
        get: () => {
          throw new RangeError("of the proxy");
        },
      },
    );
    expect(() => port.attachUprobe(1, proxy as never)).toThrow("of the proxy");
    const keys = new Uint8Array(8);
    const batch = {
      keys,
      count: 2,
      get values() {
        structuredClone(keys, { transfer: [keys.buffer] });
        return new Uint8Array(8);
      },
    };
    expect(port.mapUpdateAll(1, batch, 0)).toBeLessThan(0);
  });

  it("that is not built says how to build it", () => {
    const error = captureError(() => loadAddon("/nowhere/bpfts.node"));
    expect(error).toBeInstanceOf(ToolchainError);
    expect(error).toMatchObject({
      message: 'The native addon is not built: "/nowhere/bpfts.node" is missing',
      hint: expect.stringContaining("npm start"),
      exitCode: 3,
    });
  });

  it("that is broken says so, with the loader's reason", () => {
    const folder = mkdtempSync(join(tmpdir(), "bpfts-test-"));
    const path = join(folder, "bpfts.node");
    writeFileSync(path, "no ELF file");
    const error = captureError(() => loadAddon(path));
    rmSync(folder, { recursive: true });
    expect(error).toBeInstanceOf(ToolchainError);
    expect(error).toMatchObject({
      message: expect.stringMatching(/^The native addon cannot be loaded: .*(invalid ELF header|file too short)/),
      hint: expect.stringContaining("npx node-gyp rebuild"),
      cause: expect.any(Error),
    });
  });
});

describe("the fake kernel", () => {
  it("answers what it was told, ENOSYS otherwise, and keeps the calls", () => {
    const kernel = openFakeKernel({ programPin: (program) => program + 1 });
    expect([kernel.port.programPin(4, "/pin"), kernel.port.mapClose(4), kernel.port.objectMaps(1)]).toEqual([
      5,
      -38,
      [],
    ]);
    expect(kernel.calls.map(({ name }) => name)).toEqual(["programPin", "mapClose", "objectMaps"]);
    expect(kernel.argsOf("programPin")).toEqual([[4, "/pin"]]);
  });
});
