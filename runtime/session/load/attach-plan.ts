import type { AttachTarget } from "../../kernel/hooks/attach.ts";
import type { ProgramRequest } from "../../kernel/hooks/program-kinds.ts";
import type { UsdtSpecs } from "../../kernel/hooks/usdt-specs.ts";
import type { Machine } from "../../kernel/machine/machine.ts";
import type { Handle, KernelPort } from "../../kernel/door/port.ts";
import type { UserSpace } from "../../kernel/user/user-space.ts";

/** What the rows look things up in. */
export interface AttachContext {
  readonly machine: Machine;
  listTracepoints(): readonly string[];
  readonly port: KernelPort;
  readonly userSpace: UserSpace;
  /** Of the program that is attached; absent while nothing is loaded. */
  readonly usdt?: UsdtSpecs;
  /** Whether the program reads USDT arguments with libbpf's words, which libbpf must attach. */
  readonly usesLibbpfUsdt?: boolean;
  /** The maps of the program that is attached. */
  findMap?(name: string): Handle | undefined;
  /** The section of a function. */
  findSection?(fnName: string): string | undefined;
  /** The USDT arguments that a function reads, by their numbers from 1. */
  listUsdtArguments?(fnName: string): readonly number[];
}

/** A request in the kernel's terms: how to load the function, and every place that it goes to. */
export interface AttachPlan {
  readonly program: ProgramRequest;
  readonly targets: readonly AttachTarget[];
  /** With a pattern, places that refuse are passed over unless all of them do. */
  readonly isPattern: boolean;
  /** What will not work although it can be attached. */
  readonly warnings?: readonly string[];
}
