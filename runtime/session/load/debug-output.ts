import { DebugBit } from "../../../sdk/wire/debug-bits.ts";
import { silentLog } from "../../base/log.ts";
import type { Log } from "../../base/log.ts";
import { readHelpers } from "../../compile/helper-names.ts";
import type { CSource } from "../../dialect/text/unit.ts";
import { errno } from "../../kernel/door/errno.ts";
import type { ObjectLoadResult } from "../../kernel/door/port.ts";
import { renderAssembly } from "../../object/render-assembly.ts";
import { renderObjectTypes } from "../../object/render-object-types.ts";
import { renderLlvmIr, renderUnit } from "../build/build-unit.ts";
import type { FileScope } from "../../script/file-scope.ts";
import type { BuiltUnit } from "../build/build-unit.ts";
import { changeTools } from "../build/build-tools.ts";
import type { BuildTools } from "../build/build-tools.ts";

/** Shows what BCC's debug bits ask for, and the verifier's logs under `--verbose`. */
export interface DebugOutput {
  /** Source: `log_level` of BPF_PROG_LOAD. */
  readonly logLevel: number;
  /** Shows the text before it is compiled. @throws DialectError, CompileError where there is nothing to show */
  showText(source: CSource, cflags: readonly string[], tools: BuildTools): void;
  showObject(unit: BuiltUnit, source: CSource, files: FileScope): void;
  noteLogs(result: ObjectLoadResult): void;
}

/** Opens the output of one `new BPF(…)`. `debug` has BCC's bits; `isVerbose` stands for the user's `--verbose`. */
export function openDebugOutput(debug: number, isVerbose: boolean, log: Log): DebugOutput {
  const has = (bit: number): boolean => (debug & bit) !== 0;
  const show = (heading: string, text: string): void => log.show?.(heading, text);
  const showsLogs = has(DebugBit.BPF) || has(DebugBit.BPF_REGISTER_STATE);
  return {
    logLevel: has(DebugBit.BPF_REGISTER_STATE) ? 2 : showsLogs || isVerbose ? 1 : 0,
    showText(source, cflags, tools) {
      if (!has(DebugBit.PREPROCESSOR) && !has(DebugBit.LLVM_IR)) return;
      // Whoever builds the text tells the warnings.
      const quiet = changeTools(tools, { log: silentLog });
      if (has(DebugBit.PREPROCESSOR)) show("C text for clang", renderUnit(source, cflags, quiet));
      if (has(DebugBit.LLVM_IR)) show("LLVM IR", renderLlvmIr(source, cflags, quiet));
    },
    showObject({ bytes }, source, files) {
      if (has(DebugBit.SOURCE)) {
        const readLine = openLines(source, files);
        show("bytecode with source lines", renderAssembly(bytes, { nameHelper: findHelperName, readLine }));
      }
      if (has(DebugBit.BTF)) show("BTF types", renderObjectTypes(bytes));
    },
    noteLogs({ status, log: messages, programLogs }) {
      if (has(DebugBit.BTF) && messages.trim() !== "") show("libbpf's messages", messages);
      const heading = status === errno.ENOSPC ? "part of the verifier's log, which is too long," : "verifier's log";
      // Under --verbose the error of a refused program has its log.
      if (!showsLogs && status < 0 && status !== errno.ENOSPC) return;
      for (const [name, text] of Object.entries(programLogs)) show(`${heading} of "${name}"`, text);
    },
  };
}

/** Lines of the script's own files, and of a text that stands in none. */
function openLines(source: CSource, files: FileScope): (file: string, line: number) => string | undefined {
  const own = source.text.split("\n");
  return (file, line) => (file.endsWith("<text>") ? own[line - 1] : files.findLine({ file, line }));
}

function findHelperName(number: number): string | undefined {
  try {
    return readHelpers().find(({ id }) => id === number)?.name;
  } catch {
    // Without libbpf's headers helpers have numbers alone.
    return undefined;
  }
}
