import { makeArgumentError } from "../wire/errors.ts";

/** The type of an argument that is a list of ports, `"80,443"`: pass it to `parse_args` as `type`. @throws BpfError for what is none */
export function port_list(text: string): number[] {
  const ports = text.split(",").map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN));
  if (ports.every((port) => port < 65536)) return ports;
  throw makeArgumentError(`invalid list of ports: '${text}'`);
}

/** C text of a condition: that the variable has none of the values. Without values it is 0, for a filter that was not asked for. */
export function is_none_of(variable: string, values: readonly number[] | undefined): string {
  return values === undefined ? "0" : `(${values.map((value) => `${variable} != ${value}`).join(" && ") || "1"})`;
}
