import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { renderKernelNames } from "../../runtime/compile/kernel-names.ts";

const folder = mkdtempSync(join(tmpdir(), "bpfts-test-"));
let written = 0;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes the names in C text as `openKernelNames` reads them. Answers the path; the file is gone when the test file is done. */
export function writeNames(dump: string): string {
  const path = join(folder, `names-${++written}`);
  writeFileSync(path, renderKernelNames(dump));
  return path;
}
