import { compileNamePattern } from "../../kernel/machine/compile-name-pattern.ts";
import type { PatternExtent } from "../../kernel/machine/compile-name-pattern.ts";
import type { NamePattern } from "../../base/name-pattern.ts";
import type { PatternArgument } from "../../../sdk/wire/pattern-argument.ts";
import type { SymbolReply } from "../../../sdk/wire/protocol.ts";
import type { BridgeState, Handlers } from "./bridge-state.ts";
import type { SymbolPlace } from "./lookups.ts";

type LookupCall =
  | "find_kprobe_functions"
  | "find_tracepoints"
  | "have_tracepoint"
  | "have_struct_field"
  | "have_kfunc"
  | "find_syscall_prefix"
  | "find_kernel_symbol"
  | "find_kernel_address"
  | "find_user_symbol"
  | "find_build_id_symbol"
  | "add_module"
  | "find_user_functions"
  | "find_library"
  | "find_executable"
  | "find_usdt_probes"
  | "find_cgroup"
  | "find_namespace"
  | "find_container"
  | "find_process_user";

/** The calls that ask about the kernel and its processes. */
export function openLookupCalls({ lookups, excuse }: BridgeState): Handlers<LookupCall> {
  return {
    find_kprobe_functions: (argument) => lookups.findKprobeFunctions(parsePattern(argument, "whole")),
    find_tracepoints(argument) {
      // Source: BCC's get_tracepoints, which matches from the start as Python's re.match does.
      const expression = parsePattern(argument, "start");
      return lookups.listTracepoints().filter((name) => expression.test(name));
    },
    have_tracepoint: ({ category, event }) => lookups.listTracepoints().includes(`${category}:${event}`),
    have_struct_field: ({ struct, field }) => lookups.haveStructField(struct, field),
    have_kfunc: () => lookups.haveKfunc(),
    find_syscall_prefix: () => lookups.findSyscallPrefix(),
    // The first name is found when all symbols were read: an event that came before Ctrl-C is worth the wait.
    find_kernel_symbol: ({ address }) => renderSymbol(excuse(() => lookups.findKernelSymbol(BigInt(address)))),
    find_kernel_address: ({ name }) => lookups.findKernelAddress(name)?.toString() ?? null,
    find_user_symbol: ({ address, pid, demangle }) =>
      renderSymbol(excuse(() => lookups.findUserSymbol(BigInt(address), pid, demangle))),
    find_build_id_symbol: ({ buildId, offset, pid, demangle }) =>
      renderSymbol(excuse(() => lookups.findBuildIdSymbol(buildId, Number(offset), pid, demangle))),
    add_module({ path }) {
      lookups.addModule(path);
      return null;
    },
    // Source: BCC's get_user_functions_and_addresses, which matches from the start.
    find_user_functions: ({ name, pid, ...argument }) =>
      lookups
        .findUserFunctions(name, parsePattern(argument, "start"), pid)
        .map((found) => [found.name, String(found.address)] as const),
    find_library: ({ name, pid }) => lookups.findLibrary(name, pid) ?? null,
    find_executable: ({ name }) => lookups.findExecutable(name) ?? null,
    find_cgroup: ({ path }) => String(lookups.findCgroup(path)),
    find_namespace: ({ pid, kind }) => lookups.findNamespace(pid, kind),
    find_container(argument) {
      const found = lookups.findContainer("pid" in argument ? argument : { cgroup: BigInt(argument.cgroup) });
      return found === undefined ? null : { name: found.name, pod: found.pod ?? null };
    },
    find_process_user: ({ pid }) => lookups.findProcessUser(pid) ?? null,
    find_usdt_probes: ({ probe, path, pid }) =>
      lookups.findUsdtProbes(probe, path, pid).map((found) => ({
        provider: found.provider,
        name: found.name,
        path: found.path,
        semaphore: String(found.semaphore),
        locations: found.locations.map((location) => ({
          address: String(location.address),
          arguments: location.arguments,
        })),
      })),
  };
}

/** Flags that make a search go on where the last one ended have no meaning here. */
function parsePattern({ pattern, flags }: PatternArgument, extent: PatternExtent): NamePattern {
  return compileNamePattern(pattern, extent, flags);
}

function renderSymbol(place: SymbolPlace | undefined): SymbolReply | null {
  return place === undefined ? null : { name: place.name, offset: place.offset, module: place.module ?? null };
}
