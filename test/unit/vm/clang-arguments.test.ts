import { describe, expect, it } from "vitest";
import { listTargetFlags } from "../../../runtime/compile/prelude.ts";
import { readClangArguments } from "../../../runtime/vm/clang-arguments.ts";

const unit = [
  "-include-pch",
  "/cache/prelude.pch",
  ...listTargetFlags("x86"),
  "-I",
  "/cache/kernel",
  "-Wno-error=int-conversion",
  "-Wno-everything",
  '-DNAME="a b"',
  "-c",
  "-x",
  "c",
  "-",
];

describe("clang's arguments from a guest", () => {
  it("are passed on as they came, but for the output's place", () => {
    const readable = ["/cache/prelude.pch", "/cache/kernel"];
    expect(readClangArguments([...unit, "-o", "-"])).toEqual({ args: unit, readable, output: "pipe" });
    const syntax = [...unit, "-Xclang", "-ast-dump=json", "-fsyntax-only"];
    expect(readClangArguments(syntax)).toEqual({ args: syntax, readable });
    const header = ["-x", "c-header", "-Xclang", "-fno-pch-timestamp", ...listTargetFlags("x86"), "/headers/prelude.h"];
    expect(readClangArguments([...header, "-o", "/root/.ssh/authorized_keys"])).toEqual({
      args: header,
      readable: ["/headers/prelude.h"],
      output: "file",
    });
  });

  it.each([
    [["-fplugin=/tmp/evil.so"]],
    [["-fpass-plugin=/tmp/evil.so"]],
    [["-Xclang", "-load", "-Xclang", "/tmp/evil.so"]],
    [["-Xclang"]],
    [["-o"]],
    [["-I"]],
    [["-I", "-fplugin=/tmp/evil.so"]],
    [["-I-fplugin=/tmp/evil.so"]],
    [["-MD", "-MF", "/etc/cron.d/x"]],
    [["-MF/etc/cron.d/x"]],
    [["-Wp,-MD,/etc/cron.d/x"]],
    [["-Wl,-o,/etc/x"]],
    [["-save-temps"]],
    [["-ftime-trace=/etc/x"]],
    [["-fcrash-diagnostics-dir=/etc"]],
    [["--config=/tmp/clang.cfg"]],
    [["@/tmp/more-arguments"]],
    [["-B/tmp"]],
    [["-mllvm", "-stats"]],
    [["/tmp/program.c"]],
    [["constructor"]],
  ])("are refused when they might do more: %j", (args) => {
    expect(readClangArguments([...unit, ...args])).toBeUndefined();
  });
});
