import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { findOwnCommand } from "../../../runtime/inspect/own-command.ts";
import { cli, root } from "../../support/run-cli.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "bpfts-own-")));
afterAll(() => rmSync(folder, { recursive: true }));

describe("the command that a person types", () => {
  it("is the whole path in a folder from which npx would ask the registry", () => {
    for (const name of ["bare", "project"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "project/package.json"), '{ "name": "bpfts" }');
    for (const name of ["bare", "project"]) {
      const command = findOwnCommand(join(folder, name), "/usr/bin:");
      expect(command.replaceAll("'", "")).toBe(cli);
    }
  });

  it("is npx where it finds this one: in the checkout, and in a project that has it", () => {
    expect(findOwnCommand(join(root, "scripts"), "")).toBe("npx bpfts");
    mkdirSync(join(folder, "user/node_modules/.bin"), { recursive: true });
    mkdirSync(join(folder, "user/deeper"));
    symlinkSync(cli, join(folder, "user/node_modules/.bin/bpfts"));
    expect(findOwnCommand(join(folder, "user/deeper"), "")).toBe("npx bpfts");
    rmSync(join(folder, "user/node_modules/.bin/bpfts"));
    writeFileSync(join(folder, "user/node_modules/.bin/bpfts"), "another");
    expect(findOwnCommand(join(folder, "user/deeper"), "")).not.toBe("npx bpfts");
  });

  it("is the name where the PATH leads to this one", () => {
    mkdirSync(join(folder, "bin"));
    symlinkSync(cli, join(folder, "bin/bpfts"));
    expect(findOwnCommand(folder, `/usr/bin:${join(folder, "bin")}`)).toBe("bpfts");
  });
});
