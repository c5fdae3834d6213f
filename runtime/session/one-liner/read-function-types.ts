import { listTypedModules, readModuleTypes } from "../../kernel/machine/module-types.ts";
import { btfKind, parseBtf } from "../../object/btf.ts";
import type { BtfType, BtfTypes } from "../../object/btf.ts";
import { joinFunctionTypes } from "../../one-liner/function-types.ts";
import type { FunctionTypes } from "../../one-liner/function-types.ts";
import type { LineProbe } from "../../one-liner/parse-line.ts";
import { isPattern, renderExpression } from "../../one-liner/probe-kinds.ts";

/** Reads what this kernel's types say of the values of a one-liner's probes. Nothing is read before the first question. */
export function openFunctionTypes(): (probe: LineProbe) => FunctionTypes | undefined {
  const known = new Map<string, FunctionTypes | undefined>();
  let kernel: { readonly types: BtfTypes; readonly bytes: Buffer } | undefined | null;
  const findIn = (types: BtfTypes, word: string, name: string): FunctionTypes | undefined => {
    if (word === "rawtracepoint") return describeTracepoint(types, name);
    if (!isPattern(name)) return describeFunction(types, types.find(name, btfKind.function));
    const pattern = new RegExp(renderExpression(name));
    const found = [...types.list()].filter((type) => type.kind === btfKind.function && pattern.test(type.name));
    return joinFunctionTypes(found.flatMap((type) => describeFunction(types, type) ?? []));
  };
  const find = (word: string, name: string): FunctionTypes | undefined => {
    if (kernel === undefined) {
      const bytes = readModuleTypes("vmlinux");
      kernel = bytes === undefined ? null : { bytes, types: parseBtf(bytes) };
    }
    if (kernel === null) return undefined;
    const found = findIn(kernel.types, word, name);
    if (found !== undefined) return found;
    for (const module of listTypedModules()) {
      const bytes = module === "vmlinux" ? undefined : readModuleTypes(module);
      const own = bytes && findIn(parseBtf(bytes, { base: kernel }), word, name);
      if (own !== undefined) return own;
    }
    return undefined;
  };
  return ({ kind, parts }) => {
    const word = kind.words[0]!;
    if (!/^(?:kprobe|kretprobe|fentry|fexit|rawtracepoint)$/.test(word)) return undefined;
    const key = `${word}:${parts[0]!}`;
    if (!known.has(key)) known.set(key, find(word, parts[0]!));
    return known.get(key);
  };
}

/** Source: the typedef `btf_trace_NAME` of each tracepoint, in include/trace/bpf_probe.h; its first parameter is the probe's own. */
function describeTracepoint(types: BtfTypes, name: string): FunctionTypes | undefined {
  const pointer = types.find(`btf_trace_${name}`, btfKind.typedef);
  const target = pointer && types.resolve(pointer.sizeOrType);
  const prototype = target?.kind === btfKind.pointer ? types.resolve(target.sizeOrType) : undefined;
  if (prototype?.kind !== btfKind.functionPrototype) return undefined;
  const parameters = types.listParameters(prototype).slice(1);
  return { parameters: parameters.map(({ type }) => describeValue(types, type) ?? "u64"), isVariadic: false };
}

function describeFunction(types: BtfTypes, type: BtfType | undefined): FunctionTypes | undefined {
  if (type === undefined) return undefined;
  const prototype = types.require(type.sizeOrType);
  const all = types.listParameters(prototype);
  // `...` is a parameter without a type.
  const isVariadic = all.at(-1)?.type === 0;
  const parameters = (isVariadic ? all.slice(0, -1) : all).map((parameter) => describeValue(types, parameter.type));
  // A struct may take two registers: what lies where behind it is not known.
  if (parameters.includes(undefined)) return undefined;
  const returns = prototype.sizeOrType === 0 ? "void" : (describeValue(types, prototype.sizeOrType) ?? "u64");
  return { parameters: parameters as string[], isVariadic, returns };
}

/** The C type of a value in a register; undefined for what may not fit into one. */
function describeValue(types: BtfTypes, id: number): string | undefined {
  const type = types.resolve(id);
  const bits = type.sizeOrType * 8;
  switch (type.kind) {
    case btfKind.pointer:
      return "u64";
    case btfKind.int:
      if (bits > 64) return undefined;
      return `${(types.describeInt(type).encoding & 1) === 1 ? "s" : "u"}${bits}`;
    case btfKind.enum:
    case btfKind.enum64:
      return `${type.flag ? "s" : "u"}${bits}`;
    case btfKind.struct:
    case btfKind.union:
      return bits > 64 ? undefined : "u64";
    default:
      return undefined;
  }
}
