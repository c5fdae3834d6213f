/** Globals that programs written for somewhere else look for, by what has them. */
const owners: Readonly<Record<string, string>> = Object.fromEntries([
  ...["process", "Buffer", "require", "module", "exports", "global", "__dirname", "__filename", "setImmediate"].map(
    (name) => [name, "Node"] as const,
  ),
  ...["window", "document", "navigator", "localStorage", "XMLHttpRequest", "Worker", "fetch", "WebSocket"].map(
    (name) => [name, "a browser"] as const,
  ),
  ["Intl", "the locales of Node and browsers"],
]);

/** What takes their place in a script of the user's own. */
const ours: Readonly<Record<string, string>> = {
  process: '"bpfts" exports argv, exit, command, on_exit and read_file',
  Buffer: "Uint8Array holds bytes, TextDecoder and atob read them",
  require: 'scripts import: import x from "./x.ts"',
  module: "scripts export: export const x = …",
  exports: "scripts export: export const x = …",
  global: "globalThis is the global object",
  setImmediate: "setTimeout(run, 0) does it",
  Intl: 'strftime of "bpfts" writes times, sprintf numbers',
};

/**
 * The next step for a global that a sandbox does not have, undefined for any other error. `file` is where the name stands: in a package it
 * is the package that wants another place to run in.
 */
export function findGlobalHint(name: string, message: string, file: string | undefined): string | undefined {
  const global = name === "ReferenceError" ? /^'?([\w$]+)'? is not defined$/.exec(message)?.[1] : undefined;
  const owner = global === undefined || !Object.hasOwn(owners, global) ? undefined : owners[global];
  if (global === undefined || owner === undefined) return undefined;
  const [, packageName, inside] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(.*)$/.exec(file ?? "") ?? [];
  if (packageName !== undefined)
    return `the package "${packageName}" needs ${owner}: its file "${inside}" uses "${global}", which scripts do not have; take a package that does without`;
  const instead = Object.hasOwn(ours, global) ? `: ${ours[global]}` : "";
  return `scripts run in a sandbox without ${owner}${instead}`;
}
