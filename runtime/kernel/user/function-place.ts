import { AttachError } from "../../base/errors.ts";
import { findSimilar } from "../../base/similar.ts";
import type { Binary } from "./binary.ts";
import { matchDemangled } from "./demangled-name.ts";
import { requireProcess } from "./require-process.ts";
import { findBinaryFile, listLibraryNames } from "./find-library.ts";
import type { FoundFile } from "./find-library.ts";
import type { KernelPort } from "../door/port.ts";
import type { BinarySymbol } from "./symbol-table.ts";
import type { UserSpace } from "./user-space.ts";
import type { NamePattern } from "../../base/name-pattern.ts";

/** A binary whose functions are asked for by name. */
export interface NamedBinary extends FoundFile {
  readonly binary: Binary;
}

/** A place in a binary's code. */
export interface FunctionPlace {
  readonly name: string;
  /** Units: bytes from the start of the file. */
  readonly offset: number;
}

/**
 * Finds a program or library as scripts name it. `pid` is 0, or the process in whose view it is looked for.
 *
 * @throws AttachError when there is none, or when it is no ELF file
 */
export function requireBinary(userSpace: UserSpace, action: string, name: string, pid: number): NamedBinary {
  if (pid > 0) requireProcess(action, pid);
  const found = findBinaryFile(name, pid);
  if (found === undefined) {
    const inside = pid > 0 ? ` in the view of process ${pid}` : "";
    if (name.includes("/"))
      throw new AttachError(`${action}: there is no file "${name}"${inside}`, { reason: "no_such_place" });
    const similar = findSimilar(name.replace(/^lib|\.so.*$/g, ""), listLibraryNames());
    throw new AttachError(`${action}: no library or program is called "${name}"${inside}`, {
      reason: "no_such_place",
      hint:
        similar === undefined
          ? 'give a library\'s short name ("c"), a command of PATH, or a path'
          : `did you mean "${similar}"?`,
    });
  }
  const root = pid > 0 ? [`/proc/${pid}/root`, ""] : [""];
  const binary = userSpace.binaries.find(found.open, found.path, root);
  if (binary === undefined)
    throw new AttachError(`${action}: "${found.path}" is no ELF binary`, {
      reason: "not_traceable",
      hint: "a script runs in its interpreter: name that one",
    });
  return { ...found, binary };
}

/**
 * Finds a function by its name in the binary, or by its C++ or Rust name without parameters. A name may stand for several: static functions of several
 * files, overloads, copies that the compiler made for some callers. Then all of them are meant.
 *
 * @throws AttachError when there is none, for an offset into several, and for one past the function's end
 */
export function requireNamedPlaces(
  port: KernelPort,
  { binary, path }: NamedBinary,
  action: string,
  sym: string,
  symOff: number,
): FunctionPlace[] {
  const named = binary.symbols.findByName(sym);
  const symbols = named.length > 0 ? named : listDemangled(port, binary, sym);
  if (symbols.length === 0) throw describeMissing(port, binary, path, action, sym);
  const direct = symbols.filter(({ indirect }) => !indirect);
  if (direct.length === 0) {
    throw new AttachError(
      `${action}: "${sym}" is an indirect function of "${path}": its code only picks the one that is called`,
      {
        reason: "not_traceable",
        hint: "attach to the one that this CPU uses, by its own name where the binary has it (sym_re), or to a caller",
      },
    );
  }
  if (direct.length > 1 && symOff !== 0) {
    const list = direct.map(({ name, start }) => `${port.demangle(name)} at 0x${start.toString(16)}`);
    throw new AttachError(
      `${action}: "${sym}" stands for ${direct.length} functions of "${path}", which sym_off cannot tell apart`,
      {
        reason: "ambiguous",
        hint: `give the place with addr; the functions are: ${list.join(", ")}`,
      },
    );
  }
  return direct.map(({ name, start, end }) => {
    if (symOff > 0 && end > start && start + symOff >= end)
      throw new AttachError(`${action}: "${sym}" of "${path}" has ${end - start} bytes, and sym_off is ${symOff}`, {
        reason: "no_such_place",
        hint: "count from the function's start to the start of an instruction, as objdump -d prints them",
      });
    return placeSymbol(binary, path, action, name, start + symOff);
  });
}

