import { joinKernelNames, openModuleHeader } from "../../compile/module-header.ts";
import type { ModuleMatch } from "./find-module.ts";
import { changeTools } from "./build-tools.ts";
import type { BuildTools } from "./build-tools.ts";

/** The same tools with the modules that have some names; undefined when no module has any that is not known yet. */
export function addModules(tools: BuildTools, names: readonly string[]): BuildTools | undefined {
  const { prelude, modules, log } = tools;
  const matches = modules.findTypes(names);
  let { env } = tools;
  let wanted = names;
  for (let best = findBest(matches, wanted); best !== undefined; best = findBest(matches, wanted)) {
    const { module, bytes } = best;
    // Modules repeat each other's types: what a header before has, is left out of the next one.
    const header = openModuleHeader({
      folder: prelude.typesFolder,
      module,
      bytes,
      before: env.moduleHeaders,
      names: env,
      dumpC: () => modules.dumpC(module),
    });
    if (env.moduleHeaders.includes(header.file)) return undefined;
    log.info(`types of module "${module}" are needed`);
    env = { ...env, ...joinKernelNames([env, header.names]), moduleHeaders: [...env.moduleHeaders, header.file] };
    const got = best.names;
    wanted = wanted.filter((name) => !got.includes(name));
  }
  return env === tools.env ? undefined : changeTools(tools, { env });
}

/** The module that has most of some names; of equals the one that they are named after, then the shorter name: `nfs` before `nfsv4`. */
function findBest(matches: readonly ModuleMatch[], wanted: readonly string[]): ModuleMatch | undefined {
  const rank = ({ module, names }: ModuleMatch): number[] => [
    names.filter((name) => wanted.includes(name)).length,
    names.filter((name) => name.startsWith(module)).length,
    -module.length,
  ];
  const sorted = matches.map((match) => ({ match, rank: rank(match) })).filter((row) => row.rank[0]! > 0);
  sorted.sort((a, b) => b.rank[0]! - a.rank[0]! || b.rank[1]! - a.rank[1]! || b.rank[2]! - a.rank[2]!);
  return sorted[0]?.match;
}
