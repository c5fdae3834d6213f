import { UsageError } from "../../base/errors.ts";
import { parseUsdtArguments } from "../../kernel/hooks/usdt-arguments.ts";
import type { UsdtArgument } from "../../kernel/hooks/usdt-arguments.ts";
import { listUsdtProbes } from "../../kernel/hooks/usdt-probes.ts";
import type { UsdtProbe } from "../../kernel/hooks/usdt-probes.ts";
import { listMappedFiles } from "../../kernel/user/find-library.ts";
import { isPart, requireBinary } from "../../kernel/user/function-place.ts";
import type { NamedBinary } from "../../kernel/user/function-place.ts";
import { requireProcess } from "../../kernel/user/require-process.ts";
import type { ListMachine } from "./list-machine.ts";
import type { NameQuery, ProbeArgument, ProbeSource, UserPlace } from "./probe.ts";

const action = "Cannot list probes";

/** Functions of programs and libraries. */
export const uprobeSource: ProbeSource = {
  kind: "uprobe",
  aliases: ["uretprobe"],
  title: "functions of a program or library: uprobe:PATH:NAME, or -p PID",
  isUser: true,
  *list(machine, query, place) {
    for (const file of listFiles(machine, requirePlace("uprobe", place))) {
      for (const name of listFunctions(machine, file, query)) yield { kind: "uprobe", name: `${file.path}:${name}` };
    }
  },
  describe(machine, { name }, place) {
    const [path, symbol] = splitLast(name);
    const readable = machine.port.demangle(symbol);
    const pid = place !== undefined && place.pid > 0 ? `, pid: ${place.pid}` : "";
    return {
      args: [],
      use: `b.attach_uprobe({ name: ${JSON.stringify(path)}, sym: ${JSON.stringify(symbol)}${pid}, fn_name: "…" })`,
      ...(readable !== symbol && { notes: [readable] }),
    };
  },
};

/** Probes that programs and libraries bring along. */
export const usdtSource: ProbeSource = {
  kind: "usdt",
  aliases: ["u", "U"],
  title: "USDT probes of a program or library: usdt:PATH:PROVIDER:NAME, or -p PID",
  isUser: true,
  *list(machine, query, place) {
    const seen = new Set<string>();
    for (const probe of findUsdt(machine, requirePlace("usdt", place))) {
      const name = `${probe.provider}:${probe.name}`;
      const whole = `${probe.file.path}:${name}`;
      if (seen.has(whole) || !query.test(name)) continue;
      seen.add(whole);
      yield { kind: "usdt", name: whole };
    }
  },
  describe(machine, { name }, place) {
    const [path, provider, probe] = splitUsdt(name);
    const found = findUsdt(machine, { path, pid: place?.pid ?? 0 }).find(
      (row) => row.provider === provider && row.name === probe,
    );
    const lists = [...new Set((found?.locations ?? []).map((location) => location.arguments))];
    return {
      args: joinUsdtArguments(lists.map((list) => parseUsdtArguments(list, machine.arch))),
      use: `usdt.enable_probe({ probe: "${provider}:${probe}", fn_name: "…" }) of new USDT({ path: ${JSON.stringify(path)} })`,
      notes: lists.filter((list) => list !== "").map((list) => `arguments ${list}`),
    };
  },
};

/** The arguments of a probe that has several places, where the compiler may keep the same argument in another width: each in the type that holds it from all of them. */
export function joinUsdtArguments(lists: readonly (readonly UsdtArgument[])[]): ProbeArgument[] {
  const most = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: most }, (_, index) => {
    const found = lists.flatMap((list) => list[index] ?? []);
    const signed = found.some((argument) => argument.signed);
    const sizes = found.map((argument) => (signed && !argument.signed ? argument.size * 2 : argument.size));
    const size = Math.min(8, Math.max(...sizes));
    return { name: `arg${index + 1}`, type: `${signed ? "s" : "u"}${size * 8}`, size, signed };
  });
}

/** The parts of a USDT probe's name; the path may have colons. */
export function splitUsdt(name: string): [path: string, provider: string, probe: string] {
  const [rest, probe] = splitLast(name);
  const [path, provider] = splitLast(rest);
  return [path, provider, probe];
}

/** What stands before and behind the last colon; C++ names as binaries have them have none. */
export function splitLast(name: string): [before: string, last: string] {
  const at = name.lastIndexOf(":");
  return [name.slice(0, at), name.slice(at + 1)];
}

/** @throws UsageError */
function requirePlace(kind: string, place: UserPlace | undefined): UserPlace {
  if (place !== undefined) return place;
  throw new UsageError(`${action} of the kind ${kind}: in which program?`, {
    hint: `give its path, a library's short name, or a process: bpfts list '${kind}:/bin/bash:*', bpfts list '${kind}:c:*', bpfts list -p PID '${kind}:*'`,
  });
}

function listFiles(machine: ListMachine, { path, pid }: UserPlace): readonly NamedBinary[] {
  if (path !== undefined) return [requireBinary(machine.userSpace, action, path, pid)];
  requireProcess(action, pid);
  return listMappedFiles(pid).flatMap((file) => {
    const binary = machine.userSpace.binaries.find(file.open, file.path, [`/proc/${pid}/root`, ""]);
    return binary === undefined ? [] : [{ ...file, binary }];
  });
}

function listFunctions(machine: ListMachine, { binary }: NamedBinary, query: NameQuery): Iterable<string> {
  const names = new Set<string>();
  for (const { name, indirect, isLabel } of binary.symbols.list())
    if (!indirect && !isLabel && !isPart(name) && fits(machine, name, query)) names.add(name);
  return [...names].sort();
}

/** C++ and Rust functions go by the name that people write, too. */
function fits(machine: ListMachine, name: string, query: NameQuery): boolean {
  if (query.test(name)) return true;
  if (!/^_[ZR]/.test(name)) return false;
  const readable = machine.port.demangle(name);
  return query.test(readable) || query.test(readable.replace(/\(.*$/, ""));
}

function findUsdt(machine: ListMachine, { path, pid }: UserPlace): readonly UsdtProbe[] {
  return listUsdtProbes(machine.port, machine.userSpace, {
    ...(path !== undefined && { path }),
    ...(pid > 0 && { pid }),
  });
}
