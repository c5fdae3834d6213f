/**
 * The command that builds what an installed package lacks, by who installed it: most installers run the scripts of packages only when they are told to.
 * `folder` is the package's own, `exists` tells which files lie beside it.
 *
 * Source: the manuals of npm 11, pnpm 10, Yarn 1 and 4, and Bun.
 */
export function adviseBuild(folder: string, exists: (path: string) => boolean): string {
  const at = folder.lastIndexOf("/node_modules/");
  if (at < 0) return "build it with: npm start (or: npx node-gyp rebuild)";
  const project = /^(.*?)\/(?:node_modules\/\.pnpm|\.yarn\/unplugged)\//.exec(folder)?.[1] ?? folder.slice(0, at);
  const has = (...names: readonly string[]): boolean => names.some((name) => exists(`${project}/${name}`));
  if (folder.includes("/node_modules/.pnpm/") || has("pnpm-lock.yaml"))
    return "pnpm runs no build scripts of packages unless you allow it; in your project: pnpm approve-builds, then pnpm rebuild bpfts";
  if (folder.includes("/.yarn/unplugged/") || has(".yarnrc.yml"))
    return 'Yarn was told to run no build scripts of packages; put "dependenciesMeta": { "bpfts": { "built": true } } into package.json, then: yarn rebuild bpfts';
  if (has("yarn.lock"))
    return "Yarn did not build it; in your project: yarn install --force (without --ignore-scripts)";
  if (has("bun.lock", "bun.lockb"))
    return "Bun runs no build scripts of packages unless you allow it; in your project: bun pm trust bpfts";
  if (!has("package.json"))
    return "npm did not run the package's build script; run: npm rebuild --global --allow-scripts=bpfts --foreground-scripts bpfts";
  return "npm did not run the package's build script; in your project: npm install-scripts approve bpfts (npm 11 and later), then npm rebuild --foreground-scripts bpfts";
}
