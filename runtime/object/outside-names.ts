import { btfKind, parseBtf } from "./btf.ts";
import { listRelocations, openElf } from "./elf.ts";
import { readLineInfo } from "./line-info.ts";
import type { LineInfo } from "./line-info.ts";

/** A name that an object uses and neither it nor the kernel can define. */
export interface UndefinedName {
  readonly name: string;
  /** Where it is used first, when the object says so. */
  readonly use?: LineInfo;
}

const executable = 4;

/**
 * Lists the names that an object uses and does not define, besides those that it asks the kernel for
 * (`__ksym`, `__kconfig`). libbpf refuses such an object without a word.
 *
 * Source: elf(5); libbpf's sections `.ksyms` and `.kconfig`.
 */
export function listUndefinedNames(object: Uint8Array): UndefinedName[] {
  const { sections } = openElf(object);
  const asked = listAskedNames(sections.find(({ name }) => name === ".BTF")?.data);
  return listOutsideNames(object).filter(({ name }) => !asked.has(name));
}

/** Lists the names that an object uses and leaves to others. */
export function listOutsideNames(object: Uint8Array): UndefinedName[] {
  const elf = openElf(object);
  const found = new Map<string, UndefinedName>();
  for (const [number, { name: section }] of elf.sections.entries()) {
    if (section.startsWith(".debug")) continue;
    for (const { offset, symbol } of listRelocations(elf, number)) {
      const name = symbol.section === 0 ? symbol.name : "";
      if (name === "" || found.has(name)) continue;
      const use = findLine(object, section, offset / 8);
      found.set(name, { name, ...(use !== undefined && { use }) });
    }
  }
  return [...found.values()];
}

/** Finds the first call of a helper, by the helper's number. Source: BPF_JMP | BPF_CALL in include/uapi/linux/bpf.h. */
export function findHelperCall(object: Uint8Array, id: number): LineInfo | undefined {
  const { sections, headers } = openElf(object);
  for (const [index, { name, data }] of sections.entries()) {
    if (((headers[index]?.flags ?? 0) & executable) === 0) continue;
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    for (let at = 0; at + 8 <= data.length; at += 8) {
      const isCall = data[at] === 0x85 && (data[at + 1]! & 0xf0) === 0 && view.getInt32(at + 4, true) === id;
      if (isCall) return findLine(object, name, at / 8);
    }
  }
  return undefined;
}

/** The last line of the user's before an instruction: generated text names no file. */
function findLine(object: Uint8Array, section: string, instruction: number): LineInfo | undefined {
  const lines = readLineInfo(object, section).filter((line) => line.instruction <= instruction && line.line > 0);
  return (
    lines.findLast(({ file }) => file.startsWith("/") && !/\/bpf-headers\/|\/bpf\/bpf_\w+\.h$/.test(file)) ??
    lines.at(-1)
  );
}

/** The names that libbpf asks the kernel for. */
function listAskedNames(btf: Uint8Array | undefined): Set<string> {
  if (btf === undefined) return new Set();
  const types = parseBtf(btf);
  const asked = [".ksyms", ".kconfig"].flatMap((section) => {
    const found = types.find(section, btfKind.dataSection);
    return found === undefined ? [] : types.listVariables(found).map(({ name }) => name);
  });
  return new Set(asked);
}
