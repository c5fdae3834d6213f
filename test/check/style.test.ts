import { basename } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { lineOf, listProjectFiles, parseSources, readProjectFile, walk } from "./source-files.ts";

interface Ban {
  readonly what: string;
  readonly finds: (node: ts.Node) => boolean;
  /** Files that may. */
  readonly except: RegExp;
}

const nobody = /^$/;

const bans: readonly Ban[] = [
  {
    what: "throws a bare Error instead of one of base/errors.ts",
    finds: (node) => ts.isThrowStatement(node) && isNewOf(node.expression, "Error"),
    except: nobody,
  },
  {
    what: "uses console",
    finds: (node) => ts.isPropertyAccessExpression(node) && node.expression.getText() === "console",
    except: /^runtime\/(cli\/|base\/log\.ts$)/,
  },
  {
    what: "calls process.exit",
    finds: (node) => ts.isPropertyAccessExpression(node) && node.getText() === "process.exit",
    except: /^runtime\/cli\/main\.ts$/,
  },
  {
    what: "uses the type any",
    finds: (node) => node.kind === ts.SyntaxKind.AnyKeyword,
    // A parameter of type BPF takes programs of all tables.
    except: /^sdk\/program\/table-choice\.ts$/,
  },
  {
    what: "exports a default",
    finds: (node) =>
      ts.isExportAssignment(node) || (node.kind === ts.SyntaxKind.DefaultKeyword && ts.canHaveModifiers(node.parent)),
    except: nobody,
  },
  {
    what: "silences the compiler",
    finds: (node) => ts.isSourceFile(node) && /@ts-(ignore|nocheck|expect-error)/.test(node.text),
    except: nobody,
  },
];

const vagueNames = new Set([
  "utils",
  "util",
  "helpers",
  "helper",
  "common",
  "types",
  "constants",
  "misc",
  "manager",
  "service",
]);
const wallLines = 400;

describe("style", () => {
  const files = listProjectFiles();
  const sources = parseSources("runtime", "sdk");

  it.each(bans.map((ban) => [ban.what, ban] as const))("nothing under runtime/ and sdk/ %s", (_, { finds, except }) => {
    const found: string[] = [];
    for (const source of sources.filter(({ fileName }) => !except.test(fileName))) {
      walk(source, (node) => {
        if (finds(node)) found.push(`${source.fileName}:${lineOf(node)}`);
      });
    }
    expect(found).toEqual([]);
  });

  it("names files in kebab-case, for what they hold", () => {
    const named = files.filter(
      (path) => /^(runtime|sdk|test)\/.*\.(ts|mjs|cc|h)$/.test(path) && !path.includes("/scripts/"),
    );
    const stem = (path: string): string => basename(path).replace(/(\.test|\.test-d|\.case|\.config|\.d)?\.\w+$/, "");
    const wrong = named.filter(
      (path) =>
        !/^[a-z0-9]+([-_][a-z0-9]+)*$/.test(stem(path)) ||
        (/\.(ts|mjs)$/.test(path) && stem(path).includes("_")) ||
        vagueNames.has(stem(path)),
    );
    expect(wrong).toEqual([]);
  });

  it("keeps every file of ours below the wall", () => {
    const ours = files.filter((path) => /^(runtime|sdk|bpf-headers)\/.*\.(ts|mjs|cc|h|sh)$/.test(path));
    const long = ours
      .map((path) => ({ path, lines: readProjectFile(path).split("\n").length - 1 }))
      .filter(({ lines }) => lines > wallLines);
    expect(long).toEqual([]);
  });

  it("documents every exported name of the SDK and of the kernel's door, and every exported function and class of the runtime", () => {
    const missing: string[] = [];
    for (const source of sources) {
      const everything = source.fileName.startsWith("sdk/") || source.fileName === "runtime/kernel/door/port.ts";
      for (const statement of source.statements) {
        if (!isExported(statement) || isDocumented(statement)) continue;
        if (everything || ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement))
          missing.push(`${source.fileName}:${lineOf(statement)}`);
      }
    }
    expect(missing).toEqual([]);
  });

  it("starts the name of every function of the runtime with a lower-case verb", () => {
    const nouns: string[] = [];
    for (const source of sources.filter(({ fileName }) => fileName.startsWith("runtime/"))) {
      for (const statement of source.statements) {
        if (ts.isFunctionDeclaration(statement) && !/^[a-z][A-Za-z0-9]*$/.test(statement.name?.text ?? ""))
          nouns.push(`${source.fileName}:${lineOf(statement)}`);
      }
    }
    expect(nouns).toEqual([]);
  });
});

function isNewOf(node: ts.Expression, name: string): boolean {
  return ts.isNewExpression(node) && node.expression.getText() === name;
}

/** An overload's later signatures share the first one's comment. */
function isDocumented(statement: ts.Statement): boolean {
  if (ts.getJSDocCommentsAndTags(statement).length > 0) return true;
  if (!ts.isFunctionDeclaration(statement)) return false;
  const siblings = statement.parent as ts.SourceFile;
  return siblings.statements.some(
    (other) =>
      other !== statement &&
      ts.isFunctionDeclaration(other) &&
      other.name?.text === statement.name?.text &&
      ts.getJSDocCommentsAndTags(other).length > 0,
  );
}

function isExported(statement: ts.Statement): boolean {
  return (
    ts.canHaveModifiers(statement) &&
    (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
  );
}
