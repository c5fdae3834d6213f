import { btfKind } from "../../object/btf.ts";
import { UnsupportedFeatureError, UsageError } from "../../base/errors.ts";
import { findSimilar } from "../../base/similar.ts";
import { findHelperPrototype } from "../../compile/helper-names.ts";
import { BPFProgType } from "../../../sdk/abi/program-types.ts";
import type { ListMachine } from "./list-machine.ts";
import type { Probe, ProbeSource } from "./probe.ts";
import { compileGlob } from "../../base/compile-glob.ts";

/** Helpers of the kernel: all of them, or with a type of program before the name those that it may call, `helper:xdp:*`. */
export const helperSource: ProbeSource = {
  kind: "helper",
  aliases: ["helpers"],
  title: "helpers that programs may call; helper:xdp:* are those of XDP programs",
  isCallable: true,
  list(machine, query) {
    const helpers = readHelperNumbers(machine);
    const [, programs, name] = /^(\w+):(.*)$/.exec(query.text) ?? [];
    if (programs === undefined)
      return [...helpers.keys()].filter((helper) => query.test(helper)).map((helper) => makeProbe(helper));
    return listAllowed(machine, helpers, programs, compileGlob(name === "" ? "*" : name!));
  },
  describe(_, { name }) {
    const helper = name.slice(name.indexOf(":") + 1);
    const prototype = findHelperPrototype(helper);
    if (prototype === undefined)
      return { args: [], use: `${helper}(…)`, notes: ["the installed headers of libbpf do not declare it yet"] };
    const args = prototype.parameters.map((declaration) => {
      const [, type, word] = /^(.*?)(\w+)$/.exec(declaration) ?? ["", declaration, "..."];
      return { name: word!, type: type!.trim() };
    });
    return { args, returns: prototype.returns, use: `${helper}(${args.map((arg) => arg.name).join(", ")})` };
  },
};

function makeProbe(name: string): Probe {
  return { kind: "helper", name };
}

/** The kernel's own list, which is newer or older than that of the headers. Source: enum bpf_func_id */
function readHelperNumbers(machine: ListMachine): ReadonlyMap<string, number> {
  const [found] = [...machine.types.listTypes([btfKind.enum], (name) => name === "bpf_func_id")];
  const rows = found === undefined ? [] : found.types.listEnumerators(found.type);
  return new Map(
    rows
      .filter(({ name }) => name !== "BPF_FUNC_unspec" && name.startsWith("BPF_FUNC_"))
      .map(({ name, value }) => [name.replace("BPF_FUNC_", "bpf_"), Number(value)]),
  );
}

/** Asks the kernel which helpers a type of program may call. Source: libbpf_probe_bpf_helper */
function listAllowed(
  machine: ListMachine,
  helpers: ReadonlyMap<string, number>,
  programs: string,
  test: (name: string) => boolean,
): readonly Probe[] {
  const kinds = Object.keys(BPFProgType).map((name) => name.toLowerCase());
  if (!kinds.includes(programs)) {
    const similar = findSimilar(programs, kinds);
    throw new UsageError(`There is no type of program "${programs}"`, {
      hint: similar === undefined ? `there are: ${kinds.join(", ")}` : `did you mean "helper:${similar}:*"?`,
    });
  }
  const type = BPFProgType[programs.toUpperCase() as keyof typeof BPFProgType];
  const wanted = [...helpers].filter(([name]) => test(name));
  const answers = wanted.map(([name, number]) => [name, machine.port.probeHelper(type, number)] as const);
  if (wanted.length > 0 && answers.every(([, answer]) => answer < 0)) {
    throw new UnsupportedFeatureError(
      "helpers",
      `The kernel does not tell which helpers ${programs} programs may call`,
      {
        hint: "it depends on the function that such a program sits on; all helpers: bpfts list 'helper:*'",
      },
    );
  }
  return answers.filter(([, answer]) => answer === 1).map(([name]) => makeProbe(`${programs}:${name}`));
}
