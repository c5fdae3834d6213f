import { requireOptions, requireText, showValue } from "../checks/check-options.ts";
import { makeArgumentError } from "../wire/errors.ts";
import type { BuildArgument } from "../wire/protocol.ts";
import type { BuildOptions } from "./bpf-options.ts";

/** Reads `pins` of `new BPF()`. @throws BpfError for what is no place of a table */
export function readPins(pins: NonNullable<BuildOptions["pins"]>): NonNullable<BuildArgument["pins"]> {
  if (typeof pins !== "object" || pins === null || Array.isArray(pins))
    throw makeArgumentError(
      `new BPF() takes pins as an object, got ${showValue(pins)}`,
      'for example pins: { counts: "/sys/fs/bpf/bpfts/web/counts" }',
    );
  return Object.fromEntries(Object.entries(pins).map(([name, pin]) => [name, readPin(name, pin)]));
}

function readPin(name: string, pin: unknown): { readonly path: string; readonly create: boolean } {
  const call = `new BPF() with a pin of "${name}"`;
  if (typeof pin !== "string") requireOptions(call, pin, ["path", "create"]);
  const { path, create = true } =
    typeof pin === "string" ? { path: pin } : (pin as { readonly path: unknown; readonly create?: unknown });
  requireText(call, "its path", path);
  if (typeof create !== "boolean")
    throw makeArgumentError(`${call} takes create as true or false, got ${showValue(create)}`);
  if (!(path as string).startsWith("/"))
    throw makeArgumentError(
      `${call} takes its whole path, got ${showValue(path)}`,
      `the BPF file system is at /sys/fs/bpf: "/sys/fs/bpf/bpfts/${name}"`,
    );
  return { path: path as string, create };
}
