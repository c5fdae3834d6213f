import { formatC } from "../print/format.ts";
import { eprint, print } from "../print/output.ts";
import { renderValue } from "../print/render-value.ts";
import { startedNs } from "../time/start-time.ts";
import { setIdleTimeout } from "../time/timers.ts";
import { readStack } from "../wire/error-stacks.ts";
import { escapeText } from "../wire/escape-text.ts";
import { callHost } from "../wire/host.ts";
import { decodeUtf8, encodeUtf8 } from "../wire/utf8.ts";

/** The modules of this folder that are read when a script first uses one of their names: QuickJS takes some milliseconds for each. */
interface LazyModules {
  readonly abort: typeof import("./abort.ts");
  readonly base64: typeof import("./base64.ts");
  readonly "console-calls": typeof import("./console-calls.ts");
  readonly crypto: typeof import("./crypto.ts");
  readonly disposable: typeof import("./disposable.ts");
  readonly "dom-exception": typeof import("./dom-exception.ts");
  readonly "event-target": typeof import("./event-target.ts");
  readonly performance: typeof import("./performance.ts");
  readonly "structured-clone": typeof import("./structured-clone.ts");
  readonly "text-coding": typeof import("./text-coding.ts");
  readonly url: typeof import("./url.ts");
  readonly "url-search-params": typeof import("./url-search-params.ts");
}

/** What those modules import of the rest of the SDK, which is there already and has state. */
const library: Readonly<Record<string, object>> = {
  "../print/format.ts": { formatC },
  "../print/output.ts": { eprint, print },
  "../print/render-value.ts": { renderValue },
  "../time/start-time.ts": { startedNs },
  "../time/timers.ts": { setIdleTimeout },
  "../wire/error-stacks.ts": { readStack },
  "../wire/escape-text.ts": { escapeText },
  "../wire/host.ts": { callHost },
  "../wire/utf8.ts": { decodeUtf8, encodeUtf8 },
};

const loaded = new Map<string, object>();
/** The script may put others in the places of globals. */
const makeFunction = Function;

/** Reads a module of this folder, or answers it when it was read before. */
export function loadModule<Name extends keyof LazyModules>(name: Name): LazyModules[Name] {
  return requireModule(`./${name}.ts`) as LazyModules[Name];
}

/** As CommonJS's `require`: the build makes such modules of the sources. */
function requireModule(path: string): object {
  const found = library[path] ?? loaded.get(path);
  if (found !== undefined) return found;
  const exported = {};
  loaded.set(path, exported);
  const code = callHost("web_module", { name: path.replace(/^\.\/|\.ts$/g, "") });
  makeFunction("require", "exports", code)(requireModule, exported);
  return exported;
}
