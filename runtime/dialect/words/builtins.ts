import type { DialectEnv } from "../text/env.ts";
import type { CFunction } from "../text/functions.ts";
import { findClosing, readRange, splitAtCommas } from "../text/lexer.ts";
import { makeDialectError } from "../text/pass.ts";
import type { Pass } from "../text/pass.ts";

/** What the builtins in a text need before it. */
export interface BuiltinFindings {
  usesUsdt: boolean;
  /** libbpf's own words for USDT. */
  usesLibbpfUsdt: boolean;
  /** Which arguments of its probe each function reads, as far as its text has their numbers. */
  readonly usdtArguments: Map<string, Set<number>>;
}

/** Calls that BCC's rewriter knows besides map methods. */
export interface BuiltinWord {
  readonly name: string;
  readonly macro: string;
  readonly args: number | readonly [number, number];
  /** Whether the function's first parameter is handed on as the packet. */
  readonly packet?: true;
  readonly usdt?: true;
  readonly doc: string;
}

export const builtinWords: readonly BuiltinWord[] = [
  {
    name: "bpf_usdt_readarg",
    macro: "bpfts_usdt_readarg",
    args: 3,
    usdt: true,
    doc: "bpf_usdt_readarg(n, ctx, &value): the n-th argument of a USDT probe, from 1",
  },
  {
    name: "bpf_usdt_readarg_p",
    macro: "bpfts_usdt_readarg_p",
    args: 4,
    usdt: true,
    doc: "bpf_usdt_readarg_p(n, ctx, buffer, size): what the n-th argument points to",
  },
  {
    name: "incr_cksum_l3",
    macro: "bpfts_incr_cksum_l3",
    args: 3,
    packet: true,
    doc: "incr_cksum_l3(offset, old, new): corrects an IP checksum",
  },
  {
    name: "incr_cksum_l4",
    macro: "bpfts_incr_cksum_l4",
    args: 4,
    packet: true,
    doc: "incr_cksum_l4(offset, old, new, is_pseudo): corrects a TCP or UDP checksum",
  },
];

const wordsByName = new Map(builtinWords.map((word) => [word.name, word]));

/** Replaces the builtins by the macros of `bpf-headers/`, and `bpf_num_cpus()` by a number. */
export function rewriteBuiltins(pass: Pass, functions: readonly CFunction[], env: DialectEnv): BuiltinFindings {
  const { tokens, edits } = pass;
  const findings: BuiltinFindings = { usesUsdt: false, usesLibbpfUsdt: false, usdtArguments: new Map() };
  for (let i = 0; i + 1 < tokens.length; i++) {
    const token = tokens[i]!;
    if (token.kind !== "word") continue;
    if (token.text.startsWith("bpf_usdt_arg") || token.text === "BPF_USDT") findings.usesLibbpfUsdt = true;
    if (tokens[i + 1]!.text !== "(" || tokens[i - 1]?.text === "define") continue;
    if (token.text === "bpf_num_cpus" && tokens[i + 2]?.text === ")") {
      edits.replace(token.start, tokens[i + 2]!.end, String(env.onlineCpus));
      continue;
    }
    const word = wordsByName.get(token.text);
    if (word === undefined) continue;
    const close = findClosing(tokens, i + 1);
    const args = close === undefined ? [] : splitAtCommas(tokens, i + 1, close);
    if (args.length !== word.args && !token.inDirective)
      throw makeDialectError(
        pass,
        token.start,
        `"${word.name}" takes ${word.args} arguments, found ${args.length}`,
        word.doc,
      );
    if (word.usdt) {
      findings.usesUsdt = true;
      noteUsdtArgument(findings, findFunctionAround(functions, token.start)?.name, Number(tokens[i + 2]!.text));
    }
    edits.replace(token.start, token.end, word.macro);
    if (word.packet) edits.insert(tokens[i + 1]!.end, `${readFirstParameter(pass, functions, token.start) ?? "skb"}, `);
  }
  return findings;
}

function noteUsdtArgument({ usdtArguments }: BuiltinFindings, name: string | undefined, number: number): void {
  if (name === undefined || !Number.isInteger(number)) return;
  usdtArguments.set(name, (usdtArguments.get(name) ?? new Set()).add(number));
}

function findFunctionAround(functions: readonly CFunction[], offset: number): CFunction | undefined {
  return functions.find((candidate) => candidate.bodyStart < offset && offset < (candidate.bodyEnd ?? Infinity));
}

/** The name of the first parameter of the function that an index lies in. */
function readFirstParameter(pass: Pass, functions: readonly CFunction[], offset: number): string | undefined {
  const first = findFunctionAround(functions, offset)?.params[0];
  return first === undefined ? undefined : /(\w+)\s*$/.exec(readRange(pass.text, pass.tokens, first))?.[1];
}
