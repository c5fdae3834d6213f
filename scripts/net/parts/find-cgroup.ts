import { ArgumentError, lab_place, lab_places } from "bpfts";

/** The folder of the cgroup that `--cgroup` names: a path, or a place of the lab. @throws ArgumentError when it is not given, and for a place that the lab does not have */
export function find_cgroup(given: string | undefined): string {
  if (given === undefined) throw new ArgumentError("BPFTS_ARGUMENT", "a cgroup is needed: --cgroup /sys/fs/cgroup/web");
  return !given.includes("/") && lab_places().length > 0 ? lab_place(given).cgroup : given;
}
