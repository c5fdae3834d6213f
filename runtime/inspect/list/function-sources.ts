import { btfKind } from "../../object/btf.ts";
import { renderDeclaration } from "../../object/render-c.ts";
import { haveFeature } from "../../kernel/machine/features.ts";
import type { FunctionSignature } from "./kernel-types.ts";
import type { ListMachine } from "./list-machine.ts";
import type { NameQuery, Probe, ProbeDetails, ProbeSource } from "./probe.ts";
import { describeParameters } from "./tracepoint-sources.ts";

/** Every function that the kernel lets a kprobe into. */
export const kprobeSource: ProbeSource = {
  kind: "kprobe",
  aliases: ["k", "p", "kretprobe"],
  title: "entries and returns of kernel functions",
  findObstacle: (machine) =>
    haveFeature(machine.port, "kprobe") === false
      ? "this kernel was built without kprobes (CONFIG_KPROBES)"
      : undefined,
  list: (machine, query) => makeProbes("kprobe", machine.listKernelFunctions(), query),
  describe: (machine, probe) =>
    describeFunction(machine, probe, `b.attach_kprobe({ event: "${probe.name}", fn_name: "…" })`),
  findSignature,
};

/** Functions whose types are known, so that programs get their arguments by name. */
export const fentrySource: ProbeSource = {
  kind: "fentry",
  aliases: ["f", "fexit"],
  title: "entries and returns of kernel functions, with typed arguments",
  findObstacle: (machine) =>
    haveFeature(machine.port, "fentry") === false ? "this kernel refuses fentry programs" : undefined,
  list: (machine, query) =>
    listOnce(machine, "fentry", query, () => {
      const typed = new Set(machine.types.listFunctions());
      return machine.listKernelFunctions().filter((name) => typed.has(name));
    }),
  describe: (machine, probe) =>
    describeFunction(machine, probe, `KFUNC_PROBE(${[probe.name, ...listWords(machine, probe)].join(", ")})`),
  findSignature,
};

/** Decisions of the kernel that a program may refuse. */
export const lsmSource: ProbeSource = {
  kind: "lsm",
  aliases: [],
  title: "security hooks",
  findObstacle: (machine) =>
    haveFeature(machine.port, "lsm") === false ? "this kernel refuses LSM programs" : undefined,
  list: (machine, query) => listOnce(machine, "lsm", query, () => cutPrefix(machine.types.listFunctions(), "bpf_lsm_")),
  describe: (machine, probe) =>
    describeFunction(machine, probe, `LSM_PROBE(${[probe.name, ...listWords(machine, probe)].join(", ")})`),
  findSignature: (machine, { name }) => machine.types.findFunction(`bpf_lsm_${name}`),
};

/** Walks over all objects of a kind. */
export const iteratorSource: ProbeSource = {
  kind: "iter",
  aliases: ["iterator"],
  title: "iterators over objects of the kernel",
  findObstacle: (machine) =>
    haveFeature(machine.port, "iter") === false ? "this kernel has no iterators (Linux 5.8)" : undefined,
  // Functions of the same beginning are called by programs; those of iterators get what they are in the middle of first.
  list: (machine, query) =>
    listOnce(machine, "iter", query, () =>
      cutPrefix(machine.types.listFunctions(), "bpf_iter_").filter((name) =>
        isIterator(machine.types.findFunction(`bpf_iter_${name}`)),
      ),
    ),
  describe: (machine, probe) => describeFunction(machine, probe, `SEC("iter/${probe.name}")`),
  findSignature: (machine, { name }) => machine.types.findFunction(`bpf_iter_${name}`),
};

function isIterator(signature: FunctionSignature | undefined): boolean {
  if (signature === undefined) return false;
  const { types, parameters, prototype } = signature;
  return (
    parameters[0] !== undefined &&
    renderDeclaration(types, parameters[0].type) === "struct bpf_iter_meta *" &&
    renderDeclaration(types, prototype.sizeOrType) === "int"
  );
}

