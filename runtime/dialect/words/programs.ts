import type { DialectEnv } from "../text/env.ts";
import type { CFunction } from "../text/functions.ts";
import { readRange } from "../text/lexer.ts";
import type { Token, TokenRange } from "../text/lexer.ts";
import type { Macro } from "../text/macros.ts";
import { readMacros } from "../text/macros.ts";
import { makeDialectError } from "../text/pass.ts";
import type { Pass } from "../text/pass.ts";
import { findContextKind, findKindOfSection, findProgramForm } from "./program-forms.ts";
import type { ProgramForm } from "./program-forms.ts";
import type { ProgramDecl } from "../text/unit.ts";

/** What a program function needs besides edits of its head. */
export interface ProgramFindings {
  readonly programs: ProgramDecl[];
  /** Tracepoints whose argument structs must stand before the text. */
  readonly tracepoints: { readonly category: string; readonly event: string }[];
  /** Names that the text defines itself, so that macros of those names must not stand in their way. */
  readonly definedNames: string[];
}

/** A pointer argument register is all that a BCC program may take besides its context. */
const maxExtraArguments = 6;

/**
 * Gives every program function a section, and those that ask for more than a
 * context the wrapper that fetches it. Static functions become always inline.
 *
 * @throws DialectError for parameters that cannot be fetched.
 */
export function rewritePrograms(pass: Pass, functions: readonly CFunction[], env: DialectEnv): ProgramFindings {
  const findings: ProgramFindings = { programs: [], tracepoints: [], definedNames: [] };
  const called = findCalledNames(pass, functions);
  spellNoinline(pass);
  const macros = readMacros(pass);
  for (const fn of functions) {
    const form = findProgramForm(readMacroHead(pass, fn));
    if (form === undefined && fn.isProgram && fn.section === undefined && isMacroUse(pass, fn, macros)) {
      // What the preprocessor makes of it, clang tells.
    } else if (form === undefined && !fn.isProgram) inlineHelper(pass, fn);
    else if (form === undefined && fn.section === undefined && called.has(fn.name)) inlineHelper(pass, fn);
    else rewriteProgram(pass, fn, form, env, findings);
    if (form === undefined && !fn.isProgram) findings.definedNames.push(fn.name);
    noteTracepointParams(pass, fn, findings);
  }
  return findings;
}

/** Whether a head is the use of a macro, of the text or of a header, whose name nothing else has: its arguments are words, and no types. */
function isMacroUse(pass: Pass, fn: CFunction, macros: ReadonlyMap<string, Macro>): boolean {
  if (macros.get(fn.name)?.params !== undefined) return true;
  return (
    fn.returnType === "" && fn.params.every(({ from, to }) => to === from + 1 && pass.tokens[from]!.text !== "void")
  );
}

/** `TRACEPOINT_PROBE(cat, ev)` as its name and arguments. */
function readMacroHead(pass: Pass, fn: CFunction): { name: string; args: string[] } {
  return { name: fn.name, args: fn.params.map((param) => readNarrowed(pass, param)) };
}

function rewriteProgram(
  pass: Pass,
  fn: CFunction,
  form: ProgramForm | undefined,
  env: DialectEnv,
  findings: ProgramFindings,
): void {
  const { tokens, edits } = pass;
  const offset = pass.findOrigin(tokens[fn.nameToken]!.start);
  const explicitSection = fn.section !== undefined;
  if (form !== undefined) {
    if (form.tracepoint !== undefined) findings.tracepoints.push(form.tracepoint);
    const section = fn.section ?? form.section;
    const head = `${explicitSection ? "" : `SEC("${section}") `}${fn.returnType === "" ? "int " : ""}`;
    edits.insert(tokens[fn.headToken]!.start, head);
    if (form.head !== undefined) edits.replace(tokens[fn.nameToken]!.start, tokens[fn.close]!.end, form.head);
    else
      for (const { start, end } of fn.params.flatMap((param) => findBoolean(pass, param) ?? []))
        edits.replace(start, end, booleanByte);
    const kind = explicitSection ? findKindOfSection(section) : form.kind;
    findings.programs.push({
      name: form.program,
      section,
      kind,
      explicitSection,
      offset,
      ...(form.autoAttach === undefined || explicitSection ? {} : { autoAttach: form.autoAttach }),
    });
    return;
  }
  const named = findProgramForm({ name: fn.name, args: undefined });
  if (named?.tracepoint !== undefined) findings.tracepoints.push(named.tracepoint);
  const firstParam = fn.params[0] === undefined ? "" : readRange(pass.text, tokens, fn.params[0]);
  const context = findContextKind(firstParam);
  const ownSection = named?.section ?? context.section;
  // clang refuses a function with the same name as its section. libbpf ignores a question mark at the section's beginning.
  const section = fn.section ?? (ownSection === fn.name ? `?${ownSection}` : ownSection);
  const kind = explicitSection ? findKindOfSection(section) : (named?.kind ?? context.kind);
  const autoAttach = explicitSection ? undefined : named?.autoAttach;
  findings.programs.push({
    name: fn.name,
    section,
    kind,
    explicitSection,
    offset,
    ...(autoAttach === undefined ? {} : { autoAttach }),
    ...(kind === "any" &&
      !explicitSection &&
      /\bstruct\s+pt_regs\b/.test(firstParam) && { takesRegisters: true as const }),
  });
  if (explicitSection) return;
  const params = fn.params.filter((param) => readRange(pass.text, tokens, param) !== "void");
  const plainReturn = fn.returnType === "int" || fn.returnType === "signed int" || fn.returnType === "signed";
  if (plainReturn && params.length <= 1) {
    edits.insert(tokens[fn.headToken]!.start, `SEC("${section}") `);
    if (fn.params.length === 0) edits.insert(tokens[fn.close]!.start, "void");
    return;
  }
  wrapProgram(pass, fn, params, section, env);
}

