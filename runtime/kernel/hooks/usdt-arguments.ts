import type { Machine } from "../machine/machine.ts";

/** Where one argument of a USDT probe is found when the probe is hit. */
export type UsdtOperand =
  | { readonly kind: "constant"; readonly value: bigint }
  /** Units: bytes from the start of `struct pt_regs`. */
  | { readonly kind: "register"; readonly register: number }
  /** The address is `base + (index << shift) + offset`; either register may be absent. Of a thread, it counts from the thread's own address. */
  | {
      readonly kind: "memory" | "thread";
      readonly offset: bigint;
      readonly base?: number;
      readonly index?: number;
      readonly shift: number;
    }
  | { readonly kind: "unreadable"; readonly reason: string };

/** One argument of a probe. */
export interface UsdtArgument {
  /** As the binary has it: `-4@%edi`. */
  readonly text: string;
  /** Units: bytes. */
  readonly size: number;
  readonly signed: boolean;
  readonly operand: UsdtOperand;
}

const argument = /(?:^|\s)((-?\d+)(f?)@(\[[^\]]*\]|\S+))/g;

/** Parses a probe's arguments. Source: SystemTap's note format, version 3; operands are in the assembler's own words. */
export function parseUsdtArguments(text: string, arch: Machine["arch"]): UsdtArgument[] {
  return [...text.matchAll(argument)].map((match) => {
    const size = Number(match[2]);
    const operand = match[3] === "f" && !/[([]/.test(match[4]!) ? floating : operandParsers[arch](match[4]!);
    return { text: match[1]!, size: Math.abs(size), signed: size < 0, operand };
  });
}

const symbolic = /(@)(%fs:)?(?:(-?\d+)\+)?([A-Za-z_.][\w.$]*)(@tpoff)?([+-]\d+)?(\([^)]*\))?(?=\s|$)/g;

/** Where the variables of a binary lie. Units: bytes. */
export interface UsdtVariables {
  /** From the probe to the variable, wherever the binary was loaded. */
  findDistance(symbol: string): number | undefined;
  /** Where the binary is always loaded at the same place. */
  findAddress(symbol: string): number | undefined;
  /** From a thread's own address to the variable that the thread has its own of. */
  findThreadOffset(symbol: string): number | undefined;
}

/**
 * Writes operands at a variable with a number in its place: `-4@counter(%rip)` by how far the variable lies from the probe, which is hit where its note says
 * wherever the binary was loaded; `-4@table(,%rax,4)` of a program at a fixed address; `-4@%fs:own@tpoff` of a thread. What is not found stays as it is. x86 only: arm64
 * has no such operands.
 */
export function settleUsdtSymbols(text: string, variables: UsdtVariables): string {
  return text.replace(
    symbolic,
    (
      whole: string,
      at: string,
      thread: string | undefined,
      before: string | undefined,
      symbol: string,
      ofThread: string | undefined,
      after: string | undefined,
      registers: string | undefined,
    ) => {
      const further = Number(before ?? 0) + Number(after ?? 0);
      const write = (place: number | undefined, prefix: string, suffix: string): string =>
        place === undefined ? whole : `${at}${prefix}${place + further}${suffix}`;
      if (thread !== undefined)
        return ofThread === undefined ? whole : write(variables.findThreadOffset(symbol), thread, registers ?? "");
      if (registers === undefined || registers === "(%rip)") return write(variables.findDistance(symbol), "", "(%rip)");
      return write(variables.findAddress(symbol), "", registers);
    },
  );
}

/** A probe's arguments one by one, in the assembler's words. */
export function splitUsdtArguments(text: string): string[] {
  return [...text.matchAll(argument)].map((match) => match[1]!);
}

const refuse = (reason: string): UsdtOperand => ({ kind: "unreadable", reason });
const unknown = refuse("its form is not known");
const floating = refuse("it is in a floating-point register, which the kernel shows to no eBPF program");

const operandParsers: Readonly<Record<Machine["arch"], (text: string) => UsdtOperand>> = {
  x86: parseX86Operand,
  arm64: parseArm64Operand,
};

/** Source: struct pt_regs of arch/x86/include/asm/ptrace.h; each with the names of its parts. */
const x86Registers = new Map(
  [
    "r15",
    "r14",
    "r13",
    "r12",
    "bp",
    "bx",
    "r11",
    "r10",
    "r9",
    "r8",
    "ax",
    "cx",
    "dx",
    "si",
    "di",
    "orig_ax",
    "ip",
    "cs",
    "flags",
    "sp",
  ].flatMap((name, index) => listX86Names(name).map((word) => [word, index * 8] as const)),
);

function listX86Names(name: string): string[] {
  if (/^r\d/.test(name)) return [name, `${name}d`, `${name}w`, `${name}b`];
  if (/^[abcd]x$/.test(name)) return [`r${name}`, `e${name}`, name, `${name[0]}l`];
  if (/^(?:bp|si|di|sp)$/.test(name)) return [`r${name}`, `e${name}`, name, `${name}l`];
  if (name === "ip") return ["rip"];
  return [];
}

/** `ah` and its like lie one byte into their register. */
function findHighByte(name: string): number | undefined {
  const register = /^[abcd]h$/.test(name) ? x86Registers.get(`${name[0]}x`) : undefined;
  return register === undefined ? undefined : register + 1;
}

/** `$5`, `%edi`, `%ah`, `-24(%rbp)`, `8(%rdx,%rax,4)`, `(,%rax,8)`, `%fs:-8`, `%fs:(%rax)`. */
function parseX86Operand(text: string): UsdtOperand {
  const constant = /^\$(-?(?:0x[0-9a-f]+|\d+))$/i.exec(text);
  if (constant !== null) return { kind: "constant", value: parseNumber(constant[1]!) };
  const register = /^%(\w+)$/.exec(text);
  if (register !== null)
    return /^(?:[xyz]mm|st|mm)/.test(register[1]!)
      ? floating
      : describeRegister(x86Registers.get(register[1]!) ?? findHighByte(register[1]!));
  const memory = /^(%fs:)?(-?(?:0x[0-9a-f]+|\d+))?(\((?:%(\w+))?(?:,%(\w+)(?:,([1248]))?)?\))?$/i.exec(text);
  if (memory === null)
    return /[A-Za-z_][\w.$]*(?:@tpoff)?(?:[+-]\d+)?(?:\(|$)/.test(text.replace(/%\w+:?/g, ""))
      ? refuse("it is a variable that the binary does not name")
      : unknown;
  const [, thread, offset, registers, base, index, scale] = memory;
  if (thread === undefined && registers === undefined) return unknown;
  return describeMemory(
    thread === undefined ? "memory" : "thread",
    parseNumber(offset ?? "0"),
    [base, index],
    Math.log2(Number(scale ?? 1)),
    x86Registers,
  );
}

/** Source: struct user_pt_regs of arch/arm64/include/uapi/asm/ptrace.h. */
const arm64Registers = new Map<string, number>([
  ...Array.from({ length: 31 }, (_, index) => [
    [`x${index}`, index * 8] as const,
    [`w${index}`, index * 8] as const,
  ]).flat(),
  ["sp", 31 * 8],
]);

/** `5`, `x0`, `w1`, `[sp, 16]`, `[x1, x2, lsl 3]`. */
function parseArm64Operand(text: string): UsdtOperand {
  if (/^#?-?\d+$/.test(text)) return { kind: "constant", value: parseNumber(text.replace("#", "")) };
  if (/^\w+$/.test(text)) return describeRegister(arm64Registers.get(text));
  const memory = /^\[(\w+)(?:,\s*#?(-?\d+)|,\s*(x\d+)(?:,\s*lsl\s*#?([0-3]))?)?\]$/.exec(text);
  if (memory === null) return unknown;
  const [, base, offset, index, shift] = memory;
  return describeMemory("memory", parseNumber(offset ?? "0"), [base, index], Number(shift ?? 0), arm64Registers);
}

function describeRegister(register: number | undefined): UsdtOperand {
  return register === undefined ? unknown : { kind: "register", register };
}

function describeMemory(
  kind: "memory" | "thread",
  offset: bigint,
  names: readonly (string | undefined)[],
  shift: number,
  registers: ReadonlyMap<string, number>,
): UsdtOperand {
  const [base, index] = names.map((name) => (name === undefined ? undefined : registers.get(name)));
  if (names.some((name) => name !== undefined && !registers.has(name))) return unknown;
  return { kind, offset, shift, ...(base !== undefined && { base }), ...(index !== undefined && { index }) };
}

function parseNumber(text: string): bigint {
  return text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
}
