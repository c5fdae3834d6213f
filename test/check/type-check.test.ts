import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { root } from "./source-files.ts";

const folder = mkdtempSync(join(tmpdir(), "bpfts-check-"));
afterAll(() => rmSync(folder, { recursive: true }));

// TypeScript 7 takes a fifth of the work that 6 takes, whose API the build and the editor's plugin need.
const compiler = `${root}node_modules/typescript-7/bin/tsc`;

function check(project: string): { readonly output: string; readonly files: readonly string[] } {
  const run = spawnSync(process.execPath, [compiler, "-p", project, "--noEmit", "--listFiles", "--pretty", "false"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  const lines = run.stdout.split("\n").filter(Boolean);
  const isFile = (line: string): boolean => line.startsWith("/") && !/\(\d+,\d+\): /.test(line);
  const faults = lines.filter((line) => !isFile(line)).join("\n");
  return {
    output: faults + run.stderr + (run.status === 0 ? "" : `\nstatus ${run.status}`),
    files: lines.filter(isFile),
  };
}

describe("types", () => {
  it("are right in every file that tsconfig.json includes", () => {
    const { output, files } = check(`${root}tsconfig.json`);
    expect(output).toBe("");
    expect(files).toContain(`${root}runtime/cli/main.ts`);
  });

  it("are right for guest code without anything of Node's", () => {
    const project = join(folder, "tsconfig.json");
    const settings = {
      extends: `${root}tsconfig.json`,
      compilerOptions: { types: [], paths: { bpfts: [`${root}sdk/index.ts`] } },
      include: [`${root}sdk`, `${root}scripts`, `${root}dist/types/globals.d.ts`],
    };
    writeFileSync(project, JSON.stringify(settings));
    const { output, files } = check(project);
    expect(output).toBe("");
    expect(files).toContain(`${root}scripts/hello.ts`);
    expect(files.filter((path) => path.includes("/@types/node/"))).toEqual([]);
  });

  it("that are wrong are told with their places", () => {
    writeFileSync(join(folder, "wrong.ts"), "const wrong: number = process.pid;\nexport const text: string = 1;\n");
    const project = join(folder, "wrong.json");
    const settings = { extends: `${root}tsconfig.json`, compilerOptions: { types: [] }, include: ["wrong.ts"] };
    writeFileSync(project, JSON.stringify(settings));
    const { output } = check(project);
    expect(output).toMatch(/wrong\.ts\(1,23\): error TS2\d+: Cannot find name 'process'/);
    expect(output).toMatch(/wrong\.ts\(2,14\): error TS2322: /);
  });
});
