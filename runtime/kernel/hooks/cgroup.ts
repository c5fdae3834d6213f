import { withCgroup } from "../machine/cgroups.ts";
import type { AttachTarget } from "./attach.ts";

/** A cgroup by its path. Source: BPF_LINK_CREATE. Since: Linux 5.7 */
export function describeCgroup(path: string, attachType: number): AttachTarget {
  return {
    key: `${attachType}:${path}`,
    label: path,
    open: (port, program) => withCgroup(port, path, (cgroup) => port.attachTarget(program, cgroup, attachType)),
  };
}