/**
 * Puts a program that fetches the arguments before the user's function, which
 * becomes its body: a text may open one body under two heads (`#if`, `#else`),
 * so nothing can be put behind it.
 */
function wrapProgram(pass: Pass, fn: CFunction, params: readonly TokenRange[], section: string, env: DialectEnv): void {
  const { tokens, edits } = pass;
  const body = `____${fn.name}`;
  const nameToken = tokens[fn.nameToken]!;
  if (params.length - 1 > maxExtraArguments) {
    throw makeDialectError(
      pass,
      tokens[params[maxExtraArguments + 1]!.from]!.start,
      `Too many arguments of "${fn.name}": only ${maxExtraArguments} come in registers`,
      "read the others from the stack by hand",
    );
  }
  const declaration = (name: string): string =>
    `static __always_inline ${fn.returnType} ${name}(${params.map((param) => readRange(pass.text, tokens, param).replace(/\s+/g, " ")).join(", ")})`;
  const isSyscall = /^(syscall__|kprobe____x64_sys_)/.test(fn.name);
  const values = params.slice(1).map((param, index) => {
    const { name, type } = readParam(pass, param);
    if (name === undefined)
      throw makeDialectError(
        pass,
        tokens[param.from]!.start,
        `A parameter of "${fn.name}" has no name`,
        "name every parameter",
      );
    const isRecord = /^(?:const |volatile )*(?:struct|union) \w+(?: const| volatile)*$/.test(type);
    const cast = `(${type})`;
    if (!isUsed(pass, fn, name)) return isRecord ? `${cast}{}` : `${cast}0`;
    if (isRecord)
      throw makeDialectError(
        pass,
        tokens[param.from]!.start,
        `The parameter "${name}" of "${fn.name}" is a struct or union: a register holds a number or a pointer`,
        "take it as a pointer, or as unsigned long where it has eight bytes or less and is passed by value",
      );
    const byte = findBoolean(pass, param) === undefined ? "" : `(${booleanByte})`;
    if (!isSyscall) return `${cast}${byte}bpfts_argument(ctx, ${index + 1})`;
    return `${cast}${env.haveSyscallWrapper ? "bpfts_syscall_argument" : "bpfts_plain_syscall_argument"}(ctx, ${index + 1})`;
  });
  const contextType = params[0] === undefined ? "void *" : readParam(pass, params[0]).type;
  const call = `${body}(${params.length === 0 ? "" : ["ctx", ...values].join(", ")})`;
  const result = fn.returnsVoid
    ? `${call}; return 0;`
    : /^(unsigned )?(char|short|int|long|long long)( int)?$|^[us](8|16|32|64)$|^bool$/.test(fn.returnType)
      ? `return ${call};`
      : `return (long)${call};`;
  const head = tokens[fn.headToken]!;
  edits.insert(
    head.start,
    `${declaration(body)}; SEC("${section}") int ${fn.name}(${contextType} ctx) { ${result} } static __always_inline `,
  );
  edits.replace(nameToken.start, nameToken.end, body);
}

/**
 * The type of the lowest byte of a register, which alone holds a bool: the others may hold anything, and a conversion to bool would look at all. Source: System
 * V ABI, AMD64 supplement, 3.2.3
 */
const booleanByte = "unsigned char";

/** The word `bool` of a parameter that is one and no pointer. */
function findBoolean({ tokens }: Pass, { from, to }: TokenRange): Token | undefined {
  const words = tokens.slice(from, to);
  if (words.length < 2 || words.some(({ kind }) => kind !== "word")) return undefined;
  return words.find(({ text }) => text === "bool" || text === "_Bool");
}

