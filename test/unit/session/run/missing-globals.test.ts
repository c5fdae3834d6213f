import { describe, expect, it } from "vitest";
import { runScriptText } from "../../../support/guest-run.ts";

describe("a global that a sandbox does not have", () => {
  it.each([
    ["process.exit(1);", /without Node: "bpfts" exports argv, exit/],
    ["const bytes = Buffer.from('a');\nconsole.log(bytes);", /without Node: Uint8Array/],
    ["console.log(new Intl.NumberFormat().format(1));", /strftime of "bpfts"/],
    ["window.alert(1);", /without a browser$/],
    ["await fetch('http://a.b');", /without a browser$/],
  ])("has a next step: %s", async (text, hint) => {
    const { error } = await runScriptText(`// @ts-nocheck\n${text}`);
    expect(error).toMatchObject({ hint: expect.stringMatching(hint) as string, location: { line: 2 } });
  });

  it.each([
    ["Buffer", "Node"],
    ["document", "a browser"],
    ["Intl", "the locales of Node and browsers"],
  ])("is told by the package and the file that use it: %s", async (global, owner) => {
    const { error } = await runScriptText(`import { run } from "wants-more";\nrun();\n`, {
      files: {
        "package.json": "{}",
        "node_modules/wants-more/package.json": `{"main":"lib/main.js"}`,
        "node_modules/wants-more/lib/main.js": `exports.run = () => ${global}.thing;`,
      },
    });
    expect(error).toMatchObject({
      message: `ReferenceError: '${global}' is not defined`,
      hint: `the package "wants-more" needs ${owner}: its file "lib/main.js" uses "${global}", which scripts do not have; take a package that does without`,
      location: { line: 2 },
    });
  });

  it("is not confused with a name of the script's own", async () => {
    const { error } = await runScriptText(`// @ts-nocheck\nconsole.log(processes);`);
    expect(error).toMatchObject({ message: "ReferenceError: 'processes' is not defined" });
    expect((error as { hint?: string }).hint).toBeUndefined();
  });
});
