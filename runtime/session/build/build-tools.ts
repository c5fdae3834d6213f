import type { Toolchain } from "../../compile/toolchain.ts";
import type { Prelude } from "../../compile/prelude.ts";
import type { CacheFolder } from "../../compile/cache-folder.ts";
import type { DialectEnv } from "../../dialect/text/env.ts";
import type { Log } from "../../base/log.ts";
import type { FileScope } from "../../script/file-scope.ts";
import type { ModuleMatch } from "./find-module.ts";

/** The types of the loaded modules. */
export interface ModuleSource {
  /** The modules whose types declare any of some names. */
  findTypes(names: readonly string[]): ModuleMatch[];
  /** A module's types, and what they need of the kernel's, as C. */
  dumpC(module: string): string;
}

/** Everything that turning C text into an object needs. What only a compiler needs is made ready when it is first asked for. */
export interface BuildTools {
  /** Changes with whatever of this machine a text may see: its kernel and its processors. */
  readonly machineIdentity: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readTracepointFormat: DialectEnv["readTracepointFormat"];
  readonly findKernelConfig: DialectEnv["findKernelConfig"];
  /** The folders of headers that stand before every text. */
  listHeaderFolders(): readonly string[];
  readonly toolchain: Toolchain;
  readonly prelude: Prelude;
  readonly cache: CacheFolder;
  readonly env: DialectEnv;
  readonly modules: ModuleSource;
  /** The kernel's tracepoints, `category:event`; empty when nobody knows them. */
  listTracepoints(): readonly string[];
  /** The files that the text may name. */
  readonly files: FileScope;
  readonly log: Log;
}

/** The same tools with some of them changed. What is made ready when it is first asked for stays so. */
export function changeTools(tools: BuildTools, changes: Partial<BuildTools>): BuildTools {
  return Object.create(tools, Object.getOwnPropertyDescriptors(changes)) as BuildTools;
}
