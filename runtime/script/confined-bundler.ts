import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { existsSync } from "node:fs";
import { describeConfinedByVariable } from "../confine/confine.ts";
import { ScriptError } from "../base/errors.ts";

/** The bundler's interface to its program. */
export type Bundler = typeof import("esbuild");

/** Long enough for the largest packages on a busy machine; a pipe that nobody writes to would be read for ever. */
const limits = { cpuSeconds: 120, seconds: 60 };

const require = createRequire(import.meta.url);
let loaded: { readonly bundler: Bundler; readonly binary: string; readonly launcher: string } | undefined;

/**
 * Runs `use` with the bundler, whose program has no rights and can read the given folders and files only. The program ends
 * with the call.
 *
 * @throws ScriptError when it hung or was ended.
 * @throws ToolchainError when it cannot be started.
 */
export async function withBundler<T>(readable: readonly string[], use: (bundler: Bundler) => Promise<T>): Promise<T> {
  const binary = loaded?.binary ?? findBinary();
  const { file, environment } = describeConfinedByVariable({
    argv: [binary],
    readable,
    runnable: [binary],
    readsPrivate: true,
    limits,
  });
  const { bundler } = (loaded ??= loadBundler(binary, file));
  try {
    // The package starts the program within its first call, with the environment that this process has then.
    return await withVariables(environment, () => use(bundler));
  } catch (cause) {
    if (!/^The service (?:was stopped|is no longer running)/.test((cause as Error).message)) throw cause;
    throw new ScriptError("The script's files could not be read to their end", {
      cause,
      hint: "one of them may be a pipe that nobody writes to, or there may be too many: look at what the script imports, at package.json and at tsconfig.json",
    });
  } finally {
    await bundler.stop();
  }
}

function loadBundler(binary: string, launcher: string): NonNullable<typeof loaded> {
  // The package takes the place of its program from this variable, when it is loaded.
  return withVariables({ ESBUILD_BINARY_PATH: launcher }, () => ({
    bundler: require("esbuild") as Bundler,
    binary,
    launcher,
  }));
}

/** Where npm has put the bundler's program: a package of its own for each architecture. */
function findBinary(): string {
  const chosen = process.env["ESBUILD_BINARY_PATH"];
  if (chosen !== undefined && chosen !== "") return chosen;
  const entry = require.resolve("esbuild");
  const name = `@esbuild/linux-${process.arch}`;
  try {
    return createRequire(entry).resolve(`${name}/bin/esbuild`);
  } catch (cause) {
    const downloaded = join(dirname(entry), `downloaded-${name.replace("/", "-")}-esbuild`);
    if (existsSync(downloaded)) return downloaded;
    throw cause;
  }
}

/** Has variables in this process's environment for as long as `use` runs, until its first wait. */
function withVariables<T>(variables: Readonly<Record<string, string>>, use: () => T): T {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    return use();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}
