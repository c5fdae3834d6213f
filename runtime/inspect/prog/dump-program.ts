import { renderJson } from "../../../sdk/print/render-json.ts";
import { ArgumentError, PrivilegeError } from "../../base/errors.ts";
import { readProgramCode } from "../../kernel/live/program-info.ts";
import type { ProgramInfo } from "../../kernel/live/program-info.ts";
import type { LiveObjects } from "../objects/live-objects.ts";
import { dumpJited, renderJited } from "./dump-jited.ts";
import { dumpXlated, renderXlated } from "./dump-xlated.ts";
import { openProgramSource } from "./program-lines.ts";

/** What a program can be looked at as: what the verifier left of its instructions, or the machine code made from that. */
export type ProgramForm = "xlated" | "jited";

/**
 * Renders the code of a program with its source lines.
 *
 * @throws ArgumentError when it is gone or has no such code, PrivilegeError when the kernel keeps it to itself
 */
export function renderCode(objects: LiveObjects, program: ProgramInfo, form: ProgramForm, asJson: boolean): string {
  const code = readProgramCode(objects.port, program.id);
  if (code === undefined) throw new ArgumentError(`The BPF program ${program.id} is gone`);
  if (form === "jited" && program.jitedBytes === 0)
    throw new ArgumentError(`The BPF program ${program.id} has no machine code: the kernel interprets it`, {
      hint: `its instructions: bpfts prog dump xlated ${program.id}; sysctl net.core.bpf_jit_enable=1 makes machine code of later ones`,
    });
  if (code[form].length === 0)
    throw new PrivilegeError(`The kernel does not hand out the code of the BPF program ${program.id}`, {
      hint: "it hides addresses from everybody: sysctl kernel.kptr_restrict is 2, or this user lacks CAP_SYSLOG",
    });
  const source = openProgramSource(objects, program, code);
  if (form === "xlated") {
    const rows = dumpXlated(objects, code, source);
    return asJson ? `${renderJson(rows, 2)}\n` : renderXlated(rows);
  }
  const functions = dumpJited(objects, code, source);
  return asJson ? `${renderJson(functions, 2)}\n` : renderJited(functions);
}
