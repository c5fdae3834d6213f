import { Scope } from "../../base/scope.ts";
import type { Closable } from "../../base/scope.ts";
import { openAddon } from "../../kernel/door/addon.ts";
import type { KernelPort } from "../../kernel/door/port.ts";
import { listKernelFunctions } from "../../kernel/machine/kallsyms.ts";
import { readMachine } from "../../kernel/machine/machine.ts";
import type { Machine } from "../../kernel/machine/machine.ts";
import { listTracepoints, readTracepointFormat, requireTracefs } from "../../kernel/machine/tracefs.ts";
import { openUserSpace } from "../../kernel/user/user-space.ts";
import type { UserSpace } from "../../kernel/user/user-space.ts";
import { openKernelTypes } from "./kernel-types.ts";
import type { KernelTypes } from "./kernel-types.ts";

/** What a list is made from. Each thing is read when it is first asked for. Owner: whoever opened it closes it. */
export interface ListMachine extends Closable {
  readonly port: KernelPort;
  readonly arch: Machine["arch"];
  readonly types: KernelTypes;
  readonly userSpace: UserSpace;
  listTracepoints(): readonly string[];
  readTracepointFormat(category: string, name: string): string | undefined;
  /** The functions that a kprobe can be tried on, sorted. */
  listKernelFunctions(): readonly string[];
}

/** Opens this machine. @throws PrivilegeError, UnsupportedFeatureError when there is no tracefs */
export function openListMachine(): ListMachine {
  const scope = new Scope();
  const port = openAddon();
  let functions: readonly string[] | undefined;
  let arch: Machine["arch"] | undefined;
  return {
    port,
    get arch() {
      return (arch ??= readMachine().arch);
    },
    types: openKernelTypes(),
    userSpace: scope.own(openUserSpace(port)),
    listTracepoints() {
      requireTracefs(port);
      return listTracepoints();
    },
    readTracepointFormat,
    listKernelFunctions: () => (functions ??= listKernelFunctions()),
    close: () => scope.close(),
  };
}
