import { makeArgumentError } from "../wire/errors.ts";
import { callHost } from "../wire/host.ts";
import type { LabPlace } from "../wire/lab-place.ts";

let places: readonly LabPlace[] | undefined;

/**
 * The nodes and pods of the lab that the script runs in (`bpfts run --lab FILE.json`), in the order of the file; none without a lab.
 *
 * @example
 * import { lab_places, print } from "bpfts";
 * print(lab_places().map((place) => place.name)); // []
 */
export function lab_places(): readonly LabPlace[] {
  places ??= callHost("lab_places", null);
  return places;
}

/**
 * A node or a pod of the lab that the script runs in, by its name: its network namespace, device, addresses and cgroup.
 *
 * @throws BpfError when there is no lab, or no such place in it
 *
 * @example
 * import { BPF, lab_place, lab_places, print } from "bpfts";
 * if (lab_places().length > 0) {
 *   const { netns, dev, ip } = lab_place("pod1");
 *   const b = new BPF({ text: `int pass(struct xdp_md *ctx) { return XDP_PASS; }` });
 *   if (dev !== null) print(ip, b.attach_xdp({ netns, dev, fn_name: "pass" }).mode);
 * }
 */
export function lab_place(name: string): LabPlace {
  const found = lab_places().find((place) => place.name === name);
  if (found !== undefined) return found;
  const names = lab_places().map((place) => place.name);
  if (names.length === 0)
    throw makeArgumentError(`There is no lab with a place "${name}"`, "run the script with --lab FILE.json");
  throw makeArgumentError(`The lab has no place "${name}"`, `there are: ${names.join(", ")}`);
}
