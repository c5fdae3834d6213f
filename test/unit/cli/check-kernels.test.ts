import { describe, expect, it } from "vitest";
import { VmError } from "../../../runtime/base/errors.ts";
import { readVerdicts, renderVerdicts } from "../../../runtime/cli/check-kernels.ts";

const answer = (stdout: string, rest: object = {}) => ({
  kernel: "6.1",
  release: "6.1.0-9-amd64",
  status: 1,
  stdout,
  stderr: "",
  ...rest,
});

describe("verdicts of several kernels", () => {
  it("are read from between the lines that a script prints", () => {
    const stdout =
      'TIME COMM\n{"file":"a.ts","ok":true,"programs":1}\n{"file":"b.c","ok":false,"error":{"message":"no","location":{"file":"b.c","line":3}}}\n';
    expect(readVerdicts(answer(stdout), ["a.ts", "b.c"])).toMatchObject([
      { kernel: "6.1", file: "a.ts", ok: true },
      { kernel: "6.1", file: "b.c", ok: false, error: { message: "no", location: { line: 3 } } },
    ]);
  });

  it("are the guest's trouble where a file has none", () => {
    expect(readVerdicts(answer("", { error: new VmError("Kernel 6.1 panicked: why") }), ["a.ts"])).toMatchObject([
      { ok: false, error: { message: "Kernel 6.1 panicked: why" } },
    ]);
    expect(readVerdicts(answer("", { stderr: "error: x\nhint: y\n" }), ["a.ts"])).toMatchObject([
      { ok: false, error: { message: "error: x" } },
    ]);
    expect(readVerdicts(answer('{"file":'), ["a.ts"])).toMatchObject([
      { ok: false, error: { message: "the check ended with status 1" } },
    ]);
  });

  it("are a table with the errors below", () => {
    const verdicts = [
      { kernel: "5.10", release: "5.10.0-1", file: "a.ts", ok: true },
      {
        kernel: "6.1",
        release: "6.1.0-9",
        file: "a.ts",
        ok: false,
        error: { message: "no such field", location: { file: "a.ts", line: 4 } },
      },
    ];
    expect(renderVerdicts(verdicts)).toBe(
      "file  5.10    6.1\na.ts  loads   fails\na.ts on 6.1.0-9: line 4: no such field\n",
    );
  });
});
