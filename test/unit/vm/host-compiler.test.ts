import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Duplex } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HostClangAnswer } from "../../../runtime/base/host-clang.ts";
import type { Closable } from "../../../runtime/base/scope.ts";
import { serveClang } from "../../../runtime/vm/host-compiler.ts";

const path = process.env["PATH"];
let folder: string;
let server: Closable;
let answers: HostClangAnswer[];
let port: Duplex;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bpfts-serve-"));
  process.env["PATH"] = `${folder}:${path}`;
  // A stand-in that prints its arguments and its input, complains, and fails when it is asked to.
  writeFileSync(
    join(folder, "clang-99"),
    '#!/bin/sh\nfor last; do :; done; case "$*" in *" -o /"*) exec > "$last";; esac; echo "$@"; cat; echo careful >&2; case "$*" in *FATAL*) echo "x: fatal error: no" >&2; exit 1;; *DRIVER*) echo "clang-99: error: no such file or directory: /x.h" >&2; exit 1;; *FAIL*) exit 1;; *CRASH*) kill -SEGV $$;; esac\n',
  );
  chmodSync(join(folder, "clang-99"), 0o755);
  answers = [];
  port = new Duplex({
    read() {},
    write(chunk: Buffer, _, done) {
      answers.push(JSON.parse(chunk.toString()) as HostClangAnswer);
      done();
    },
  });
  server = serveClang(port);
});
afterEach(() => {
  server.close();
  process.env["PATH"] = path;
  rmSync(folder, { recursive: true });
});

async function ask(args: readonly string[], clang = join(folder, "clang-99"), id = "1"): Promise<HostClangAnswer> {
  const before = answers.length;
  port.push(`\n${JSON.stringify({ id, clang, args, input: "text\n" })}\n`);
  await expect.poll(() => answers.length, { timeout: 8000 }).toBe(before + 1);
  return answers.at(-1)!;
}

describe("the host's clang", () => {
  it("gets arguments and input, and its status, messages and output come back", async () => {
    const answer = await ask(["-O2", "-c", "-", "-o", "-"]);
    expect(answer).toMatchObject({ id: "1", status: 0, stderr: "careful\n" });
    expect(readFileSync(answer.output!, "utf8")).toBe("-O2 -c - -o -\ntext\n");
    const next = await ask(["-c", "/x/prelude.h", "-o", "/etc/passwd"]);
    expect(readFileSync(next.output!, "utf8")).toBe(`-c /x/prelude.h -o ${next.output!}\ntext\n`);
    expect(existsSync(answer.output!)).toBe(false);
    expect(readdirSync(dirname(next.output!))).toHaveLength(1);
    server.close();
    expect(existsSync(dirname(next.output!))).toBe(false);
  });

  it("may find an error in the text, but a file that is missing, or a crash, is for the guest to see", async () => {
    expect(await ask(["-DFAIL", "-"])).toMatchObject({ status: 1, stderr: "careful\n" });
    expect(await ask(["-DFATAL", "-"])).toEqual({ id: "1" });
    expect(await ask(["-DDRIVER", "-"])).toEqual({ id: "1" });
    expect(await ask(["-DCRASH", "-"])).toEqual({ id: "1" });
  });

  it("is a clang of the PATH, and nothing else is run", async () => {
    expect(await ask(["-"], "/bin/sh")).toEqual({ id: "1" });
    expect(await ask(["-"], join(folder, "..", "clang-99"))).toEqual({ id: "1" });
    expect(await ask(["-fplugin=x"])).toEqual({ id: "1" });
    expect((await ask(["-"])).status).toBe(0);
  });

  it("is not confused by what is no request, or only the half of one", async () => {
    port.push('{"id":"0","clang":"/us');
    expect((await ask(["-"])).id).toBe("1");
    for (const line of ["null", "7", '{"id":1}', '{"id":"2","clang":"x","input":"","args":"-"}', "{"])
      port.push(`${line}\n`);
    expect((await ask(["-"], undefined, "3")).id).toBe("3");
    expect(answers.map(({ id }) => id)).toEqual(["1", "3"]);
  });
});
