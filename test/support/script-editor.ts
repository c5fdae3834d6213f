import { join } from "node:path";
import ts from "typescript";
import { renderEditorConfig } from "../../runtime/inspect/editor-config.ts";
import { root } from "./run-cli.ts";

/** What an editor says of a script, in a folder that `bpfts init` made ready. */
export interface ScriptEditor {
  /** The messages of all errors, each as the editor shows it. */
  listErrors(text: string): string[];
  /** What hovering over the first character behind `mark` shows. */
  hover(text: string, mark: string): string;
  /** The names that are offered where `mark` stands in the text; the mark itself is taken out. */
  complete(text: string, mark?: string): string[];
}

/** Opens the language service that editors ask, on the declarations that a user gets. */
export function openScriptEditor(): ScriptEditor {
  const file = join(root, "scripts/edited-script.ts");
  const config = JSON.parse(renderEditorConfig(join(root, "scripts"))) as object;
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, join(root, "scripts"));
  let current = "";
  let version = 0;
  const host: ts.LanguageServiceHost = {
    getCompilationSettings: () => options,
    getScriptFileNames: () => [file],
    getScriptVersion: (name) => (name === file ? String(version) : "0"),
    getScriptSnapshot: (name) => {
      const text = name === file ? current : ts.sys.readFile(name);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => join(root, "scripts"),
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (name) => name === file || ts.sys.fileExists(name),
    readFile: (name) => (name === file ? current : ts.sys.readFile(name)),
    readDirectory: ts.sys.readDirectory,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
  };
  const service = ts.createLanguageService(host);
  const write = (text: string): void => {
    current = text;
    version++;
  };
  const find = (text: string, mark: string): number => {
    const at = text.indexOf(mark);
    if (at < 0) throw new Error(`the text has no ${mark}`);
    return at;
  };
  return {
    listErrors(text) {
      write(text);
      return [...service.getSyntacticDiagnostics(file), ...service.getSemanticDiagnostics(file)].map(
        ({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"),
      );
    },
    hover(text, mark) {
      write(text);
      const info = service.getQuickInfoAtPosition(file, find(text, mark) + mark.length, 500);
      return ts.displayPartsToString(info?.displayParts);
    },
    complete(text, mark = "█") {
      const at = find(text, mark);
      write(text.replace(mark, ""));
      const found = service.getCompletionsAtPosition(file, at, {});
      return (found?.entries ?? []).map(({ name }) => name);
    },
  };
}
