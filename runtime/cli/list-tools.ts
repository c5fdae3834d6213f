import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listFolder } from "../base/list-folder.ts";
import { listToolFolders } from "./find-tool.ts";

/** A script that comes with bpfts and is run by its name. */
export interface Tool {
  readonly name: string;
  readonly path: string;
  /** The first sentence of the script's first comment. */
  readonly summary: string;
  /** What it is about: the line `Subject: …` of that comment. */
  readonly subject: string;
}

/** Lists the tools in the order of their names. */
export function listTools(): readonly Tool[] {
  const paths = listToolFolders().flatMap((folder) => listScripts(folder));
  return paths.map(describeTool).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function listScripts(folder: string): readonly string[] {
  return listFolder(folder)
    .filter((name) => /^[\w-]+\.ts$/.test(name))
    .map((name) => join(folder, name));
}

function describeTool(path: string): Tool {
  const head = readFileSync(path, "utf8")
    .match(/^(?:\/\/.*\n)*/)![0]
    .replace(/^\/\/ ?/gm, "");
  return {
    name: path.slice(path.lastIndexOf("/") + 1, -".ts".length),
    path,
    summary: head.split("\n")[0]!.trim(),
    subject: /^Subject: (.*)$/m.exec(head)?.[1] ?? "other",
  };
}
