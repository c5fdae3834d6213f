import { placeLine } from "../../kernel/load/place-line.ts";
import type { LocateLine } from "../../kernel/load/place-line.ts";
import { findSourceLine } from "../../object/line-info.ts";
import type { LocateInstruction } from "../../permit/guard.ts";

/** Finds the user's lines of an object's instructions. */
export function openInstructionLines(object: Uint8Array, locateLine: LocateLine): LocateInstruction {
  return (section, instruction) => {
    const found = findSourceLine(object, section, instruction);
    return found && placeLine(found, locateLine);
  };
}
