import { makeArgumentError } from "../wire/errors.ts";

/**
 * The type of an argument that is a list of ports, `"80,443"`: pass it to `parse_args` as `type`.
 *
 * @throws BpfError for what is none
 *
 * @example
 * import { port_list, print } from "bpfts";
 * print(port_list("80,443").length); // 2
 */
export function port_list(text: string): number[] {
  const ports = text.split(",").map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN));
  if (ports.every((port) => port < 65536)) return ports;
  throw makeArgumentError(`invalid list of ports: '${text}'`);
}

/**
 * C text of a condition: that the variable has none of the values. Without values it is 0, for a filter that was not asked for.
 *
 * @example
 * import { is_none_of, print } from "bpfts";
 * print(is_none_of("port", [80, 443])); // (port != 80 && port != 443)
 */
export function is_none_of(variable: string, values: readonly number[] | undefined): string {
  return values === undefined ? "0" : `(${values.map((value) => `${variable} != ${value}`).join(" && ") || "1"})`;
}
