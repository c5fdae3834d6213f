import { request } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { openPageServer } from "../../../runtime/web/page-server.ts";
import type { PageServer } from "../../../runtime/web/page-server.ts";
import { PageState } from "../../../runtime/web/page-state.ts";
import type { PagePart } from "../../../runtime/web/page-state.ts";

const open: PageServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.end();
});

async function serve(): Promise<{ readonly server: PageServer; readonly state: PageState; readonly url: URL }> {
  const state = new PageState(() => 0);
  const server = await openPageServer({ host: "127.0.0.1", port: 0, title: 'a <b> & "c"', state, stepMs: 20 });
  open.push(server);
  return { server, state, url: new URL(server.url) };
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function ask(
  url: URL | string,
  options: { readonly method?: string; readonly headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(url, options, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
    })
      .on("error", reject)
      .end();
  });
}

/** The events of a page until the run ends, or until `isEnough`. */
function listen(
  url: URL,
  isEnough: (parts: readonly PagePart[]) => boolean,
): Promise<{ readonly parts: readonly PagePart[]; readonly hasEnded: boolean }> {
  return new Promise((resolve, reject) => {
    const parts: PagePart[] = [];
    let rest = "";
    const asked = request(new URL("events", url), (response) => {
      const finish = (hasEnded: boolean): void => {
        asked.destroy();
        resolve({ parts, hasEnded });
      };
      response.setEncoding("utf8").on("data", (text: string) => {
        const blocks = (rest + text).split("\n\n");
        rest = blocks.pop()!;
        for (const block of blocks) {
          const [, name, data] = /^event: (\w+)\ndata: (.*)$/s.exec(block)!;
          if (name === "end") return finish(true);
          parts.push(...(JSON.parse(data!) as PagePart[]));
          if (isEnough(parts)) return finish(false);
        }
      });
    }).on("error", reject);
    asked.end();
  });
}

describe("connections that ask nothing", () => {
  it("keep the page from a browser no longer than some seconds", { timeout: 30_000 }, async () => {
    const { url } = await serve();
    const idle = Array.from({ length: 40 }, () => connect(Number(url.port), url.hostname));
    for (const socket of idle) {
      socket.on("error", () => undefined);
      socket.write("GET /");
    }
    const isServed = (): Promise<boolean> =>
      ask(url).then(
        ({ status }) => status === 200,
        () => false,
      );
    await expect.poll(isServed, { timeout: 5000 }).toBe(false);
    await expect.poll(isServed, { timeout: 20_000, interval: 500 }).toBe(true);
    for (const socket of idle) socket.destroy();
  });
});

describe("the page of a run", () => {
  it("comes with a policy that lets it load nothing, and names nothing to load", async () => {
    const { url } = await serve();
    const { status, headers, body } = await ask(url);
    expect(status).toBe(200);
    const [, nonce] = /script-src 'nonce-([\w+/=]+)'/.exec(headers["content-security-policy"] as string)!;
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
    expect(body).toContain(`<script nonce="${nonce}">`);
    expect(body).toContain("<title>a &#60;b&#62; &#38; &#34;c&#34; - bpfts</title>");
    expect(body.replace("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:|\ssrc=|\shref=|@import|url\(/);
    expect((await ask(url)).headers["content-security-policy"]).not.toContain(nonce!);
  });

  it("has a token of 192 bits in its address, which nobody else has", async () => {
    const [one, two] = [await serve(), await serve()];
    expect(one.url.pathname).toMatch(/^\/[\w-]{32}\/$/);
    expect(one.url.pathname).not.toBe(two.url.pathname);
    const token = one.url.pathname.slice(1, -1);
    const wrong = ["/", "/events", `/${token.slice(1)}/`, `/${token}x/`, `/${token.toLowerCase()}x/events`, "/%00/"];
    for (const path of [...wrong, two.url.pathname]) {
      const { status, body } = await ask(new URL(path, one.url));
      expect([path, status, body]).toEqual([path, 403, expect.stringContaining("has a token")]);
    }
    expect((await ask(new URL(`/${token}`, one.url))).headers.location).toBe(`/${token}/`);
    expect((await ask(new URL(`/${token}/other`, one.url))).status).toBe(404);
  });

  it("is refused to names that only lead here, to other sites, and to what is no reading", async () => {
    const { url } = await serve();
    for (const [status, options] of [
      [403, { headers: { host: "evil.example" } }],
      [403, { headers: { host: `evil.example:${url.port}` } }],
      [403, { headers: { host: "127.0.0.1:1" } }],
      [403, { headers: { origin: "http://evil.example" } }],
      [403, { headers: { origin: "null" } }],
      [405, { method: "POST" }],
      [405, { method: "OPTIONS" }],
      [200, { headers: { host: `localhost:${url.port}` } }],
      [200, { headers: { origin: `http://127.0.0.1:${url.port}` } }],
    ] as const)
      expect([options, (await ask(url, options)).status]).toEqual([options, status]);
  });

  it("listens on this machine alone", async () => {
    const { url } = await serve();
    await new Promise<void>((resolve, reject) => {
      // Another address of the loopback device is another one, too.
      connect({ host: "127.0.0.2", port: Number(url.port) })
        .on("connect", () => reject(new Error("it listens elsewhere")))
        .on("error", () => resolve());
    });
  });

  it("hears of what is there, of what changes, and of the end", async () => {
    const { server, state, url } = await serve();
    state.add('{"type":"row","data":{"pid":1,"comm":"<img src=x>"}}');
    const before = await listen(url, (parts) => parts.length > 0);
    expect(before.parts).toEqual([
      {
        kind: "rows",
        id: "rows pid,comm",
        name: "rows",
        total: 1,
        columns: ["pid", "comm"],
        rows: [[1, "<img src=x>"]],
      },
    ]);
    const all = listen(url, () => false);
    await listen(url, (parts) => parts.length > 0);
    state.add(
      '{"type":"table","name":"counts","rows":[{"key":{"comm":"a"},"value":1},{"key":{"comm":"b"},"value":2}]}',
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    open.splice(0);
    await server.end();
    const { parts, hasEnded } = await all;
    expect([hasEnded, parts.at(-1)]).toEqual([
      true,
      {
        kind: "rows",
        id: "table counts",
        name: "counts",
        total: 2,
        columns: ["comm", "value"],
        rows: [
          ["b", 2],
          ["a", 1],
        ],
      },
    ]);
  });

  it("serves no more than eight pages at once", async () => {
    const { state, url } = await serve();
    state.addText("a line\n");
    const pages = Array.from({ length: 8 }, () => request(new URL("events", url)));
    await Promise.all(
      pages.map(
        (page) =>
          new Promise((resolve) => {
            page
              .on("response", resolve)
              .on("error", () => undefined)
              .end();
          }),
      ),
    );
    expect(await ask(new URL("events", url))).toMatchObject({ status: 503 });
    for (const page of pages) page.destroy();
  });
});
