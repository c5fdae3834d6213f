import { AttachError, InternalError, UnsupportedFeatureError } from "../../base/errors.ts";
import type { BpftsError } from "../../base/errors.ts";
import { errno, renderErrno } from "../door/errno.ts";
import type { Handle, KernelPort } from "../door/port.ts";

/** A table of functions on its way into the kernel. */
export interface StructOpsTable {
  readonly name: string;
  /** The struct's C name. */
  readonly type: string;
}

/** A table with this flag is registered by a link. Source: BPF_F_LINK of linux/bpf.h. */
const linkFlag = 1 << 13;
const linkSince = (6 << 16) | (4 << 8);

/** The flags of the map that holds a table, so that the kernel takes it back by itself where it can. */
export function describeTableFlags(versionCode: number): number {
  return versionCode >= linkSince ? linkFlag : 0;
}

/** What the kernel asks of the tables that people write most. Source: the `validate` and `reg` functions of each. */
const needs: Readonly<Record<string, string>> = {
  tcp_congestion_ops:
    "it needs .ssthresh, .undo_cwnd, .cong_avoid or .cong_control, and a .name of up to 15 characters",
  sched_ext_ops: "it needs a .name; look at what the kernel says: dmesg | tail",
};

/**
 * Registers the table of a loaded object. Owner: the caller closes the link, which takes it back.
 *
 * @throws AttachError
 */
export function registerTable(port: KernelPort, object: Handle, { name, type }: StructOpsTable): Handle {
  const link = port.attachStructOps(object, name);
  if (link >= 0) return link;
  const why = explainRefusal(type, link);
  throw new AttachError(`Cannot register "${name}" with the kernel as ${type}: ${why.reason}`, {
    ...(why.hint !== undefined && { hint: why.hint }),
    reason: link === errno.EEXIST ? "exists" : "other",
    errno: -link,
  });
}

function explainRefusal(type: string, status: number): { readonly reason: string; readonly hint?: string } {
  switch (status) {
    case errno.EEXIST:
      return { reason: "the kernel has one of that name already", hint: "give it another .name" };
    case errno.EBUSY:
      return {
        reason: `another one is in its place (${renderErrno(status)})`,
        hint: `see which: bpfts map, bpfts link`,
      };
    case errno.EINVAL:
      return {
        reason: `the kernel does not take it as it is (${renderErrno(status)})`,
        hint: needs[type] ?? "a function or a value that the kernel asks for is missing",
      };
    default:
      return { reason: renderErrno(status) };
  }
}

/** Says what libbpf means when it finds no place for a table in the kernel's types. */
export function describeTableFailure(table: StructOpsTable, error: unknown): unknown {
  if (!(error instanceof InternalError)) return error;
  return describeUnfit(table, error.detail ?? "") ?? error;
}

function describeUnfit({ name, type }: StructOpsTable, detail: string): BpftsError | undefined {
  const action = `Cannot load "${name}"`;
  if (/struct_ops init_kern.*is not found in kernel BTF/.test(detail))
    return new UnsupportedFeatureError("struct_ops", `${action}: this kernel takes no table of type ${type}`, {
      detail,
      hint: "list what it takes: bpfts list 'struct_ops:*'",
    });
  const reloc = /struct_ops reloc (\S+): .*?\b(prog|func ptr) (\S+)/.exec(detail);
  if (reloc !== null)
    return new AttachError(`${action}: one of its members is no program of struct_ops`, {
      detail,
      hint: 'write each function as SEC("struct_ops/NAME") and give a member one that has its type',
    });
  const member = /struct_ops init_kern \S+: (?:Cannot find member|Unmatched member type|Error:?) ?(\S*)/.exec(detail);
  return member === null
    ? undefined
    : new UnsupportedFeatureError(
        "struct_ops",
        `${action}: the kernel's struct ${type} differs from the one that the text has (${member[1]})`,
        { detail, hint: `look at it: bpfts list -v 'struct_ops:${type}'` },
      );
}