/** A parameter as it stands, but a bool with the type of its byte. */
function readNarrowed(pass: Pass, param: TokenRange): string {
  const text = readRange(pass.text, pass.tokens, param);
  const found = findBoolean(pass, param);
  if (found === undefined) return text;
  const start = pass.tokens[param.from]!.start;
  return text.slice(0, found.start - start) + booleanByte + text.slice(found.end - start);
}

/** Splits a parameter into its name and the type that is left without it. */
function readParam(pass: Pass, param: TokenRange): { name?: string; type: string } {
  const { tokens, text } = pass;
  let at = -1;
  let depth = 0;
  for (let i = param.from; i < param.to; i++) {
    const token = tokens[i]!;
    if (token.text === "[") depth++;
    if (token.text === "]") depth--;
    // In `int (*fn)(int)` the name stands in the first parentheses.
    if (token.text === ")" && at >= 0 && tokens[at - 1]?.text === "*") break;
    if (token.kind === "word" && depth === 0 && tokens[i + 1]?.text !== "(") at = i;
  }
  const words = tokens.slice(param.from, param.to).filter((token) => token.kind === "word");
  if (at < 0 || (words.length < 2 && !tokens.slice(param.from, at).some((token) => token.text === "*")))
    return { type: readRange(text, tokens, param) };
  const name = tokens[at]!;
  const type = `${text.slice(tokens[param.from]!.start, name.start)}${text.slice(name.end, tokens[param.to - 1]!.end)}`
    .replace(/\s+/g, " ")
    .trim();
  // An array parameter is a pointer.
  return { name: name.text, type: type.replace(/\[[^\]]*\]$/, "*") };
}

function isUsed(pass: Pass, fn: CFunction, name: string): boolean {
  const end = fn.bodyEnd ?? Infinity;
  for (let i = fn.bodyToken; i < pass.tokens.length && pass.tokens[i]!.start < end; i++)
    if (pass.tokens[i]!.text === name) return true;
  // A macro of the user's may name the parameter in its own body.
  return pass.tokens.some((token) => token.inDirective && token.text === name);
}

/** Makes a helper function always inline, as BCC does; one that the user wants outlined stays so. */
function inlineHelper(pass: Pass, fn: CFunction): void {
  if (fn.isNoinline || fn.section !== undefined) return;
  const head = pass.tokens[fn.headToken]!;
  pass.edits.insert(
    head.start,
    fn.isStatic ? "__attribute__((always_inline)) " : "static __attribute__((always_inline)) ",
  );
}

/** Names that stand before a `(` inside of a body or of a macro: functions that are called. */
function findCalledNames(pass: Pass, functions: readonly CFunction[]): Set<string> {
  const names = new Set(functions.filter((fn) => fn.isProgram).map((fn) => fn.name));
  const heads = new Set(functions.map((fn) => fn.nameToken));
  const called = new Set<string>();
  let depth = 0;
  for (let i = 0; i + 1 < pass.tokens.length; i++) {
    const token = pass.tokens[i]!;
    if (!token.inDirective && token.text === "{") depth++;
    if (!token.inDirective && token.text === "}") depth--;
    if (
      token.kind === "word" &&
      names.has(token.text) &&
      !heads.has(i) &&
      pass.tokens[i + 1]!.text === "(" &&
      (depth > 0 || token.inDirective)
    )
      called.add(token.text);
  }
  return called;
}

/** The kernel's bare `noinline`: as a macro it would break `__attribute__((noinline))`. */
function spellNoinline(pass: Pass): void {
  pass.tokens.forEach((token, index) => {
    const before = pass.tokens[index - 1]?.text;
    if (token.text === "noinline" && before !== "(" && before !== "," && before !== "define")
      pass.edits.replace(token.start, token.end, "__noinline");
  });
}

/** A parameter of type `struct tracepoint__cat__event *` needs that struct. */
function noteTracepointParams(pass: Pass, fn: CFunction, findings: ProgramFindings): void {
  for (let i = fn.open; i < fn.close; i++) {
    const match = /^tracepoint__(\w+)__(\w+?)$/.exec(pass.tokens[i]!.text);
    if (match !== null && pass.tokens[i - 1]?.text === "struct") findings.tracepoints.push(splitTracepoint(match[0]));
  }
}

function splitTracepoint(name: string): { category: string; event: string } {
  const rest = name.slice("tracepoint__".length);
  const at = rest.lastIndexOf("__");
  return { category: rest.slice(0, at), event: rest.slice(at + 2) };
}
