import { PrivilegeError } from "../base/errors.ts";
import type { SourceLocation } from "../base/location.ts";
import { listKernelCalls } from "../object/list-calls.ts";
import type { KernelCall } from "../object/list-calls.ts";
import { findAction } from "./acting-calls.ts";
import type { Action } from "./acting-calls.ts";
import { findProgramAction } from "./acting-programs.ts";
import type { LoadedAs } from "./acting-programs.ts";
import { findFlag } from "./permissions.ts";
import { noPlaces } from "./places.ts";
import type { AllowedPlaces } from "./places.ts";
import type { Permission, PermissionName } from "./permissions.ts";

/** Something that a script asks for and that acts on the rest of the machine. */
export interface AskedAction {
  readonly name: string;
  readonly does: string;
  /** The flag that allows it. */
  readonly flag: Permission["flag"];
  readonly location?: SourceLocation;
}

/** What a script asks of the machine. */
export interface Asks {
  /** Where its programs are attached: `"tracepoint syscalls:sys_enter_mkdir"`. */
  readonly hooks: readonly string[];
  readonly actions: readonly AskedAction[];
  /** Paths below bpffs at which maps are pinned. */
  readonly pins: readonly string[];
  /** Files below /proc and /sys that it reads. */
  readonly files: readonly string[];
  /** Processes that it names: by their storage, or by their sockets. */
  readonly processes: readonly number[];
  /** Units: bytes of the entries of its maps when they are full. */
  readonly mapBytes: number;
}

/** From an instruction of an object to the user's line. */
export type LocateInstruction = (section: string, instruction: number) => SourceLocation | undefined;

/** Source: enum bpf_func_id of linux/bpf.h. */
const cloneRedirect = 13;
const tailCall = 12;

function haveHelper(calls: readonly KernelCall[], wanted: number): boolean {
  return calls.some(({ helper }) => helper === wanted);
}

/** Notes what a script asks for, and refuses what the user has not allowed. */
export interface Guard {
  readonly asks: Asks;
  /** The guarded places that the user has named; undefined in a check, which attaches nothing. */
  readonly places: AllowedPlaces | undefined;
  /** Looks at all instructions of an object before anything of it is loaded. @throws PrivilegeError */
  admitObject(object: Uint8Array, locate: LocateInstruction): void;
  /** Looks at the kind of a program before it is loaded. @throws PrivilegeError */
  admitProgram(object: Uint8Array, program: LoadedAs, location: SourceLocation | undefined): void;
  /** A socket of another process is to be put into a table. @throws PrivilegeError when the table redirects data */
  admitSocket(pid: number, table: string, redirects: boolean): void;
  /** A function is to run on a packet of the script's, which its object must not send anywhere. @throws PrivilegeError */
  admitTestRun(object: Uint8Array, functionName: string): void;
  noteHook(hook: string): void;
  notePin(path: string): void;
  noteFile(path: string): void;
  noteProcess(pid: number): void;
  noteMapBytes(bytes: number): void;
}

/**
 * Opens a guard. A run refuses what is not allowed; a check, which attaches nothing, allows everything and lists it: `allowed` is undefined.
 */
export function openGuard(allowed: ReadonlySet<PermissionName> | undefined, places: AllowedPlaces = noPlaces): Guard {
  const hooks = new Set<string>();
  const actions = new Map<string, AskedAction>();
  const pins = new Set<string>();
  const files = new Set<string>();
  const processes = new Set<number>();
  let mapBytes = 0;
  let anyClones = false;

  const isAllowed = ({ permission }: Action): boolean =>
    allowed === undefined || allowed.has("all") || allowed.has(permission);

  const admit = (
    found: readonly { readonly action: Action; readonly location?: SourceLocation | undefined }[],
    say: (action: Action) => string,
  ): void => {
    for (const { action, location } of found) {
      const { name, does } = action;
      const asked: AskedAction = { name, does, flag: findFlag(action.permission), ...(location && { location }) };
      const key = `${name} ${location?.file}:${location?.line}`;
      if (!actions.has(key)) actions.set(key, asked);
    }
    const refused = found.filter(({ action }) => !isAllowed(action));
    const [first] = refused;
    if (first === undefined) return;
    const flags = [...new Set(refused.map(({ action }) => findFlag(action.permission)))];
    throw new PrivilegeError(
      `${say(first.action)}: a script may do that only with ${findFlag(first.action.permission)}`,
      {
        hint: `if you trust this script, run it with ${flags.join(" ")}`,
        ...(first.location && { location: first.location }),
      },
    );
  };

  return {
    places: allowed === undefined ? undefined : places,
    get asks() {
      return {
        hooks: [...hooks],
        actions: [...actions.values()],
        pins: [...pins],
        files: [...files],
        processes: [...processes],
        mapBytes,
      };
    },
    admitObject(object, locate) {
      const calls = listKernelCalls(object);
      anyClones ||= haveHelper(calls, cloneRedirect);
      const found = calls.flatMap((call) => {
        const action = findAction(call);
        return action === undefined ? [] : { action, location: locate(call.section, call.instruction) };
      });
      admit(found, ({ name, does }) =>
        does.startsWith("calls ") ? `The C text ${does}, ${name}` : `The C text calls ${name}, which ${does}`,
      );
    },
    admitProgram(object, program, location) {
      const action = findProgramAction(object, program);
      if (action !== undefined) admit([{ action, location }], ({ name, does }) => `${name} ${does}`);
    },
    admitSocket(pid, table, redirects) {
      processes.add(pid);
      if (!redirects) return;
      const action: Action = {
        name: `"${table}"`,
        does: `takes a socket of process ${pid}, whose data its programs redirect`,
        permission: "sockets",
      };
      admit([{ action }], ({ name, does }) => `The table ${name} ${does}`);
    },
    admitTestRun(object, functionName) {
      // A tail call leads to any function that a table holds: of another object of the script, or of whoever has filled a pinned table.
      const mayReach = anyClones || pins.size > 0;
      const calls = listKernelCalls(object);
      const isOwn = haveHelper(calls, cloneRedirect);
      if (!isOwn && !(mayReach && haveHelper(calls, tailCall))) return;
      const does = `${isOwn ? "" : "which its tail calls may lead to, "}sends packets to network devices from a test run, too`;
      admit(
        [{ action: { name: "bpf_clone_redirect", does, permission: "all" } }],
        ({ name }) => `Cannot run "${functionName}": ${name}${isOwn ? "" : ","} ${does}`,
      );
    },
    noteHook: (hook) => void hooks.add(hook),
    notePin: (path) => void pins.add(path),
    noteFile: (path) => void files.add(path),
    noteProcess: (pid) => void processes.add(pid),
    noteMapBytes: (bytes) => void (mapBytes += bytes),
  };
}
