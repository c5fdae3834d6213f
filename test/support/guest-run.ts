import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Log } from "../../runtime/base/log.ts";
import type { KernelPort } from "../../runtime/kernel/door/port.ts";
import type { ObjectSpec } from "../../runtime/object/spec.ts";
import { runGuest } from "../../runtime/session/run/run-guest.ts";
import type { GuestRun } from "../../runtime/session/run/run-guest.ts";
import { makeCheckedFunctions } from "../../runtime/session/load/function-calls.ts";
import { makeCheckedNetwork } from "../../runtime/session/load/network-programs.ts";
import type { BuiltProgram } from "../../runtime/session/load/program.ts";
import { libraryName, readLibrary } from "../../runtime/script/read-library.ts";
import { readScript } from "../../runtime/script/read-script.ts";
import { openFakeKernel } from "./fake-kernel.ts";
import type { FakeKernel, KernelScript } from "./fake-kernel.ts";
import { root } from "./run-cli.ts";

/** What became of a script that ran against a fake kernel. */
export interface GuestResult {
  readonly exitCode: number | undefined;
  readonly error: unknown;
  readonly stdout: string;
  readonly stderr: string;
  readonly warnings: readonly string[];
  readonly kernel: FakeKernel;
  readonly file: string;
}

export interface GuestTest extends Partial<Omit<GuestRun, "script" | "library" | "port">> {
  readonly kernel?: KernelScript;
  readonly program?: Partial<BuiltProgram>;
  /** The script's name: `script.ts` when absent. */
  readonly name?: string;
  /** Files beside it, by their paths. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A program that has these maps and keeps what is attached to it. */
export function makeProgram(spec: Partial<ObjectSpec>, changes: Partial<BuiltProgram> = {}): BuiltProgram {
  const maps = spec.maps ?? [];
  return {
    spec: { programs: [], maps, structs: {}, license: "GPL", ...spec },
    eventStructs: {},
    findMap: (name) => {
      const index = maps.findIndex((map) => map.name === name);
      return index < 0 ? undefined : index + 1;
    },
    listFailedOutputs: () => [],
    loadFunction: () => 1,
    openRun: () => ({ handle: undefined, context: undefined }),
    openIterator: () => ({ handle: undefined, record: "text" }),
    attach: () => 1,
    functions: makeCheckedFunctions(() => undefined),
    network: makeCheckedNetwork(() => undefined),
    detach: () => 1,
    attachStructOps: () => undefined,
    detachStructOps: () => undefined,
    countAttached: () => 0,
    detachAll: () => undefined,
    verifyRest: () => [],
    findAttachedName: () => undefined,
    close: () => undefined,
    ...changes,
  };
}

/** Runs the text of a script in the sandbox, with the SDK, against a fake kernel. */
export async function runScriptText(text: string, test: GuestTest = {}): Promise<GuestResult> {
  const folder = mkdtempSync(join(tmpdir(), "bpfts-guest-"));
  const file = join(folder, test.name ?? "script.ts");
  for (const [path, content] of [...Object.entries(test.files ?? {}), [file, text] as const]) {
    mkdirSync(dirname(resolve(folder, path)), { recursive: true });
    writeFileSync(resolve(folder, path), content);
  }
  try {
    return await runScriptFile(file, test);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs a script of the project in the sandbox, with the SDK, against a fake kernel. */
export async function runScriptFile(file: string, test: GuestTest = {}): Promise<GuestResult> {
  const output = { 1: "", 2: "" };
  const warnings: string[] = [];
  const log: Log = { warn: (message) => void warnings.push(message), info: () => undefined };
  const decoder = new TextDecoder();
  const kernel = openFakeKernel({
    possibleCpus: () => 2,
    wait: (timeoutMs) => waitFor(timeoutMs),
    write(fd, bytes) {
      output[fd as 1 | 2] += decoder.decode(bytes);
      return bytes.length;
    },
    mapInfo: () => -38,
    ...test.kernel,
  });
  const readSdk = (): ReturnType<typeof readLibrary> => readLibrary(join(root, "sdk/index.ts"));
  const script = await readScript(file, { readLibrary: readSdk });
  const library = { name: libraryName, readCode: async () => (await readSdk()).code };
  const run: GuestRun = {
    args: [],
    build: () => makeProgram({}),
    openTracePipe: () => ({ file: 1, isPrivate: true, close: () => undefined }),
    log,
    ...test,
    script,
    library,
    port: kernel.port,
  };
  const result = await runGuest(run).then(
    (exitCode) => ({ exitCode, error: undefined }),
    (error: unknown) => ({ exitCode: undefined, error }),
  );
  return { ...result, stdout: output[1], stderr: output[2], warnings, kernel, file: script.path };
}

/** The fake's wait passes the time for real, but never for ever: a test that waits for nothing must fail, not hang. */
function waitFor(timeoutMs: number): number {
  if (timeoutMs < 0 || timeoutMs > 2000) throw new Error(`the script waits ${timeoutMs} ms for what never comes`);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeoutMs);
  return 0;
}

/** Signals of a fake kernel: each number comes at that call of `signalPending` or `signalTake`. */
export function makeSignals(): { readonly script: KernelScript; raise(): void } {
  let pending = 0;
  return {
    script: {
      signalPending: () => pending,
      signalTake() {
        const taken = pending;
        pending = 0;
        return taken;
      },
    } satisfies Partial<KernelPort>,
    raise: () => void (pending = 2),
  };
}
