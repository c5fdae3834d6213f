import { PrivilegeError, UnsupportedFeatureError } from "../../base/errors.ts";
import { errno, renderErrno } from "../door/errno.ts";
import type { KernelPort, Status } from "../door/port.ts";
import { systemFiles } from "../door/system-files.ts";

/** Its own place first, then the one below debugfs that older habits know. */
const places = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"] as const;

/** Finds where tracefs is mounted and may be read; undefined when it is not. */
export function findTracefs(): string | undefined {
  return places.find((place) => systemFiles.exists(`${place}/events`));
}

/** Mounts tracefs when it is not mounted. It stays mounted: other tools look for it in the same place. Answers 0 when it is there afterwards. */
export function mountTracefs(port: KernelPort): Status {
  if (findTracefs() !== undefined) return 0;
  const status = port.mount("tracefs", places[0], "tracefs");
  if (findTracefs() !== undefined) return 0;
  return status < 0 ? status : errno.EACCES;
}

/**
 * Finds tracefs, and mounts it when it is not mounted.
 *
 * @throws PrivilegeError when this user may neither read nor mount it.
 * @throws UnsupportedFeatureError when the kernel has none.
 */
export function requireTracefs(port: KernelPort): string {
  const status = mountTracefs(port);
  const found = findTracefs();
  if (found !== undefined) return found;
  const message = `Cannot mount tracefs on "${places[0]}": ${renderErrno(status)}`;
  if (status === errno.ENODEV || status === errno.ENOENT) {
    throw new UnsupportedFeatureError("tracefs", message, {
      since: "4.1",
      hint: "this kernel was built without tracing (CONFIG_TRACING); to try the script on another kernel: bpfts vm run",
    });
  }
  throw new PrivilegeError(message, { hint: `run as root, or have root run: mount -t tracefs tracefs ${places[0]}` });
}

/** Reads a tracepoint's `format` file: its fields with their places. Undefined when there is no such tracepoint, or tracefs cannot be read. */
export function readTracepointFormat(category: string, name: string): string | undefined {
  const root = findTracefs();
  if (root === undefined || ![category, name].every((part) => /^[\w.-]+$/.test(part))) return undefined;
  return readText(`${root}/events/${category}/${name}/format`);
}

/** Lists the kernel's tracepoints as `category:name`, sorted; empty when tracefs cannot be read. */
export function listTracepoints(): readonly string[] {
  const root = findTracefs();
  const text = root === undefined ? undefined : readText(`${root}/available_events`);
  return text === undefined
    ? []
    : text
        .split("\n")
        .filter((line) => line !== "")
        .sort();
}

/** Whether the kernel has a tracepoint; undefined when tracefs cannot be read. */
export function haveTracepoint(category: string, name: string): boolean | undefined {
  const root = findTracefs();
  return root === undefined ? undefined : systemFiles.exists(`${root}/events/${category}/${name}/format`);
}

function readText(path: string): string | undefined {
  try {
    return systemFiles.readText(path);
  } catch {
    return undefined;
  }
}
