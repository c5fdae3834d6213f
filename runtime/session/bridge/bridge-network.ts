import type { BuiltProgram } from "../load/program.ts";
import type { Handlers } from "./bridge-state.ts";

/** The calls that put programs into the network. */
export function openNetworkCalls(
  requireProgram: (program: number) => BuiltProgram,
): Handlers<"link_open" | "link_update" | "link_pin" | "link_close" | "link_lost"> {
  return {
    link_open: ({ program, request }) => requireProgram(program).network.open(request),
    link_update({ program, link, fnName }) {
      requireProgram(program).network.update(link, fnName);
      return null;
    },
    link_pin({ program, link, path }) {
      requireProgram(program).network.pin(link, path);
      return null;
    },
    link_close({ program, link }) {
      requireProgram(program).network.closeLink(link);
      return null;
    },
    link_lost: ({ program, link }) => requireProgram(program).network.isLost(link),
  };
}
