import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type ts from "typescript";
import { CheckClient } from "./check-client.ts";
import { completeC } from "./complete-c.ts";
import type { Completion } from "./complete-c.ts";
import { describeWord, findWordAt } from "./describe-c.ts";
import { findBorderName, listPlaces } from "./border-names.ts";
import type { BorderName, TypeScriptView } from "./border-names.ts";
import { EditedScripts, findTextAt } from "./edited-script.ts";
import type { EditedScript } from "./edited-script.ts";
import { openKernelKnowledge } from "./kernel-knowledge.ts";
import { listHelperPlaces } from "./helper-places.ts";
import type { HelperPlaces } from "./helper-places.ts";
import { renderDiagnostics } from "./render-diagnostics.ts";

/** What TypeScript's server hands a plugin when it loads it. */
interface PluginModules {
  readonly typescript: typeof ts;
}

/** What stands beside the plugin's name in `tsconfig.json`. */
interface PluginSettings {
  /** Loads programs that compile and attaches none, so that the verifier's messages show. Only where the editor runs with the rights for it. */
  readonly verify?: boolean;
}

const kernel = openKernelKnowledge();
let client: CheckClient | undefined;

/** One process for all projects of an editor. It lies beside this file. */
function openClient(): CheckClient {
  const folder = dirname(fileURLToPath(import.meta.url));
  return (client ??= new CheckClient([process.execPath, join(folder, "bpfts.cjs"), "check", "--serve"]));
}

/** The plugin of TypeScript's language service: C texts in scripts get what TypeScript has. Source: "Writing a Language Service Plugin" of TypeScript's wiki. */
export function openPlugin({ typescript }: PluginModules): ts.server.PluginModule {
  return { create: (info) => createService(typescript, info) };
}

