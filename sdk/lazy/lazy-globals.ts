import { loadModule } from "./load-module.ts";

/** The web's globals, each with the module that has it. */
const modules = {
  AsyncDisposableStack: "disposable",
  AbortController: "abort",
  AbortSignal: "abort",
  CustomEvent: "event-target",
  DOMException: "dom-exception",
  DisposableStack: "disposable",
  Event: "event-target",
  EventTarget: "event-target",
  SuppressedError: "disposable",
  TextDecoder: "text-coding",
  TextEncoder: "text-coding",
  URL: "url",
  URLSearchParams: "url-search-params",
  atob: "base64",
  btoa: "base64",
  crypto: "crypto",
  performance: "performance",
  structuredClone: "structured-clone",
} as const;

/** Defines globals whose code is read when the script first uses them: at a start they cost nothing. */
export function defineLazyGlobals(): void {
  for (const [name, module] of Object.entries(modules)) {
    const define = (value: unknown): void => {
      Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
    };
    Object.defineProperty(globalThis, name, {
      configurable: true,
      enumerable: false,
      get() {
        const value = (loadModule(module) as Readonly<Record<string, unknown>>)[name];
        define(value);
        return value;
      },
      set: define,
    });
  }
}
