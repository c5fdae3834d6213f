import { spawnSync } from "node:child_process";
import { PrivilegeError, ResourceError, ToolchainError, UnsupportedFeatureError } from "../base/errors.ts";
import { namespaceFolder } from "../kernel/network/network-namespace.ts";
import type { LabStep } from "./plan-lab.ts";

/** A program that a step needs, and the package that Debian has it in. */
const packages: Readonly<Record<string, string>> = { ip: "iproute2", bridge: "iproute2", nsenter: "util-linux" };

/** ip and bridge lie in sbin, which the PATH of a user often lacks. */
const searchPath = `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`;

/** The path of a namespace's file. */
export function findNamespaceFile(namespace: string): string {
  return `${namespaceFolder}/${namespace}`;
}

/** The command line of a step and what it reads. */
export function describeStep({ namespace, tool, lines }: LabStep): {
  readonly argv: readonly [string, ...string[]];
  readonly input: string;
} {
  if (tool !== "sysctl") return { argv: [tool, "-n", namespace, "-batch", "-"], input: `${lines.join("\n")}\n` };
  const settings = lines.map((line) => line.split("=")).map(([name, value]) => `echo ${value} > ${name}`);
  // What is below /proc/sys/net is that of the process that opens it.
  const shell = `cd /proc/sys/net && ${settings.join(" && ")}`;
  return { argv: ["nsenter", `--net=${findNamespaceFile(namespace)}`, "sh", "-c", shell], input: "" };
}

/** The commands by which a person would do a step. */
export function renderStep(step: LabStep): string {
  const { namespace, tool, lines } = step;
  if (tool !== "sysctl") return lines.map((line) => `${tool} -n ${namespace} ${line}\n`).join("");
  return lines
    .map(
      (line) =>
        `ip netns exec ${namespace} sysctl -q -w net.${line.replace(/\/|=/g, (mark) => (mark === "/" ? "." : "="))}\n`,
    )
    .join("");
}

/** Does a step. @throws ToolchainError, PrivilegeError, UnsupportedFeatureError, ResourceError */
export function runStep(step: LabStep): void {
  const { argv, input } = describeStep(step);
  const said = runTool(argv, input);
  if (said === undefined) return;
  const line = Number(/Command failed \S*:(\d+)/.exec(said)?.[1] ?? 0);
  throw describeFailure(step.lines[line - 1] ?? argv.join(" "), step.tool, said);
}

/** Runs a program. Answers what it said when it failed. @throws ToolchainError when it is not there */
export function runTool(
  [program, ...args]: readonly [string, ...string[]],
  input = "",
  path = searchPath,
): string | undefined {
  const result = spawnSync(program, args, {
    input,
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C", PATH: path },
  });
  if (result.error !== undefined) {
    if ((result.error as NodeJS.ErrnoException).code !== "ENOENT")
      throw new ResourceError(`Cannot start "${program}": ${result.error.message}`, { cause: result.error });
    throw new ToolchainError(`Cannot make a lab: the program "${program}" is missing`, {
      hint: `apt-get install ${packages[program] ?? program}`,
    });
  }
  if (result.status === 0) return undefined;
  const said = `${result.stdout}${result.stderr}`.trim();
  if (said !== "") return said;
  return result.signal === null ? `it ended with the status ${result.status}` : `it was ended by ${result.signal}`;
}

/** What a failed command means, of those that make a lab or take it down. */
export function describeFailure(
  command: string,
  tool: string,
  said: string,
  what: "make" | "take down" = "make",
): PrivilegeError | UnsupportedFeatureError | ResourceError {
  const message = `Cannot ${what} the lab: "${tool === "sysctl" ? "" : `${tool} `}${command}" failed: ${said.split("\n")[0]}`;
  if (/Operation not permitted|Permission denied/.test(said))
    return new PrivilegeError(message, {
      hint: "namespaces and devices take CAP_SYS_ADMIN and CAP_NET_ADMIN: run it as root",
    });
  const kind = /type (veth|bridge|vxlan)\b/.exec(command)?.[1];
  if (kind !== undefined && /Unknown device type|Operation not supported/.test(said))
    return new UnsupportedFeatureError(kind, message, {
      hint: `this kernel has no ${kind} devices, or its module "${kind}" is not loaded`,
    });
  return new ResourceError(message, { detail: said });
}
