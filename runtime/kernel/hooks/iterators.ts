import { ArgumentError, AttachError, UnsupportedFeatureError } from "../../base/errors.ts";
import type { IteratorArgument } from "../../../sdk/wire/iterator-calls.ts";
import { errno, renderErrno } from "../door/errno.ts";
import type { Handle, KernelPort } from "../door/port.ts";
import { putDescriptor } from "../door/use-descriptor.ts";
import { openCgroup } from "../machine/cgroups.ts";
import { haveFeature } from "../machine/features.ts";
import { systemFiles } from "../door/system-files.ts";

/** The part of the kernel's objects that an iterator is asked for. */
type Choice = "map" | "cgroup" | "task";

/** Iterators that can be told where to look: one row each. The others walk through all of their objects. */
const choices: Readonly<Record<string, Choice>> = {
  bpf_map_elem: "map",
  bpf_sk_storage_map: "map",
  cgroup: "cgroup",
  task: "task",
  task_file: "task",
  task_vma: "task",
};

/** Options by the choice that they belong to. */
const optionsOf: Readonly<Record<Choice, readonly (keyof IteratorArgument)[]>> = {
  map: ["map"],
  cgroup: ["cgroup", "order"],
  task: ["pid", "tid"],
};

/** Before, the kernel would walk through all tasks without a word. */
const taskChoiceSince = (6 << 16) | (1 << 8);

/** Units: bytes. Source: sizeof(union bpf_iter_link_info) since Linux 6.1. */
const LINK_INFO_BYTES = 16;

/** What an iterator of a section walks through: `"task"` for `iter/task` and `iter.s/task`; undefined for other sections. */
export function findIteratorTarget(section: string): string | undefined {
  return /^\??iter(?:\.s)?\/(.+)$/.exec(section)?.[1];
}

/** What opening an iterator needs to know. */
export interface IteratorRequest {
  readonly functionName: string;
  /** What it walks through: `"task"`. */
  readonly target: string;
  readonly options: IteratorArgument;
  /** Source: LINUX_VERSION_CODE. */
  readonly versionCode: number;
  findMap(name: string): Handle | undefined;
}

/**
 * Opens an iterator. Owner: the caller closes it with `iteratorClose`.
 *
 * @throws ArgumentError for options that it does not have, AttachError, UnsupportedFeatureError
 */
export function openIterator(port: KernelPort, program: Handle, request: IteratorRequest): Handle {
  const action = `Cannot read the iterator "${request.functionName}"`;
  const { info, close } = encodeLinkInfo(port, request, action);
  try {
    const iterator = port.iteratorOpen(program, info);
    if (iterator >= 0) return iterator;
    throw describeOpenFailure(port, request, action, iterator);
  } finally {
    close();
  }
}

function encodeLinkInfo(
  port: KernelPort,
  { target, options, versionCode, findMap }: IteratorRequest,
  action: string,
): { readonly info: Uint8Array; close(): void } {
  const choice = choices[target];
  const allowed = choice === undefined ? [] : optionsOf[choice];
  const wrong = Object.keys(options).find((name) => !allowed.includes(name as keyof IteratorArgument));
  if (wrong !== undefined)
    throw new ArgumentError(`${action}: an iterator over "${target}" has no option "${wrong}"`, {
      hint:
        allowed.length === 0 ? "it walks through everything: choose in C" : `its options are: ${allowed.join(", ")}`,
    });
  const info = new Uint8Array(LINK_INFO_BYTES);
  const view = new DataView(info.buffer);
  const nothing = { info: new Uint8Array(0), close: () => undefined };
  if (choice === "map") {
    if (options.map === undefined)
      throw new ArgumentError(`${action}: an iterator over "${target}" needs a table`, {
        hint: "for example { map: b.tables.counts }",
      });
    const map = findMap(options.map);
    if (map === undefined) throw new ArgumentError(`${action}: "${options.map}" is no table of this program`);
    putDescriptor(port, map, info, 0);
    return { info, close: () => undefined };
  }
  if (Object.keys(options).length === 0 && choice !== "cgroup") return nothing;
  if (choice === "cgroup") {
    view.setUint32(0, options.order ?? 2, true);
    if (options.cgroup === undefined) return { info, close: () => undefined };
    const cgroup = openCgroup(port, options.cgroup);
    putDescriptor(port, cgroup, info, 4);
    return { info, close: () => void port.descriptorClose(cgroup) };
  }
  if (versionCode < taskChoiceSince)
    throw new UnsupportedFeatureError(
      "iter_task",
      `${action}: this kernel walks through all tasks (Linux 6.1 or later can choose)`,
      {
        since: "6.1",
        hint: "compare the pid in C: if (ctx->task && ctx->task->tgid != PID) return 0;",
      },
    );
  if (options.pid !== undefined && options.tid !== undefined)
    throw new ArgumentError(`${action}: give one of pid and tid`);
  // The kernel would walk through nothing without a word.
  requireTask(action, options.pid ?? options.tid ?? 0);
  view.setUint32(0, options.tid ?? 0, true);
  view.setUint32(4, options.pid ?? 0, true);
  return { info, close: () => undefined };
}

/** Threads have a folder, too, though none that is listed. */
function requireTask(action: string, id: number): void {
  if (systemFiles.exists(`/proc/${id}`)) return;
  throw new AttachError(`${action}: there is no process or thread ${id}`, {
    hint: "leave it out to walk through all of them; a pid of another container means nothing here",
  });
}

function describeOpenFailure(
  port: KernelPort,
  { target }: IteratorRequest,
  action: string,
  status: number,
): AttachError | UnsupportedFeatureError {
  if (haveFeature(port, "iter") === false)
    return new UnsupportedFeatureError("iter", `${action}: this kernel has no iterators`, { since: "5.8" });
  if (status === errno.EINVAL && target === "bpf_map_elem")
    return new AttachError(`${action}: the kernel walks through no table of that kind`, {
      errno: -status,
      hint: "hash tables, LRU tables and arrays can be walked through, also those of each CPU",
    });
  return new AttachError(`${action} (${renderErrno(status)})`, { errno: -status });
}

/** Why reading failed, in a sentence of the user's. */
export function describeReadFailure(functionName: string, status: number): AttachError {
  const action = `Cannot read the iterator "${functionName}"`;
  if (status === errno.EAGAIN)
    return new AttachError(`${action}: its function asks to see the same object again and again`, {
      errno: -status,
      hint: "return 0; an iterator that returns 1 gets the same object once more",
    });
  if (status === errno.E2BIG)
    return new AttachError(`${action}: its function writes too much about one object`, {
      errno: -status,
      hint: "the kernel has room for 32 KiB (eight pages) about each object",
    });
  return new AttachError(`${action} (${renderErrno(status)})`, { errno: -status });
}
