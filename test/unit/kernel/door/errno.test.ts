import { describe, expect, it } from "vitest";
import { errno, renderErrno, renderErrnoName } from "../../../../runtime/kernel/door/errno.ts";

describe("renderErrno", () => {
  it.each([
    [-2, "ENOENT, no such file or directory"],
    [2, "ENOENT, no such file or directory"],
    [-1, "EPERM, operation not permitted"],
    [-7, "E2BIG, too large"],
    [-95, "EOPNOTSUPP, operation not supported"],
    [-524, "ENOTSUPP, not supported by this kernel"],
    [-4000, "errno 4000"],
  ])("renders %i as %s", (status, text) => {
    expect(renderErrno(status)).toBe(text);
    expect(renderErrnoName(status)).toBe(text.split(",")[0]);
  });

  it("agrees with the numbers that answers are compared with", () => {
    expect(Object.entries(errno).map(([name, number]) => [name, renderErrnoName(number)])).toEqual(
      Object.keys(errno).map((name) => [name, name]),
    );
  });
});
