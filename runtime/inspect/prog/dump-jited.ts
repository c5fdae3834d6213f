import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { arch, tmpdir } from "node:os";
import { join } from "node:path";
import { ToolchainError } from "../../base/errors.ts";
import { runConfined } from "../../confine/confine.ts";
import { describeInstalled } from "../../confine/installed-program.ts";
import type { ProgramCode } from "../../kernel/live/program-info.ts";
import type { LiveObjects } from "../objects/live-objects.ts";
import { openLineRenderer } from "./program-lines.ts";
import type { ProgramSource, SourceLine } from "./program-lines.ts";

/** A function of a program in machine code. */
export interface JitedFunction {
  readonly name: string;
  readonly address: bigint;
  readonly rows: readonly JitedRow[];
}

/** An instruction, or a few bytes where there is no disassembler. */
export interface JitedRow {
  /** Units: bytes from the function's start. */
  readonly at: number;
  readonly text: string;
  readonly source?: SourceLine;
}

/** The disassembler of binutils, which the compiler of the addon needs anyway. */
const disassembler = "/usr/bin/objdump";
const machines: Readonly<Record<string, string>> = { x64: "i386:x86-64", arm64: "aarch64" };

/** Whether machine code can be shown as instructions here. */
export function haveDisassembler(): boolean {
  return existsSync(disassembler) && machines[arch()] !== undefined;
}

/** Disassembles the machine code of a program, or splits it into bytes where there is no disassembler. @throws ToolchainError */
export function dumpJited(objects: LiveObjects, code: ProgramCode, source: ProgramSource): readonly JitedFunction[] {
  const functions = source.functions.filter(({ size }) => size > 0);
  // A kernel that hides addresses tells one size alone.
  const parts = functions.length > 0 ? functions : [{ ...source.functions[0]!, size: code.jited.length }];
  let start = 0;
  return parts.map(({ name, address, size }) => {
    const bytes = code.jited.subarray(start, start + size);
    start += size;
    const rows = haveDisassembler() ? disassembleMachine(objects, bytes, address) : splitBytes(bytes);
    const lines = new Map(code.lines.map((line) => [line.address, line]));
    return {
      name,
      address,
      rows: rows.map((row) => {
        const line = address === 0n ? undefined : lines.get(address + BigInt(row.at));
        const text = line && source.find(line);
        return text === undefined ? row : { ...row, source: text };
      }),
    };
  });
}

function splitBytes(bytes: Uint8Array): readonly JitedRow[] {
  return Array.from({ length: Math.ceil(bytes.length / 16) }, (_, index) => ({
    at: index * 16,
    text: Buffer.from(bytes.subarray(index * 16, index * 16 + 16))
      .toString("hex")
      .replace(/..(?!$)/g, "$& "),
  }));
}

function disassembleMachine(objects: LiveObjects, bytes: Uint8Array, address: bigint): readonly JitedRow[] {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "bpfts-jited-")));
  try {
    const file = join(folder, "code");
    writeFileSync(file, bytes);
    const { status, stdout, stderr } = runConfined({
      argv: [
        disassembler,
        ...["-D", "-z", "-b", "binary", "-m", machines[arch()]!, "--no-show-raw-insn"],
        `--adjust-vma=0x${address.toString(16)}`,
        file,
      ],
      ...describeInstalled(disassembler),
      readable: [folder],
      readsPrivate: true,
      limits: { cpuSeconds: 20, seconds: 60 },
    });
    if (status !== 0)
      throw new ToolchainError(`${disassembler} cannot read the machine code: ${stderr.toString("utf8").trim()}`);
    return parseListing(objects, stdout.toString("utf8"), address);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lines such as `ffffffffc0001004:	call   0xffffffff81234567`. */
function parseListing(objects: LiveObjects, listing: string, start: bigint): readonly JitedRow[] {
  return [...listing.matchAll(/^\s*([0-9a-f]+):\t(.*)$/gm)].map(([, place, text]) => ({
    at: Number(BigInt(`0x${place}`) - start),
    text: text!.trim().replace(/^((?:call|jmp|bl|b)\w*\s+)(0x[0-9a-f]{12,})$/, (all, word: string, target: string) => {
      const name = objects.nameAddress(BigInt(target));
      return name.startsWith("0x") ? all : `${word}${target} <${name}>`;
    }),
  }));
}

/** Renders functions one after another, with the lines that their instructions come from. */
export function renderJited(functions: readonly JitedFunction[]): string {
  return functions
    .map(({ name, address, rows }) => {
      const renderLine = openLineRenderer();
      const width = (rows.at(-1)?.at ?? 0).toString(16).length;
      const lines = rows.flatMap(({ at, text, source }) => [
        ...renderLine(source),
        `  ${at.toString(16).padStart(width)}: ${text}`,
      ]);
      return `${[`${name}:${address === 0n ? "" : ` 0x${address.toString(16)}`}`, ...lines].join("\n")}\n`;
    })
    .join("\n");
}
