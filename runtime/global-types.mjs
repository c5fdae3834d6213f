// The types of a script's globals, for `types` of a tsconfig.json: dist/types/globals.d.ts. They are apart from the types of "bpfts", since in a project with
// the types of Node or of a browser the same names would be declared twice.

/** What sdk/guest/globals.ts gives every script. */
const values = {
  "guest/console.ts": { guestConsole: "console" },
  "time/timers.ts": ["setTimeout", "setInterval", "clearTimeout", "clearInterval"],
  "time/promises.ts": ["queueMicrotask"],
  "web/base64.ts": ["atob", "btoa"],
  "web/crypto.ts": ["crypto"],
  "web/performance.ts": ["performance"],
  "web/structured-clone.ts": ["structuredClone"],
};
const classes = {
  "web/abort.ts": ["AbortController", "AbortSignal"],
  "web/dom-exception.ts": ["DOMException"],
  "web/event-target.ts": ["CustomEvent", "Event", "EventTarget"],
  "web/text-coding.ts": ["TextDecoder", "TextEncoder"],
  "web/url.ts": ["URL"],
  "web/url-search-params.ts": ["URLSearchParams"],
};

/** The module of their declarations, from the folder sdk/. */
export const globalValues = Object.entries({ ...values, ...classes })
  .map(
    ([file, names]) =>
      `export { ${(Array.isArray(names) ? names : Object.keys(names)).join(", ")} } from "./${file}";\n`,
  )
  .join("");

const from = (exported) => `import("./global-values.js").${exported}`;
const declareValue = (name, exported = name) => `declare var ${name}: typeof ${from(exported)};\n`;

/**
 * The parts of the language's library that the engine has, beyond those of ES2016 that `bpfts init` names: all up to ES2024 and some newer ones, but no
 * `Atomics` and no `SharedArrayBuffer`, which would be for threads.
 */
const libraries = {
  es2017: ["arraybuffer", "date", "object", "string", "typedarrays"],
  es2018: ["asynciterable", "asyncgenerator", "promise", "regexp"],
  es2019: ["array", "object", "string", "symbol"],
  es2020: ["bigint", "date", "number", "promise", "string", "symbol.wellknown"],
  es2021: ["promise", "string", "weakref"],
  es2022: ["array", "error", "object", "regexp", "string"],
  es2023: ["array", "collection"],
  es2024: ["arraybuffer", "collection", "object", "promise", "regexp", "string"],
  esnext: ["collection", "iterator", "promise", "disposable"],
};

const present = [
  ...Object.entries(libraries).flatMap(([year, parts]) =>
    parts.map((part) => `/// <reference lib="${year}.${part}" />\n`),
  ),
  ...Object.values(values).flatMap((names) =>
    Array.isArray(names)
      ? names.map((name) => declareValue(name))
      : Object.entries(names).map(([exported, name]) => declareValue(name, exported)),
  ),
  ...Object.values(classes).flatMap((names) =>
    names.map((name) =>
      name === "CustomEvent"
        ? `type CustomEvent<Detail = unknown> = ${from("CustomEvent<Detail>")};\n${declareValue(name)}`
        : `type ${name} = ${from(name)};\n${declareValue(name)}`,
    ),
  ),
  // `loader` in runtime/script/bundle-script.ts.
  ...["c", "h"].map((ending) => `declare module "*.${ending}" {\n  const text: string;\n  export default text;\n}\n`),
  // Newer than the libraries of TypeScript that `bpfts init` names.
  `interface ErrorConstructor {
  isError(value: unknown): value is Error;
}
interface RegExpConstructor {
  escape(text: string): string;
}
`,
];

// Without these TypeScript advises to install Node's types for `process` and the like, and takes `Intl`, which ends the script.
const nodeNames = ["Buffer", "require", "module", "global", "__dirname", "__filename"];
const nodeModules = ["node:*", "fs", "fs/promises", "os", "net", "http", "https", "child_process", "worker_threads"];
const formatters = ["Collator", "NumberFormat", "DateTimeFormat", "PluralRules"];
const methods = { Segmenter: "segment", RelativeTimeFormat: "format", ListFormat: "format" };

const missing = [
  `/**
 * A script runs in a sandbox, and Node's globals and modules are not there. "bpfts" exports what takes their place: \`argv\`, \`exit\`,
 * \`command\`, \`read_file\` for files below /proc and /sys, \`print\` beside \`console.log\`.
 */
interface ScriptsRunInASandboxWithoutNode {}
declare const process: ScriptsRunInASandboxWithoutNode & { readonly env: { readonly NODE_ENV: "production" } };
`,
  ...nodeNames.map((name) => `declare const ${name}: ScriptsRunInASandboxWithoutNode;\n`),
  ...nodeModules.map(
    (name) => `declare module "${name}" {\n  const none: ScriptsRunInASandboxWithoutNode;\n  export default none;\n}\n`,
  ),
  `/** A script's engine has no \`Intl\`: \`strftime\` of "bpfts" writes times, \`sprintf\` numbers. */
interface ScriptsRunWithoutIntl {}
declare namespace Intl {
`,
  ...formatters.map(
    (name) =>
      `  interface ${name}Constructor {\n    new (...options: readonly unknown[]): ScriptsRunWithoutIntl;\n    (...options: readonly unknown[]): ScriptsRunWithoutIntl;\n  }\n`,
  ),
  ...Object.entries(methods).map(
    ([name, method]) =>
      `  interface ${name} {\n    ${method}(...values: readonly unknown[]): ScriptsRunWithoutIntl;\n  }\n`,
  ),
  "}\n",
];

export const globalTypes = [...present, ...missing].join("");
