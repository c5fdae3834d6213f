import type { Command } from "commander";
import type { WrittenConfig } from "../inspect/editor-config.ts";
import { writeEditorConfig } from "../inspect/editor-config.ts";
import { findOwnCommand } from "../inspect/own-command.ts";

const vsCode =
  'in VS Code, choose "TypeScript: Select TypeScript Version", then "Use Workspace Version": only that one loads the plugin for the C\n';

const examples = `
Examples:
  bpfts init                  for the scripts in this folder and below
  bpfts init ~/traces         for those in another one; it is made if need be

After that any editor that knows TypeScript completes table names and fields, and marks what is wrong; and \`tsc\` in that folder checks all
scripts. Run it again when bpfts was moved.`;

/** What the user is told of the plugin, by where it is. */
const plugins: Readonly<Record<WrittenConfig["plugin"], string>> = {
  found: "",
  linked:
    "node_modules/bpfts there is a link to this bpfts, by which the editor finds the plugin; npm install there takes it away, and bpfts init puts it back\n",
  missing: "the editor finds the plugin for the C once package.json's bpfts is installed there: npm install\n",
};

/** What the user is told of the TypeScript there. */
const servers: Readonly<Record<WrittenConfig["typescript"], string>> = {
  found: "",
  missing:
    "the editor needs TypeScript beside the plugin: npm install --save-dev typescript@6, then bpfts init again\n",
  "without plugins":
    "the TypeScript there loads no plugins, as all from version 7 on: npm install --save-dev typescript@6, then bpfts init again\n",
};

/** Adds `bpfts init`. */
export function addCommand(program: Command, finish: (exitCode: number) => void): void {
  program
    .command("init")
    .summary("make an editor check the scripts of a folder")
    .description("Write a tsconfig.json with which an editor checks the scripts in a folder.")
    .argument("[folder]", "where the scripts are", ".")
    .option("--force", "replace a tsconfig.json that is there", false)
    .option("--json-errors", "write errors as JSON, one a line")
    .addHelpText("after", examples)
    .action((folder: string, options: { readonly force: boolean }) => {
      const { path, outcome, plugin, typescript } = writeEditorConfig(folder, options.force);
      process.stdout.write(outcome === "unchanged" ? `${path} is in order\n` : `${path} ${outcome}\n`);
      process.stdout.write(plugins[plugin] + servers[typescript] + vsCode);
      process.stdout.write(
        `run a script there with: ${findOwnCommand(folder, process.env["PATH"] ?? "")} run SCRIPT.ts\n`,
      );
      finish(0);
    });
}
