import { ArgumentError, InternalError } from "../../base/errors.ts";
import { findPackageFile } from "../build/package-files.ts";
import { urlParts } from "../../../sdk/wire/url-parts.ts";
import type { UrlParts } from "../../../sdk/wire/url-parts.ts";
import type { Handlers } from "./bridge-state.ts";
import { systemFiles } from "../../kernel/door/system-files.ts";

/** The most random bytes that one call answers. */
const MAX_RANDOM_BYTES = 65_536;

/** The calls behind the globals of the web and what else a script reads late: code, random bytes, addresses. */
export function openWebCalls(): Handlers<"lazy_module" | "random" | "parse_url" | "change_url"> {
  return {
    lazy_module({ name }) {
      // A path would lead elsewhere.
      if (!/^[a-z0-9-]+$/.test(name)) throw new InternalError(`The script called for the module "${name}"`);
      return systemFiles.readText(findPackageFile("dist", "lazy", `${name}.js`));
    },
    random({ size }) {
      if (!Number.isInteger(size) || size < 1 || size > MAX_RANDOM_BYTES)
        throw new ArgumentError(`Cannot make ${size} random bytes: 1 to ${MAX_RANDOM_BYTES} at a time`);
      return crypto.getRandomValues(new Uint8Array(size));
    },
    parse_url({ url, base }) {
      try {
        return listParts(new URL(url, base ?? undefined));
      } catch {
        return null;
      }
    },
    change_url({ href, name, value }) {
      if (!urlParts.includes(name) || name === "origin")
        throw new InternalError(`The script called for the part "${name}" of an address`);
      const url = new URL(href);
      url[name] = value;
      return listParts(url);
    },
  };
}

function listParts(url: URL): UrlParts {
  return Object.fromEntries(urlParts.map((name) => [name, url[name]])) as unknown as UrlParts;
}
