import { writeSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { openStderrLog } from "../../../runtime/base/log.ts";
import { AttachError } from "../../../runtime/base/errors.ts";
import { renderError, renderErrorJson } from "../../../runtime/cli/render-error.ts";

vi.mock("node:fs", async (importOriginal) => ({
  ...(await importOriginal<typeof import("node:fs")>()),
  writeSync: vi.fn(),
}));

const active = "\x1b]0;owned\x07\x9b2J\u202e\r";
const error = new AttachError(`Cannot attach "${active}"`, {
  hint: `did you mean "${active}"?`,
  location: { file: `/tmp/${active}.ts`, line: 1, column: 1, lineText: `const a = "${active}";\r` },
  diagnostics: [{ severity: "error", message: active, lineText: active }],
  detail: `first ${active}\nsecond`,
});

describe("an error that quotes what a terminal acts on", () => {
  it("shows escape sequences in every part of it", () => {
    const text = renderError(error, { verbose: true });
    expect(text).not.toMatch(/[^\n -~]/);
    expect(text).toContain(String.raw`error: Cannot attach "\x1b]0;owned\x07\x9b2J\u202e\r"`);
    expect(text.split("\n").length).toBeGreaterThan(7);
    expect(renderError(new Error(active), { verbose: false })).not.toMatch(/[^\n -~]/);
  });

  it("is JSON of the same value without them", () => {
    const json = renderErrorJson(error);
    expect(json).not.toMatch(/[^\n -~]/);
    expect((JSON.parse(json) as { error: { message: string } }).error.message).toBe(error.message);
  });

  it("is a warning that shows them as escape sequences", () => {
    const log = openStderrLog({ verbose: true });
    log.warn(`nothing in "${active}"`);
    log.info(active);
    const written = vi.mocked(writeSync).mock.calls.map(([, text]) => String(text));
    expect(written[0]).toMatch(/^warning: nothing in "\\x1b/);
    expect(written.join("")).not.toMatch(/[^\n -~]/);
  });

  it("keeps lines, and letters of any language", () => {
    expect(renderError(new AttachError("Grüße 世界\nzweite"), { verbose: false })).toBe("error: Grüße 世界\nzweite\n");
  });
});
