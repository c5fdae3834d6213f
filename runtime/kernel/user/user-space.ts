import type { Log } from "../../base/log.ts";
import type { Closable } from "../../base/scope.ts";
import { openBinaries } from "./binary.ts";
import type { Binaries } from "./binary.ts";
import type { KernelPort } from "../door/port.ts";
import { openUserSymbols } from "./user-symbols.ts";
import type { UserSymbols } from "./user-symbols.ts";

/** What is known about programs, libraries and processes; probes and stacks share it. Owner: whoever opened it closes it. */
export interface UserSpace extends Closable {
  readonly binaries: Binaries;
  readonly symbols: UserSymbols;
}

/** Opens it. Nothing is read before the first question; `log` is told of names that may be missing. */
export function openUserSpace(port: KernelPort, log?: Log): UserSpace {
  const binaries = openBinaries(port);
  const symbols = openUserSymbols(port, binaries, log === undefined ? {} : { log });
  return {
    binaries,
    symbols,
    close() {
      symbols.close();
      binaries.close();
    },
  };
}
