import { describe, expect, it } from "vitest";
import { adviseBuild } from "../../../runtime/base/advise-build.ts";

describe("a package that was not built", () => {
  it.each([
    ["/src/bpfts", [], "npm start"],
    ["/p/node_modules/.pnpm/bpfts@0.1.0/node_modules/bpfts", [], "pnpm rebuild bpfts"],
    ["/p/node_modules/bpfts", ["/p/pnpm-lock.yaml"], "pnpm rebuild bpfts"],
    ["/p/.yarn/unplugged/bpfts-npm-0.1.0/node_modules/bpfts", [], "yarn rebuild bpfts"],
    ["/p/node_modules/bpfts", ["/p/.yarnrc.yml", "/p/yarn.lock"], "yarn rebuild bpfts"],
    ["/p/node_modules/bpfts", ["/p/yarn.lock"], "yarn install --force"],
    ["/p/node_modules/bpfts", ["/p/bun.lock"], "bun pm trust bpfts"],
    ["/p/node_modules/bpfts", ["/p/package.json"], "npm install-scripts approve bpfts"],
    ["/p/node_modules/a/node_modules/bpfts", ["/p/node_modules/a/package.json"], "npm rebuild"],
    ["/usr/lib/node_modules/bpfts", [], "npm rebuild --global"],
  ])("in %s, beside %j, is built by %s", (folder, files, wanted) => {
    expect(adviseBuild(folder, (path) => files.includes(path))).toContain(wanted);
  });
});
