import { btfKind, parseBtf } from "../../object/btf.ts";
import type { BtfParameter, BtfType, BtfTypes } from "../../object/btf.ts";
import { listTypedModules, readModuleTypes } from "../../kernel/machine/module-types.ts";
import { requireBtf } from "../../kernel/machine/machine.ts";

/** A function of the kernel or of a module, with its types. */
export interface FunctionSignature {
  readonly types: BtfTypes;
  /** The function's prototype. */
  readonly prototype: BtfType;
  readonly parameters: readonly BtfParameter[];
  /** The module that it belongs to; absent for the kernel itself. */
  readonly module?: string;
}

/** A type with the blob that it stands in. */
export interface FoundType {
  readonly types: BtfTypes;
  readonly type: BtfType;
}

/** The types of the running kernel and of its loaded modules. Nothing is read before the first question. */
export interface KernelTypes {
  findFunction(name: string): FunctionSignature | undefined;
  /** The names of all functions with types, each once, in no order. */
  listFunctions(): Iterable<string>;
  /** Types of some kinds of BTF, by a test of their names. */
  listTypes(kinds: readonly number[], test: (name: string) => boolean): Iterable<FoundType>;
  /** The names of functions that carry a tag in their types, such as `bpf_kfunc`. */
  listTagged(tag: string): readonly string[];
}

interface Blob {
  readonly types: BtfTypes;
  readonly module?: string;
}

/** Opens the kernel's types. @throws UnsupportedFeatureError at the first question, when this kernel has none */
export function openKernelTypes(): KernelTypes {
  let blobs: readonly Blob[] | undefined;
  const open = (): readonly Blob[] => (blobs ??= readBlobs());
  let functions: Map<string, { readonly blob: Blob; readonly type: BtfType }> | undefined;
  const openFunctions = (): NonNullable<typeof functions> => (functions ??= indexFunctions(open()));

  return {
    findFunction(name) {
      const found = openFunctions().get(name);
      if (found === undefined) return undefined;
      const { types, module } = found.blob;
      const prototype = types.require(found.type.sizeOrType);
      return {
        types,
        prototype,
        parameters: types.listParameters(prototype),
        ...(module !== undefined && { module }),
      };
    },
    listFunctions: () => openFunctions().keys(),
    *listTypes(kinds, test) {
      for (const { types } of open())
        for (const type of types.list()) if (kinds.includes(type.kind) && test(type.name)) yield { types, type };
    },
    listTagged(tag) {
      return open().flatMap(({ types }) =>
        [...types.list()]
          .filter(({ kind, name }) => kind === btfKind.declarationTag && name === tag)
          .map(({ sizeOrType }) => types.require(sizeOrType).name),
      );
    },
  };
}

function readBlobs(): readonly Blob[] {
  requireBtf();
  const bytes = readModuleTypes("vmlinux") ?? Buffer.alloc(0);
  const kernel = parseBtf(bytes);
  const modules = listTypedModules().filter((module) => module !== "vmlinux");
  return [
    { types: kernel },
    ...modules.flatMap((module) => {
      const own = readModuleTypes(module);
      return own === undefined ? [] : [{ types: parseBtf(own, { base: { types: kernel, bytes } }), module }];
    }),
  ];
}

function indexFunctions(blobs: readonly Blob[]): Map<string, { readonly blob: Blob; readonly type: BtfType }> {
  const index = new Map<string, { readonly blob: Blob; readonly type: BtfType }>();
  for (const blob of blobs)
    for (const type of blob.types.list())
      if (type.kind === btfKind.function && !index.has(type.name)) index.set(type.name, { blob, type });
  return index;
}