/**
 * Finds every function whose name a pattern fits, each address once. Parts of functions and labels are left out: a probe writes over what it sits on.
 *
 * @throws AttachError when there is none
 */
export function requireFunctionPlaces(
  { binary, path }: NamedBinary,
  action: string,
  pattern: NamePattern,
): FunctionPlace[] {
  const places = new Map<number, FunctionPlace>();
  for (const symbol of binary.symbols.list()) {
    if (
      symbol.indirect ||
      symbol.isLabel ||
      isPart(symbol.name) ||
      places.has(symbol.start) ||
      !pattern.test(symbol.name)
    )
      continue;
    const offset = binary.findOffset(symbol.start);
    if (offset !== undefined) places.set(symbol.start, { name: symbol.name, offset });
  }
  if (places.size === 0)
    throw new AttachError(`${action}: no function of "${path}" fits the pattern`, {
      reason: "no_such_place",
      hint: "names are compared from their start, as the binary has them: list them with BPF.get_user_functions",
    });
  return [...places.values()];
}

/**
 * Whether a name is of a part of a function that compilers moved away. Nobody calls `.cold`: it is jumped to, and what lies on the stack is no place to
 * return to. `.part.0` is called by the function that it is a part of.
 */
export function isPart(name: string): boolean {
  return /\.(?:cold|part\.\d+)(?:\.|$)/.test(name);
}

/** Finds the place of an address, given in the binary's own numbering. @throws AttachError */
export function requireAddressPlace({ binary, path }: NamedBinary, action: string, address: number): FunctionPlace {
  return placeSymbol(binary, path, action, `0x${address.toString(16)}`, address);
}

/** Functions whose names a pattern fits, with their addresses in the binary's own numbering. Aliases are listed each. */
export function listUserFunctions(
  { binary }: NamedBinary,
  pattern: NamePattern,
): { readonly name: string; readonly address: number }[] {
  return [...binary.symbols.list()]
    .filter(({ name }) => pattern.test(name))
    .map(({ name, start }) => ({ name, address: start }));
}

function placeSymbol(binary: Binary, path: string, action: string, name: string, address: number): FunctionPlace {
  const offset = binary.findOffset(address);
  if (offset === undefined)
    throw new AttachError(`${action}: the address 0x${address.toString(16)} is not in the code of "${path}"`, {
      reason: "no_such_place",
      hint: "addresses are those of its symbol table, as nm prints them",
    });
  return { name, offset };
}

/** C++ or Rust functions by the name that people write, with or without the parameters. Each address once. */
function listDemangled(port: KernelPort, binary: Binary, wanted: string): BinarySymbol[] {
  const fits = matchDemangled(wanted);
  const places = new Map<number, BinarySymbol>();
  for (const symbol of binary.symbols.list()) {
    if (!/^_[ZR]/.test(symbol.name) || isPart(symbol.name) || !fits.maybe(symbol.name)) continue;
    if (!places.has(symbol.start) && fits.surely(port.demangle(symbol.name))) places.set(symbol.start, symbol);
  }
  return [...places.values()];
}

function describeMissing(port: KernelPort, binary: Binary, path: string, action: string, sym: string): AttachError {
  if (binary.symbols.count === 0)
    return new AttachError(`${action}: "${path}" has no symbols: it was stripped`, {
      reason: "no_such_place",
      hint: "install its debug symbols, or give the function's addr",
    });
  const names = [...binary.symbols.list()].map(({ name }) => name);
  const similar = findSimilar(sym, names);
  const readable = similar === undefined ? undefined : port.demangle(similar);
  const hint =
    similar === undefined
      ? "list its functions with BPF.get_user_functions"
      : `did you mean "${similar}"?${readable === similar ? "" : ` (${readable})`}`;
  return new AttachError(`${action}: "${path}" has no function "${sym}"`, { reason: "no_such_place", hint });
}
