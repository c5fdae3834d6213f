import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listFolder } from "../base/list-folder.ts";
import { VmError } from "../base/errors.ts";
import { runCommand } from "./run-command.ts";

/** Between two looks at a download. Units: milliseconds. */
const TELL_MS = 200;

/** One entry of the machine's apt sources. */
export interface AptSource {
  readonly uri: string;
  readonly suite: string;
  readonly signedBy?: string;
}

/** Suites of the distribution that the kernels come from. Other archives on the machine are not asked. */
const debianSuite =
  /^(?:bullseye|bookworm|trixie|forky|sid|oldoldstable|oldstable|stable|testing|unstable)(-security)?$/;

/** Reads the machine's apt sources, both forms, from `/etc/apt`. */
export function readAptSources(folder = "/etc/apt"): AptSource[] {
  const sources: AptSource[] = [];
  for (const file of [join(folder, "sources.list"), ...listPaths(join(folder, "sources.list.d"))]) {
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch {
      continue;
    }
    if (file.endsWith(".sources")) sources.push(...parseDeb822Sources(text));
    else if (file.endsWith(".list")) sources.push(...parseLineSources(text));
  }
  return sources;
}

/** Parses the one-line form. Source: sources.list(5). */
export function parseLineSources(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const line of text.split("\n")) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+\S/.exec(line);
    if (match === null) continue;
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(match[1] ?? "")?.[1];
    sources.push({ uri: match[2]!, suite: match[3]!, ...(signedBy === undefined ? {} : { signedBy }) });
  }
  return sources;
}

/** Parses the stanza form. Source: sources.list(5), DEB822-STYLE FORMAT. */
export function parseDeb822Sources(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const stanza of text.split(/\n\s*\n/)) {
    const fields = new Map<string, string>();
    for (const line of stanza.split("\n")) {
      const match = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
      if (match !== null) fields.set(match[1]!.toLowerCase(), match[2]!.trim());
    }
    if (!/(?:^|\s)deb(?:\s|$)/.test(fields.get("types") ?? "") || /^no$/i.test(fields.get("enabled") ?? "")) continue;
    const key = fields.get("signed-by");
    for (const uri of (fields.get("uris") ?? "").split(/\s+/).filter(Boolean)) {
      for (const suite of (fields.get("suites") ?? "").split(/\s+/).filter(Boolean)) {
        // A key that stands in the stanza itself has no path; apt's own keys are asked then.
        sources.push({ uri, suite, ...(key?.startsWith("/") ? { signedBy: key } : {}) });
      }
    }
  }
  return sources;
}

/** Renders sources for other suites of the same archives. @throws VmError when the machine has no such archive */
export function renderSuiteSources(sources: readonly AptSource[], suites: readonly string[]): string {
  return suites
    .map((suite) => {
      const isSecurity = suite.endsWith("-security");
      const source = sources.find((candidate) => {
        const match = debianSuite.exec(candidate.suite);
        return match !== null && (match[1] !== undefined) === isSecurity;
      });
      if (source === undefined) {
        throw new VmError(
          `Cannot find where to fetch kernels from: no Debian ${isSecurity ? "security " : ""}archive stands in this machine's apt sources`,
          {
            hint: "give a kernel of your own with --vmlinuz, or copy the cache folder's vm/kernels from a Debian machine",
          },
        );
      }
      const options = source.signedBy === undefined ? "" : `[signed-by=${source.signedBy}] `;
      return `deb ${options}${source.uri} ${suite} main\n`;
    })
    .join("");
}

/** apt with lists and a cache of its own: it reads the machine's settings and changes nothing of the machine. */
export interface AptArchive {
  /** Package names that match, in no order. */
  findPackages(pattern: RegExp): Promise<string[]>;
  /** Downloads a package into a folder, verified by apt, and answers the file. `tell` hears of its way now and then. Units: bytes. @throws VmError */
  downloadPackage(name: string, folder: string, tell?: (done: number, total: number) => void): Promise<string>;
}

/** Opens an archive for suites and reads its lists. @throws VmError when that fails */
export async function openAptArchive(
  suites: readonly string[],
  folder: string,
  sources: readonly AptSource[] = readAptSources(),
): Promise<AptArchive> {
  mkdirSync(join(folder, "lists", "partial"), { recursive: true });
  mkdirSync(join(folder, "cache", "archives", "partial"), { recursive: true });
  const sourceList = join(folder, "sources.list");
  writeFileSync(sourceList, renderSuiteSources(sources, suites));
  const options = [
    `-oDir::Etc::sourcelist=${sourceList}`,
    "-oDir::Etc::sourceparts=-",
    `-oDir::State::lists=${join(folder, "lists")}`,
    `-oDir::Cache=${join(folder, "cache")}`,
    "-oAcquire::Languages=none",
    "-oAcquire::Retries=2",
    "-oAPT::Update::Error-Mode=any",
    // apt's own user may not enter a private cache folder.
    `-oAPT::Sandbox::User=${process.getuid?.() === 0 ? "root" : ""}`,
  ];
  const update = await runCommand("apt-get", ["-qq", ...options, "update"]);
  if (update.status !== 0)
    throw describeAptFailure(`Cannot read the package lists of ${suites.join(" and ")}`, update.status, update.stderr);

  return {
    async findPackages(pattern) {
      const answer = await runCommand("apt-cache", [...options, "pkgnames", "linux-"]);
      return answer.stdout
        .toString()
        .split("\n")
        .filter((name) => pattern.test(name));
    },
    async downloadPackage(name, target, tell = () => undefined) {
      const facts = await runCommand("apt-cache", [...options, "show", "--no-all-versions", name]);
      const total = Number(/^Size: (\d+)$/m.exec(facts.stdout.toString())?.[1] ?? 0);
      const timer = setInterval(() => tell(measureFiles(target, name), total), TELL_MS);
      const answer = await runCommand("apt-get", ["-qq", ...options, "download", name], { cwd: target }).finally(() =>
        clearInterval(timer),
      );
      const file = listPaths(target).find((path) => path.includes(`/${name}_`) && path.endsWith(".deb"));
      if (answer.status !== 0 || file === undefined)
        throw describeAptFailure(`Cannot download "${name}"`, answer.status, answer.stderr);
      return file;
    },
  };
}

/** How large a package's files in a folder are by now; apt names one that is on its way after it. Units: bytes. */
function measureFiles(folder: string, name: string): number {
  return listPaths(folder)
    .filter((path) => path.includes(`/${name}_`))
    .reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
}

function describeAptFailure(action: string, status: number, stderr: string): VmError {
  if (status === 127)
    return new VmError(`${action}: there is no apt on this machine`, {
      hint: "give a kernel of your own with --vmlinuz",
    });
  const reason = /^[EW]: (.*)$/m.exec(stderr)?.[1] ?? `apt-get ended with status ${status}`;
  return new VmError(`${action}: ${reason}`, {
    hint: "check the network; kernels that are fetched already need none",
    detail: stderr,
  });
}

function listPaths(folder: string): string[] {
  return listFolder(folder)
    .sort()
    .map((name) => join(folder, name));
}
