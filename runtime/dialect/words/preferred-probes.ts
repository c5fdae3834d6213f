import { locateInPlace, makePlaceRuns } from "../../base/text-place.ts";
import { openPass } from "../text/pass.ts";
import type { Pass } from "../text/pass.ts";
import { findFunctions } from "../text/functions.ts";
import type { CFunction } from "../text/functions.ts";
import { readRange } from "../text/lexer.ts";
import { findOrigin } from "../text/origins.ts";
import type { CSource } from "../text/unit.ts";

/** How functions of the kernel are to be probed where both ways can do it. */
export type ProbePreference = "fentry" | "kprobe";

/** A probe that stays as it is written, and why. */
export interface KeptProbe {
  readonly name: string;
  readonly reason: string;
}

/** A text whose probes sit on the kernel's functions in the preferred way. */
export interface PreferredText {
  readonly source: CSource;
  readonly kept: readonly KeptProbe[];
}

/** What becomes of one function; a text is why it stays. */
type Change = ((pass: Pass) => void) | string;

/** Whether the preferred way can have a function of the kernel's; a text says why not. */
type RefuseTarget = (target: string) => string | undefined;

/**
 * Rewrites the probes of a text whose names or sections say where they sit: a kprobe becomes fentry with its arguments in the places of the registers,
 * and the other way round. What one way has and the other has not (registers, arguments at the return) keeps a probe as it is.
 */
export function preferProbes(source: CSource, preference: ProbePreference, refuse: RefuseTarget): PreferredText {
  const pass = openPass(source, source.text, [], []);
  const kept: KeptProbe[] = [];
  const forms = preference === "fentry" ? kprobeForms : fentryForms;
  for (const fn of findFunctions(pass.tokens)) {
    const found = forms.map((read) => read(pass, fn)).find((form) => form !== undefined);
    if (found === undefined) continue;
    const change =
      refuse(found.target) ??
      (isSyscall(found.target) ? "it is a system call, whose arguments lie elsewhere" : found.change);
    if (typeof change === "string") kept.push({ name: found.name, reason: change });
    else change(pass);
  }
  if (pass.edits.isEmpty) return { source, kept };
  const { text, origins } = pass.edits.apply();
  const { place } = source;
  if (place === undefined) return { source: { ...source, text }, kept };
  const end = text.length;
  const runs = makePlaceRuns(place.file, end, (offset) => locateInPlace(place, findOrigin(origins, offset)));
  return { source: { ...source, text, place: { file: place.file, runs, end } }, kept };
}

/** The entries of system calls have one argument, the registers of the process. Source: CONFIG_ARCH_HAS_SYSCALL_WRAPPER */
function isSyscall(target: string): boolean {
  return /^(?:__\w+_)?sys_/.test(target);
}

interface ProbeForm {
  readonly name: string;
  readonly target: string;
  readonly change: Change;
}

type ReadForm = (pass: Pass, fn: CFunction) => ProbeForm | undefined;

const kprobeForms: readonly ReadForm[] = [
  (pass, fn) => {
    const target = /^kprobe__(\w+)$/.exec(fn.name)?.[1];
    if (target === undefined || fn.section !== undefined) return undefined;
    const [context = "", ...parameters] = listParameters(pass, fn);
    const change = changeContext(pass, fn, context, (edit) => {
      replaceHead(edit, fn, `KFUNC_PROBE(${[target, ...parameters].join(", ")})`);
    });
    return { name: fn.name, target, change: fn.returnType === "int" ? change : "it does not return int" };
  },
  (pass, fn) => {
    const target = /^kretprobe__(\w+)$/.exec(fn.name)?.[1];
    if (target === undefined || fn.section !== undefined) return undefined;
    const [context = "", ...others] = listParameters(pass, fn);
    const change = changeContext(pass, fn, context, (edit) => {
      replaceHead(edit, fn, `int kretfunc__vmlinux__${target}(unsigned long long *ctx)`);
    });
    const stays = others.length > 0 ? "it takes more than a context" : undefined;
    return { name: fn.name, target, change: stays ?? (fn.returnType === "int" ? change : "it does not return int") };
  },
  (pass, fn) => {
    const target = /^\??kprobe\/(\w+)$/.exec(fn.section ?? "")?.[1];
    const [name = fn.name, ...parameters] = listParameters(pass, fn);
    if (target === undefined) return undefined;
    if (fn.name !== "BPF_KPROBE") return { name: fn.name, target, change: "it is not written with BPF_KPROBE" };
    const change = changeContext(pass, fn, "struct pt_regs *ctx", (edit) => {
      const head = `SEC("fentry/${target}") int BPF_PROG(${[name, ...parameters].join(", ")})`;
      replaceHead(edit, fn, head);
    });
    return { name, target, change };
  },
];