function createService(typescript: typeof ts, info: ts.server.PluginCreateInfo): ts.LanguageService {
  const { languageService: base, project } = info;
  const { verify } = info.config as PluginSettings;
  const scripts = new EditedScripts();
  const readScript = (file: string): EditedScript => {
    const snapshot = info.languageServiceHost.getScriptSnapshot(file);
    return scripts.read(file, snapshot?.getText(0, snapshot.getLength()) ?? "");
  };
  const view = (file: string): TypeScriptView | undefined => {
    const program = base.getProgram();
    const source = program?.getSourceFile(file);
    return program && source && { ts: typescript, checker: program.getTypeChecker(), source };
  };
  const findName = (
    file: string,
    position: number,
  ): readonly [BorderName, TypeScriptView, EditedScript] | undefined => {
    const script = readScript(file);
    const seen = script.texts.length === 0 ? undefined : view(file);
    const name = seen && findBorderName(seen, script, position);
    return name && [name, seen, script];
  };
  const findC = (file: string, position: number): ReturnType<typeof findTextAt> =>
    findTextAt(readScript(file), position);
  const complete = (file: string, position: number): readonly Completion[] | undefined => {
    const found = findC(file, position);
    return found && completeC(found.text.model, kernel, found.offset);
  };
  const define = (file: string, position: number): ts.DefinitionInfoAndBoundSpan | undefined => {
    const border = findName(file, position)?.[0];
    if (border !== undefined)
      return describeDefinition(
        file,
        border.name,
        border.offset,
        border.span,
        typescript.ScriptElementKind.variableElement,
      );
    const found = findC(file, position);
    const word = found && findWordAt(found.text.model, found.offset);
    const described = word && describeWord(found.text.model, kernel, word.at);
    if (found === undefined || word === undefined || described?.offset === undefined) return undefined;
    const { start } = found.text.source;
    const span = { start: start + word.token.start, length: word.token.text.length };
    return describeDefinition(
      file,
      word.token.text,
      start + described.offset,
      span,
      typescript.ScriptElementKind.variableElement,
    );
  };
  const listElsewhere = ([name, { source }]: readonly [
    BorderName,
    TypeScriptView,
    EditedScript,
  ]): readonly HelperPlaces[] => {
    const program = base.getProgram();
    if (program === undefined) return [];
    return listHelperPlaces(typescript, program, source, name, (other) => readScript(other.fileName).texts.length > 0);
  };
  const references = (file: string, position: number): ts.ReferenceEntry[] | undefined => {
    const found = findName(file, position);
    if (found === undefined) return undefined;
    const own = { fileName: file, places: listPlaces(found[1], found[2], found[0]) };
    return [own, ...listElsewhere(found)].flatMap(({ fileName, places }) =>
      places.map(({ span, isDefinition }) => ({ fileName, textSpan: span, isWriteAccess: isDefinition })),
    );
  };

  return {
    ...base,
    getSemanticDiagnostics(file) {
      const given = base.getSemanticDiagnostics(file);
      const script = readScript(file);
      const source = base.getProgram()?.getSourceFile(file);
      if (script.texts.length === 0 || source === undefined) return given;
      const checks = openClient();
      checks.ask(file, script.text, verify === true, () => project.refreshDiagnostics());
      const answer = checks.findAnswer(file);
      return answer === undefined ? given : [...given, ...renderDiagnostics(typescript, source, script, answer)];
    },
    getCompletionsAtPosition(file, position, ...rest) {
      const entries = complete(file, position);
      if (entries === undefined) return base.getCompletionsAtPosition(file, position, ...rest);
      return {
        isGlobalCompletion: false,
        isMemberCompletion: true,
        isNewIdentifierLocation: true,
        entries: entries.map(({ name, kind }) => ({
          name,
          kind: renderKind(typescript, kind),
          sortText: sortTexts[kind],
          kindModifiers: "",
        })),
      };
    },
    getCompletionEntryDetails(file, position, name, ...rest) {
      const entry = complete(file, position)?.find((each) => each.name === name);
      if (entry === undefined) return base.getCompletionEntryDetails(file, position, name, ...rest);
      return {
        name,
        kind: renderKind(typescript, entry.kind),
        kindModifiers: "",
        displayParts: [{ kind: "text", text: entry.detail }],
        documentation: [{ kind: "text", text: entry.documentation ?? "" }],
      };
    },
    getQuickInfoAtPosition(file, position, ...rest) {
      const found = findC(file, position);
      if (found === undefined) {
        const given = base.getQuickInfoAtPosition(file, position, ...rest);
        const border = findName(file, position)?.[0];
        if (border === undefined) return given;
        const c: ts.SymbolDisplayPart = { kind: "text", text: `\n\`\`\`c\n${border.declaration}\n\`\`\`` };
        if (given !== undefined) return { ...given, documentation: [...(given.documentation ?? []), c] };
        return {
          kind: typescript.ScriptElementKind.string,
          kindModifiers: "",
          textSpan: border.span,
          displayParts: [{ kind: "text", text: border.declaration }],
        };
      }
      const word = findWordAt(found.text.model, found.offset);
      const described = word && describeWord(found.text.model, kernel, word.at);
      if (word === undefined || described === undefined) return undefined;
      return {
        kind: typescript.ScriptElementKind.unknown,
        kindModifiers: "",
        textSpan: { start: found.text.source.start + word.token.start, length: word.token.text.length },
        displayParts: [{ kind: "text", text: described.code }],
        documentation: [{ kind: "text", text: described.documentation ?? "" }],
      };
    },
    getDefinitionAndBoundSpan: (file, position) =>
      define(file, position) ?? base.getDefinitionAndBoundSpan(file, position),
    getDefinitionAtPosition(file, position) {
      return define(file, position)?.definitions ?? base.getDefinitionAtPosition(file, position);
    },
    getReferencesAtPosition: (file, position) =>
      references(file, position) ?? base.getReferencesAtPosition(file, position),
    findReferences(file, position) {
      const border = findName(file, position)?.[0];
      const places = references(file, position);
      if (border === undefined || places === undefined) return base.findReferences(file, position);
      const definition = describeDefinition(
        file,
        border.name,
        border.offset,
        border.span,
        typescript.ScriptElementKind.variableElement,
      );
      const displayParts = [{ kind: "text", text: border.declaration }];
      return [{ definition: { ...definition.definitions![0]!, displayParts }, references: places }];
    },
    getRenameInfo(file, position, ...rest) {
      const found = findName(file, position);
      if (found === undefined && findC(file, position) !== undefined)
        return {
          canRename: false,
          localizedErrorMessage: "Of the C, bpfts renames tables and functions that the script can name.",
        };
      if (found === undefined)
        return (base.getRenameInfo as (...args: unknown[]) => ts.RenameInfo)(file, position, ...rest);
      const [{ name, kind, span, isWhole }] = found;
      if (!isWhole)
        return { canRename: false, localizedErrorMessage: `The name "${name}" is made by a macro of its arguments.` };
      return {
        canRename: true,
        displayName: name,
        fullDisplayName: name,
        kind:
          kind === "table"
            ? typescript.ScriptElementKind.variableElement
            : typescript.ScriptElementKind.functionElement,
        kindModifiers: "",
        triggerSpan: span,
      };
    },
    findRenameLocations(file, position, ...rest: readonly unknown[]) {
      const found = findName(file, position);
      if (found === undefined)
        return (base.findRenameLocations as (...args: unknown[]) => readonly ts.RenameLocation[] | undefined)(
          file,
          position,
          ...rest,
        );
      const own = { fileName: file, places: listPlaces(found[1], found[2], found[0]) };
      return [own, ...listElsewhere(found)].flatMap(({ fileName, places }) =>
        places.map(({ span, suffix }) => ({
          fileName,
          textSpan: span,
          ...(suffix !== undefined && { suffixText: suffix }),
        })),
      );
    },
    dispose() {
      base.dispose();
    },
  };
}

function describeDefinition(
  fileName: string,
  name: string,
  start: number,
  textSpan: ts.TextSpan,
  kind: ts.ScriptElementKind,
): ts.DefinitionInfoAndBoundSpan {
  const definition = {
    fileName,
    name,
    kind,
    textSpan: { start, length: name.length },
    containerName: "",
    containerKind: kind,
  };
  return { textSpan, definitions: [definition] };
}

function renderKind({ ScriptElementKind: kinds }: typeof ts, kind: Completion["kind"]): ts.ScriptElementKind {
  switch (kind) {
    case "method":
      return kinds.memberFunctionElement;
    case "member":
      return kinds.memberVariableElement;
    case "function":
      return kinds.functionElement;
    case "macro":
      return kinds.constElement;
    case "type":
      return kinds.interfaceElement;
    case "keyword":
      return kinds.keyword;
    default:
      return kinds.variableElement;
  }
}

/** What lies nearest comes first. */
const sortTexts: Readonly<Record<Completion["kind"], string>> = {
  variable: "0",
  member: "0",
  method: "0",
  event: "0",
  table: "1",
  type: "2",
  macro: "3",
  function: "3",
  keyword: "4",
};