/** Functions of the kernel that programs call. */
export const kfuncSource: ProbeSource = {
  kind: "kfunc",
  aliases: [],
  title: "kernel functions that programs may call",
  isCallable: true,
  findObstacle: (machine) =>
    machine.types.listTagged(kfuncTag).length === 0
      ? "the types of this kernel do not say which functions programs may call (Linux 6.10 or later says it)"
      : undefined,
  list: (machine, query) => makeProbes("kfunc", [...new Set(machine.types.listTagged(kfuncTag))].sort(), query),
  describe(machine, probe) {
    const signature = findSignature(machine, probe);
    const { args, returns } = describeFunction(machine, probe, "");
    return {
      args,
      ...(returns !== undefined && { returns }),
      use: `${probe.name}(${(signature?.parameters ?? []).map(({ name }) => name).join(", ")})`,
    };
  },
  findSignature,
};

/** Source: the declaration tags that pahole writes since 1.27. */
const kfuncTag = "bpf_kfunc";

/** Tables of functions that a program can be in the place of. */
export const structOpsSource: ProbeSource = {
  kind: "struct_ops",
  aliases: [],
  title: "tables of kernel functions that programs implement",
  list: (machine, query) => listOnce(machine, "struct_ops", query, () => listTables(machine)),
  describe(machine, { name }) {
    const found = [...machine.types.listTypes([btfKind.struct], (word) => word === name)][0];
    return {
      args: (found?.types.listMembers(found.type) ?? []).map((member) => ({
        name: member.name,
        type: renderDeclaration(found!.types, member.type),
      })),
      use: `SEC(".struct_ops") struct ${name} …`,
    };
  },
};

function listTables(machine: ListMachine): readonly string[] {
  const names = new Set<string>();
  for (const { types, type } of machine.types.listTypes([btfKind.struct], (name) => name.startsWith(opsPrefix))) {
    // Structs of the machinery itself begin so, too; those around a table hold it.
    const name = type.name.slice(opsPrefix.length);
    const data = types.listMembers(type).find((member) => member.name === "data");
    if (data !== undefined && types.resolve(data.type).name === name) names.add(name);
  }
  return [...names].sort();
}

/** The kernel's own struct around each table. Source: kernel/bpf/bpf_struct_ops.c */
const opsPrefix = "bpf_struct_ops_";

function findSignature(machine: ListMachine, { name }: Probe): FunctionSignature | undefined {
  return machine.types.findFunction(name);
}

function describeFunction(machine: ListMachine, probe: Probe, use: string): ProbeDetails {
  const source = { lsm: "bpf_lsm_", iter: "bpf_iter_" }[probe.kind] ?? "";
  const signature = machine.types.findFunction(source + probe.name);
  if (signature === undefined) return { args: [], use, notes: ["the kernel's types do not have its arguments"] };
  return {
    args: describeParameters(signature),
    returns: renderDeclaration(signature.types, signature.prototype.sizeOrType),
    use,
    ...(signature.module !== undefined && { notes: [`module ${signature.module}`] }),
  };
}

/** The arguments as the macros of the dialect take them: types and names in turn. */
function listWords(machine: ListMachine, probe: Probe): readonly string[] {
  const signature = machine.types.findFunction(`${probe.kind === "lsm" ? "bpf_lsm_" : ""}${probe.name}`);
  return (signature?.parameters ?? []).map(({ name, type }, index) =>
    renderDeclaration(signature!.types, type, name === "" ? `arg${index}` : name),
  );
}

function cutPrefix(names: Iterable<string>, prefix: string): readonly string[] {
  return [...names].flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : [])).sort();
}

const known = new WeakMap<ListMachine, Map<string, readonly string[]>>();

/** The names of a kind, made once for a machine: a name that nothing fits is looked for first and then guessed at. */
function listOnce(
  machine: ListMachine,
  kind: string,
  query: NameQuery,
  make: () => readonly string[],
): readonly Probe[] {
  const lists = known.get(machine) ?? new Map<string, readonly string[]>();
  known.set(machine, lists);
  const names = lists.get(kind) ?? make();
  lists.set(kind, names);
  return makeProbes(kind, names, query);
}

function makeProbes(kind: string, names: readonly string[], query: NameQuery): readonly Probe[] {
  return names.filter((name) => query.test(name)).map((name) => ({ kind, name }));
}
