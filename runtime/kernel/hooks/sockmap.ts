import { errno, renderErrno } from "../door/errno.ts";
import type { Handle } from "../door/port.ts";
import type { AttachTarget } from "./attach.ts";

/** A sockmap or sockhash, by its name. Source: BPF_PROG_ATTACH. */
export function describeMapTarget(name: string, map: Handle, attachType: number): AttachTarget {
  return {
    key: `${attachType}:${name}`,
    label: name,
    open: (port, program) => port.attachMap(program, map, attachType),
    explain: (_port, status) =>
      status === errno.EINVAL || status === errno.EOPNOTSUPP
        ? {
            reason: `a map of this kind takes no such program (${renderErrno(status)})`,
            hint: "sk_msg and sk_skb programs sit on sockmaps and sockhashes",
          }
        : undefined,
  };
}
