import { UsageError } from "../base/errors.ts";

/** Where a page is served. */
export interface PageAddress {
  readonly host: string;
  readonly port: number;
}

/** Whether a word behind --web can be nothing but an address: the next word may be a script. */
export function looksLikeAddress(word: string): boolean {
  return /^(?:\[[\da-fA-F:.]*\]|[\w.-]*):\d*$|^\d+$|^\d+\.\d+\.\d+\.\d+$|^\[.*\]$|^::1$|^localhost$/.test(word);
}

/**
 * Reads `127.0.0.1:8080`, `localhost:8080`, `[::1]:8080`, `:8080` or `8080`. Port 0, or none, is any that is free.
 *
 * @throws UsageError for any other address: other machines must not see what a tracer sees
 */
export function parsePageAddress(text: string): PageAddress {
  const [, name = "", digits = "0"] =
    /^(\[[^\]]*\]|[^:]*|::1):(\d*)$/.exec(text) ??
    (/^\d+$/.test(text) ? ["", "", text] : /^(?:\[.*\]|[^:]+|::1)$/.test(text) ? ["", text, "0"] : []);
  const hosts: Readonly<Record<string, string>> = {
    "": "127.0.0.1",
    "127.0.0.1": "127.0.0.1",
    localhost: "127.0.0.1",
    "[::1]": "::1",
    "::1": "::1",
  };
  const host = Object.hasOwn(hosts, name) ? hosts[name] : undefined;
  if (host === undefined)
    throw new UsageError(`--web serves this machine alone: "${text}" is no address of 127.0.0.1 or [::1]`, {
      hint: "for example --web 127.0.0.1:8080; to look from elsewhere: ssh -L 8080:127.0.0.1:8080 THIS_MACHINE",
    });
  const port = Number(digits === "" ? 0 : digits);
  if (port > 65535) throw new UsageError(`--web has no port ${digits}: ports go to 65535`);
  return { host, port };
}
