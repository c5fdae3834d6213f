import { MAX, requireFunction, requireInteger, requireOptions, requireText } from "../checks/check-options.ts";
import { formatC } from "../print/format.ts";
import { eprint, flush, print } from "../print/output.ts";
import { renderValue } from "../print/render-value.ts";
import { AF_INET, AF_INET6, inet_ntop, inet_pton } from "../addresses/ip-address.ts";
import { parseMac, renderMac } from "../addresses/mac-address.ts";
import { startedNs } from "../time/start-time.ts";
import { setIdleTimeout, setTimeout } from "../time/timers.ts";
import { readStack } from "../wire/error-stacks.ts";
import { BpfError, Interrupt, makeArgumentError } from "../wire/errors.ts";
import { escapeText } from "../wire/escape-text.ts";
import { callHost } from "../wire/host.ts";
import { decodeUtf8, encodeUtf8 } from "../wire/utf8.ts";

/** The modules that are read when a script first uses one of their names: QuickJS takes some milliseconds for each. */
interface LazyModules {
  readonly abort: typeof import("../web/abort.ts");
  readonly base64: typeof import("../web/base64.ts");
  readonly "console-calls": typeof import("../web/console-calls.ts");
  readonly crypto: typeof import("../web/crypto.ts");
  readonly disposable: typeof import("../web/disposable.ts");
  readonly "dom-exception": typeof import("../web/dom-exception.ts");
  readonly "event-target": typeof import("../web/event-target.ts");
  readonly performance: typeof import("../web/performance.ts");
  readonly "structured-clone": typeof import("../web/structured-clone.ts");
  readonly "text-coding": typeof import("../web/text-coding.ts");
  readonly url: typeof import("../web/url.ts");
  readonly "url-search-params": typeof import("../web/url-search-params.ts");
  readonly "decode-packet": typeof import("../packets/decode-packet.ts");
  readonly "expect-value": typeof import("../tests/expect-value.ts");
  readonly "run-tests": typeof import("../tests/run-tests.ts");
  readonly "make-packet": typeof import("../packets/make-packet.ts");
}

/** What those modules import of the rest of the SDK, which is there already and has state. */
const library: Readonly<Record<string, object>> = {
  "../checks/check-options.ts": { MAX, requireFunction, requireInteger, requireOptions, requireText },
  "../print/format.ts": { formatC },
  "../print/output.ts": { eprint, flush, print },
  "../print/render-value.ts": { renderValue },
  "../addresses/ip-address.ts": { AF_INET, AF_INET6, inet_ntop, inet_pton },
  "../addresses/mac-address.ts": { parseMac, renderMac },
  "../time/start-time.ts": { startedNs },
  "../time/timers.ts": { setIdleTimeout, setTimeout },
  "../wire/error-stacks.ts": { readStack },
  "../wire/errors.ts": { BpfError, Interrupt, makeArgumentError },
  "../wire/escape-text.ts": { escapeText },
  "../wire/host.ts": { callHost },
  "../wire/utf8.ts": { decodeUtf8, encodeUtf8 },
};

const loaded = new Map<string, object>();
/** The script may put others in the places of globals. */
const makeFunction = Function;

/** Reads a module, or answers it when it was read before. */
export function loadModule<Name extends keyof LazyModules>(name: Name): LazyModules[Name] {
  return requireModule(`./${name}.ts`) as LazyModules[Name];
}

/** Reads a module that uses more of the SDK than the others: `parts` has what it imports, by the paths that it gives. */
export function loadModuleWith(name: string, parts: Readonly<Record<string, object>>): object {
  const path = `./${name}.ts`;
  return loaded.get(path) ?? readModule(path, (wanted) => parts[wanted] ?? requireModule(wanted));
}

/** As CommonJS's `require`: the build makes such modules of the sources. */
function requireModule(path: string): object {
  return library[path] ?? loaded.get(path) ?? readModule(path, requireModule);
}

function readModule(path: string, require: (path: string) => object): object {
  const exported = {};
  loaded.set(path, exported);
  const code = callHost("lazy_module", { name: path.replace(/^\.\/|\.ts$/g, "") });
  makeFunction("require", "exports", code)(require, exported);
  return exported;
}
