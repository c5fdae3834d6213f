import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pageScript } from "./page-script.ts";
import { pageStyle } from "./page-style.ts";
import type { PagePart, PageState } from "./page-state.ts";

/** How a page is served. */
export interface PageRequest {
  /** An address of this machine's own: 127.0.0.1 or ::1. */
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly title: string;
  readonly state: PageState;
  /** How often the page hears of what changed. Units: milliseconds. */
  readonly stepMs: number;
}

/** A page that is served. Owner: whoever opened it ends it. */
export interface PageServer {
  /** Its address, with the token. */
  readonly url: string;
  /** Tells the pages the last changes, and that the run has ended; resolves when it is closed. */
  end(): Promise<void>;
}

/** Pages that one run serves at once, and connections that are open for them. */
const MAX_PAGES = 8;
const MAX_CONNECTIONS = 32;
/** A browser that reads no more gets nothing until it has read that. Units: bytes. */
const MAX_WAITING = 4 * 1024 * 1024;
/** How long a browser may take to ask, and how often that is looked at. Units: milliseconds. */
const REQUEST_MS = 5000;
const CHECK_MS = 1000;
/** How long a browser may take for the end. Units: milliseconds. */
const END_MS = 300;

interface Page {
  readonly response: ServerResponse;
  /** It has missed changes, and gets all parts when it has read what it has. */
  isBehind: boolean;
}

/** Serves a page on this machine alone, to who knows the token of its address. @throws what `listen` does, EADDRINUSE for example */
export function openPageServer({ host, port, title, state, stepMs }: PageRequest): Promise<PageServer> {
  const token = randomBytes(24).toString("base64url");
  const pages = new Set<Page>();
  let names: readonly string[] = [];
  let timer: NodeJS.Timeout | undefined;

  const send = (page: Page, event: string, data: unknown): void => {
    if (page.response.writableLength > MAX_WAITING) page.isBehind = true;
    else page.response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const sendParts = (parts: readonly PagePart[]): void => {
    for (const page of pages) {
      if (page.isBehind && page.response.writableLength === 0) {
        page.isBehind = false;
        send(page, "parts", state.listParts());
      } else if (!page.isBehind && parts.length > 0) send(page, "parts", parts);
    }
  };
  const openPage = (response: ServerResponse): void => {
    if (pages.size >= MAX_PAGES)
      return refuse(response, 503, `${MAX_PAGES} pages of this run are open, and no more can be`);
    response.writeHead(200, { ...commonHeaders, "content-type": "text/event-stream" });
    const page: Page = { response, isBehind: false };
    pages.add(page);
    response.on("close", () => {
      pages.delete(page);
      if (pages.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    });
    send(page, "parts", state.listParts());
    // Nobody looks: nothing is put together.
    timer ??= setInterval(() => sendParts(state.takeChanges()), stepMs);
  };

  // A client that connects and sends no request loses the connection after the times below, so that a browser finds one free.
  const server = createServer({ connectionsCheckingInterval: CHECK_MS }, (request, response) => {
    const problem = findProblem(request, names);
    if (problem !== undefined) return refuse(response, problem.status, problem.text);
    const [, given = "", rest = ""] = /^\/([^/?]*)(\/[^?]*)?(?:\?|$)/.exec(request.url ?? "") ?? [];
    if (!isSame(given, token))
      return refuse(
        response,
        403,
        "The address of this page has a token, which bpfts printed, and this is another one",
      );
    if (rest === "") return redirect(response, `/${token}/`);
    if (rest === "/events") return openPage(response);
    if (rest !== "/") return refuse(response, 404, "There is nothing here");
    const nonce = randomBytes(16).toString("base64");
    response.writeHead(200, {
      ...commonHeaders,
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    });
    response.end(renderDocument(title, nonce));
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.headersTimeout = REQUEST_MS;
  server.requestTimeout = REQUEST_MS;

  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen({ host, port }, () => {
      const { port: opened } = server.address() as AddressInfo;
      const shown = host.includes(":") ? `[${host}]` : host;
      names = [`${shown}:${opened}`, `localhost:${opened}`];
      resolve({
        url: `http://${shown}:${opened}/${token}/`,
        end() {
          sendParts(state.takeChanges(true));
          for (const page of pages) {
            send(page, "end", { dropped: state.dropped });
            page.response.end();
          }
          clearInterval(timer);
          return new Promise((resolveEnd) => {
            const close = setTimeout(() => server.closeAllConnections(), END_MS);
            server.close(() => {
              clearTimeout(close);
              resolveEnd();
            });
            server.closeIdleConnections();
          });
        },
      });
    });
  });
}

const commonHeaders = {
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
} as const;

/** A page of another site can have this machine's browser ask here: by a name of its own that leads here, or with its own origin. */
function findProblem(
  { method, headers }: IncomingMessage,
  names: readonly string[],
): { readonly status: number; readonly text: string } | undefined {
  if (!names.includes(headers.host ?? ""))
    return { status: 403, text: `This page is served as ${names.join(" or ")} alone` };
  const { origin } = headers;
  if (origin !== undefined && !names.some((name) => origin === `http://${name}`))
    return { status: 403, text: "Pages of other sites may not read this one" };
  if (method !== "GET") return { status: 405, text: "This page can only be read" };
  return undefined;
}

/** Compares two texts in a time that says nothing of where they differ, or how long they are. */
function isSame(given: string, wanted: string): boolean {
  const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(given), hash(wanted));
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { ...commonHeaders, "content-type": "text/plain; charset=utf-8" });
  response.end(`${text}\n`);
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(301, { ...commonHeaders, location });
  response.end();
}

function renderDocument(title: string, nonce: string): string {
  const escaped = title.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped} - bpfts</title>
<style nonce="${nonce}">${pageStyle}</style>
</head>
<body>
<header><h1>${escaped}</h1><span id="state">connecting</span></header>
<main id="parts"><p id="empty">Nothing has been shown yet.</p></main>
<script nonce="${nonce}">${pageScript}</script>
</body>
</html>
`;
}