const fentryForms: readonly ReadForm[] = [
  (pass, fn) => {
    if (fn.name !== "KFUNC_PROBE") return undefined;
    const [target = "", ...parameters] = listParameters(pass, fn);
    const change = keepContext(pass, fn, (edit) => {
      replaceHead(edit, fn, `int kprobe__${target}(${["struct pt_regs *ctx", ...parameters].join(", ")})`);
    });
    return { name: `KFUNC_PROBE(${target})`, target, change };
  },
  (pass, fn) => {
    if (fn.name !== "KRETFUNC_PROBE") return undefined;
    const [target = "", ...parameters] = listParameters(pass, fn);
    const result = /^(.*?)\b(\w+)$/s.exec(parameters.at(-1) ?? "");
    const others = parameters.slice(0, -1).map((parameter) => /(\w+)\W*$/.exec(parameter)?.[1] ?? "");
    const name = `KRETFUNC_PROBE(${target})`;
    if (result === null) return { name, target, change: "its result has no name" };
    if (others.some((other) => listUses(pass, fn, other).length > 0))
      return { name, target, change: "it reads arguments, which a kretprobe does not have any more" };
    const body = `bpfts_return_of_${target}`;
    const change = keepContext(pass, fn, (edit) => {
      const head = `static inline int ${body}(struct pt_regs *ctx, ${result[0]})`;
      replaceHead(
        edit,
        fn,
        `${head}; int kretprobe__${target}(struct pt_regs *ctx) { return ${body}(ctx, (${result[1]})PT_REGS_RC(ctx)); } ${head}`,
      );
    });
    return { name, target, change };
  },
  (pass, fn) => {
    const target = /^\??fentry\/(\w+)$/.exec(fn.section ?? "")?.[1];
    if (target === undefined || fn.name !== "BPF_PROG") return undefined;
    const [name = "", ...parameters] = listParameters(pass, fn);
    const change = keepContext(pass, fn, (edit) => {
      replaceHead(edit, fn, `SEC("kprobe/${target}") int BPF_KPROBE(${[name, ...parameters].join(", ")})`);
    });
    return { name, target, change };
  },
];

function listParameters(pass: Pass, fn: CFunction): string[] {
  return fn.params.map((parameter) => readRange(pass.text, pass.tokens, parameter).replace(/\s+/g, " "));
}

function replaceHead({ edits, tokens }: Pass, fn: CFunction, head: string): void {
  edits.replace(tokens[fn.headToken]!.start, tokens[fn.close]!.end, head);
}

/** The places of a word in a function's body. */
function listUses({ tokens }: Pass, fn: CFunction, word: string): number[] {
  const end = fn.bodyEnd ?? Infinity;
  const found: number[] = [];
  for (let at = fn.bodyToken; at < tokens.length && tokens[at]!.start < end; at++)
    if (tokens[at]!.text === word) found.push(at);
  return found;
}

/** fentry has the arguments, the result, and the context that helpers take; nothing else of the registers. */
function changeContext(pass: Pass, fn: CFunction, context: string, change: (pass: Pass) => void): Change {
  const name = /^struct pt_regs\s*\*\s*(\w+)$/.exec(context)?.[1];
  if (name === undefined) return "its context is no struct pt_regs *";
  const changes: ((edit: Pass) => void)[] = [];
  for (const at of listUses(pass, fn, name)) {
    const { text, start, end } = pass.tokens[at]!;
    const [before, open, after] = [pass.tokens[at - 2], pass.tokens[at - 1], pass.tokens[at + 1]];
    const isCall = open?.text === "(" && after?.text === ")";
    const value = isCall ? renderRegister(before!.text) : undefined;
    if (value !== undefined) changes.push(({ edits }) => edits.replace(before!.start, after!.end, value));
    else if (/^PT_REGS_/.test(before?.text ?? "") || open?.text === "*" || /^(?:->|\.|\[)$/.test(after?.text ?? ""))
      return `it reads registers that fentry does not have (line ${countLine(pass, start)})`;
    else if (text !== "ctx") changes.push(({ edits }) => edits.replace(start, end, "ctx"));
  }
  return (edit) => {
    change(edit);
    for (const each of changes) each(edit);
  };
}

function renderRegister(macro: string): string | undefined {
  const parameter = /^PT_REGS_PARM([1-6])(?:_CORE)?$/.exec(macro)?.[1];
  if (parameter !== undefined) return `(ctx[${Number(parameter) - 1}])`;
  if (/^PT_REGS_(?:RC|RET)(?:_CORE)?$/.test(macro))
    return "({ unsigned long long bpfts_result = 0; bpf_get_func_ret(ctx, &bpfts_result); bpfts_result; })";
  return macro === "PT_REGS_IP" ? "bpf_get_func_ip(ctx)" : undefined;
}

function keepContext(pass: Pass, fn: CFunction, change: (pass: Pass) => void): Change {
  const indexed = listUses(pass, fn, "ctx").find((at) => pass.tokens[at + 1]?.text === "[");
  return indexed === undefined
    ? change
    : `it reads its context itself (line ${countLine(pass, pass.tokens[indexed]!.start)})`;
}

function countLine({ text }: Pass, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}
