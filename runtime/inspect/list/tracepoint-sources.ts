import { btfKind } from "../../object/btf.ts";
import { renderDeclaration } from "../../object/render-c.ts";
import { parseTracepointFormat } from "../../dialect/words/tracepoint.ts";
import { syscall_name } from "../../../sdk/queries/syscall-names.ts";
import type { FunctionSignature } from "./kernel-types.ts";
import type { ListMachine } from "./list-machine.ts";
import type { NameQuery, Probe, ProbeArgument, ProbeSource } from "./probe.ts";

/** Events with fields of their own, as tracefs shows them. */
export const tracepointSource: ProbeSource = {
  kind: "tracepoint",
  aliases: ["t", "tp"],
  title: "events that the kernel reports, with fields",
  list: (machine, query) =>
    machine
      .listTracepoints()
      .filter((name) => query.test(name))
      .map((name) => ({ kind: "tracepoint", name })),
  describe(machine, { name }) {
    const [category, event] = splitName(name);
    return { args: readFields(machine, category, event), use: `TRACEPOINT_PROBE(${category}, ${event})` };
  },
};

/** System calls by their own names: what a script attaches to is the pair of tracepoints. */
export const syscallSource: ProbeSource = {
  kind: "syscall",
  aliases: [],
  title: "system calls",
  list: (machine, query) =>
    machine
      .listTracepoints()
      .flatMap((name) => (name.startsWith(enterPrefix) ? [name.slice(enterPrefix.length)] : []))
      .filter((name) => query.test(name))
      .map((name) => ({ kind: "syscall", name })),
  describe(machine, { name }) {
    const number = machine.arch === "x86" ? findNumber(name) : undefined;
    return {
      args: readFields(machine, "syscalls", `sys_enter_${name}`).filter((field) => field.name !== "__syscall_nr"),
      returns: "long",
      use: `TRACEPOINT_PROBE(syscalls, sys_enter_${name}), TRACEPOINT_PROBE(syscalls, sys_exit_${name})`,
      ...(number !== undefined && { notes: [`number ${number}`] }),
    };
  },
};

/** The table goes from numbers to names. Outside a script it is x86-64's. */
function findNumber(name: string): number | undefined {
  const number = Array.from({ length: HIGHEST_NUMBER }, (_, at) => at).findIndex((at) => syscall_name(at) === name);
  return number < 0 ? undefined : number;
}

const HIGHEST_NUMBER = 1024;

const enterPrefix = "syscalls:sys_enter_";

/** The same events with the arguments that the kernel's own code passes to them. */
export const rawTracepointSource: ProbeSource = {
  kind: "raw_tracepoint",
  aliases: ["rawtracepoint", "raw_tp", "rt", "tp_btf"],
  title: "events that the kernel reports, with the arguments of its own code",
  *list(machine, query) {
    for (const name of listTraceTypes(machine, query)) yield { kind: "raw_tracepoint", name };
  },
  describe(machine, probe) {
    return {
      args: describeParameters(findTraceSignature(machine, probe)),
      use: `RAW_TRACEPOINT_PROBE(${probe.name}), SEC("tp_btf/${probe.name}")`,
    };
  },
  findSignature: findTraceSignature,
};

/** The kernel's types have a typedef of each event's callback. Source: __DECLARE_TRACE of include/linux/tracepoint.h */
const tracePrefix = "btf_trace_";

function listTraceTypes(machine: ListMachine, query: NameQuery): readonly string[] {
  const names = new Set<string>();
  for (const { type } of machine.types.listTypes([btfKind.typedef], (name) => name.startsWith(tracePrefix))) {
    const name = type.name.slice(tracePrefix.length);
    if (query.test(name)) names.add(name);
  }
  return [...names].sort();
}

function findTraceSignature(machine: ListMachine, { name }: Probe): FunctionSignature | undefined {
  // The function that calls the callbacks has names for what it passes on. Since: Linux 5.10
  const caller = machine.types.findFunction(`__traceiter_${name}`);
  if (caller !== undefined) return { ...caller, parameters: caller.parameters.slice(1) };
  for (const { types, type } of machine.types.listTypes([btfKind.typedef], (word) => word === tracePrefix + name)) {
    const pointer = types.resolve(type.id);
    const prototype = types.resolve(pointer.sizeOrType);
    if (prototype.kind !== btfKind.functionPrototype) continue;
    // The first parameter is the callback's own data, which programs do not get.
    return { types, prototype, parameters: types.listParameters(prototype).slice(1) };
  }
  return undefined;
}

/** The parameters of a function in C. */
export function describeParameters(signature: FunctionSignature | undefined): readonly ProbeArgument[] {
  return (signature?.parameters ?? []).map(({ name, type }, index) => ({
    name: name === "" ? `arg${index}` : name,
    type: renderDeclaration(signature!.types, type),
  }));
}

function readFields(machine: ListMachine, category: string, event: string): readonly ProbeArgument[] {
  const format = machine.readTracepointFormat(category, event);
  if (format === undefined) return [];
  return parseTracepointFormat(format).map(({ declaration, offset, size, signed }) => {
    const [, before, name, dimensions] = /^(.*?)(\w+)((?:\[[^\]]*\])*)$/.exec(declaration) ?? ["", "", declaration, ""];
    return { name: name!, type: `${before!.trim()}${dimensions}`, offset, size, signed };
  });
}

function splitName(name: string): [category: string, event: string] {
  const at = name.indexOf(":");
  return [name.slice(0, at), name.slice(at + 1)];
}
