import type { ProbeDetails } from "./probe.ts";

/** Renders what is known of a probe, a line each, to stand below its name. */
export function renderDetails({ args, returns, use, notes }: ProbeDetails): string {
  const lines = [
    ...args.map(({ name, type }) => renderArgument(type, name)),
    ...(returns === undefined || returns === "void" ? [] : [renderArgument(returns, "retval")]),
    ...(notes ?? []).map((note) => `# ${note}`),
    `> ${use}`,
  ];
  return lines.map((line) => `    ${line}\n`).join("");
}

/** As C declares it; a pointer to a function has its name in the middle. */
function renderArgument(type: string, name: string): string {
  if (type.includes("(*)")) return type.replace("(*)", `(*${name})`);
  const [, element, dimensions] = /^(.*?) ?((?:\[[^\]]*\])+)$/.exec(type) ?? [];
  if (element !== undefined) return `${element} ${name}${dimensions}`;
  return type.endsWith("*") ? `${type}${name}` : `${type} ${name}`;
}
