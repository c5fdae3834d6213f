import { arch, release, version } from "node:os";
import { gunzipSync } from "node:zlib";
import { UnsupportedFeatureError } from "../../base/errors.ts";
import { systemFiles } from "../door/system-files.ts";

/** What the running kernel is, as far as compiling for it asks. */
export interface Machine {
  /** As libbpf's headers name it in `__TARGET_ARCH_…`. */
  readonly arch: "x86" | "arm64";
  readonly release: string;
  /** Source: LINUX_VERSION_CODE. */
  readonly versionCode: number;
  readonly onlineCpus: readonly number[];
  readonly possibleCpus: number;
  /** Changes with every build of the kernel. */
  readonly identity: string;
  /** The value of a configuration option: `y`, `m`, a number or a quoted string; undefined when it is off or the configuration cannot be read. */
  findConfig(name: string): string | undefined;
}

/** Where the kernel keeps the types of itself. Since: Linux 5.2 with CONFIG_DEBUG_INFO_BTF. */
export const vmlinuxBtf = "/sys/kernel/btf/vmlinux";

/** @throws UnsupportedFeatureError on an architecture that the headers do not know. */
export function readMachine(): Machine {
  const name = ({ x64: "x86", arm64: "arm64" } as const)[arch() as "x64" | "arm64"];
  if (name === undefined)
    throw new UnsupportedFeatureError("arch", `This machine's architecture, ${arch()}, is not supported`, {
      hint: "x86-64 and arm64 are",
    });
  return describeMachine({
    arch: name,
    release: release(),
    version: version(),
    notes: readNotes(),
    onlineCpus: readCpuList("online"),
    possibleCpus: readCpuList("possible"),
    readConfig: readConfigText,
  });
}

/** What a kernel says of itself, as its files say it. */
export interface MachineFacts {
  readonly arch: Machine["arch"];
  /** Source: uname(2). */
  readonly release: string;
  readonly version: string;
  /** The bytes of /sys/kernel/notes, as hex digits. */
  readonly notes: string;
  /** The texts of /sys/devices/system/cpu/online and possible: `0-3,6`. */
  readonly onlineCpus: string;
  readonly possibleCpus: string;
  /** The kernel's `.config`, asked for once; empty when it cannot be read. */
  readonly readConfig: () => string;
}

/** Describes the machine behind such facts: this one, or one that they were taken from. */
export function describeMachine(facts: MachineFacts): Machine {
  let config: ReadonlyMap<string, string> | undefined;
  return {
    arch: facts.arch,
    release: facts.release,
    versionCode: findVersionCode(facts),
    onlineCpus: parseCpuList(facts.onlineCpus),
    possibleCpus: parseCpuList(facts.possibleCpus).length,
    identity: `${facts.release} ${facts.version} ${facts.notes}`,
    findConfig: (name) => (config ??= parseConfig(facts.readConfig())).get(name),
  };
}

/** @throws UnsupportedFeatureError when the kernel does not carry its types. */
export function requireBtf(): void {
  if (systemFiles.exists(vmlinuxBtf)) return;
  throw new UnsupportedFeatureError("btf", `This kernel does not carry its own types: "${vmlinuxBtf}" is missing`, {
    since: "5.2",
    hint: "it needs CONFIG_DEBUG_INFO_BTF=y and /sys mounted; to try the script on a kernel that has it: bpfts vm run",
  });
}

/** How far the kernel is locked down, undefined where it does not say. Source: /sys/kernel/security/lockdown, kernel_lockdown(7). */
export function readLockdown(files = systemFiles): "none" | "integrity" | "confidentiality" | undefined {
  try {
    const chosen = /\[(\w+)\]/.exec(files.readText("/sys/kernel/security/lockdown"))?.[1];
    return chosen as ReturnType<typeof readLockdown>;
  } catch {
    return undefined;
  }
}

/** Distributions number their builds in the version, where the release only names the series. */
function findVersionCode({ version, release }: MachineFacts): number {
  const match = /Debian (\d+)\.(\d+)\.(\d+)/.exec(version) ?? /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(release);
  const [major, minor, patch] = [match?.[1], match?.[2], match?.[3]].map((part) => Number(part ?? 0));
  return (major! << 16) | (minor! << 8) | Math.min(patch!, 255);
}

/** The CPUs that run now. */
export function readOnlineCpus(): number[] {
  return parseCpuList(readCpuList("online"));
}

/** @throws UnsupportedFeatureError when there is no /sys */
function readCpuList(kind: "online" | "possible"): string {
  const path = `/sys/devices/system/cpu/${kind}`;
  try {
    return systemFiles.readText(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new UnsupportedFeatureError("sysfs", `Cannot read "${path}": nothing is mounted on /sys`, {
      cause,
      hint: "mount it: mount -t sysfs sysfs /sys; a container needs it from the machine that it runs on",
    });
  }
}

function parseCpuList(text: string): number[] {
  return text
    .trim()
    .split(",")
    .flatMap((range) => {
      const [first, last = first] = range.split("-").map(Number);
      return Array.from({ length: last! - first! + 1 }, (_, index) => first! + index);
    });
}

/** The kernel's ELF notes hold its build id: a few bytes where hashing the types would take milliseconds. */
function readNotes(): string {
  try {
    return systemFiles.readBytes("/sys/kernel/notes").toString("hex");
  } catch {
    return "";
  }
}

function readConfigText(): string {
  for (const path of [
    "/proc/config.gz",
    `/boot/config-${release()}`,
    `/lib/modules/${release()}/config`,
    `/usr/lib/modules/${release()}/config`,
  ]) {
    try {
      const bytes = systemFiles.readBytes(path);
      return path.endsWith(".gz") ? gunzipSync(bytes).toString("utf8") : bytes.toString("utf8");
    } catch {
      // Not in this place: the next one.
    }
  }
  return "";
}

function parseConfig(text: string): Map<string, string> {
  return new Map([...text.matchAll(/^(CONFIG_\w+)=(.*)$/gm)].map((match) => [match[1]!, match[2]!]));
}
