import { describe, expect, it } from "vitest";
import { formatC } from "../../../../sdk/print/format.ts";
import { formatPositions } from "../../../../sdk/print/format-positions.ts";

describe("printf", () => {
  it.each<[string, unknown[], string]>([
    ["%-16s|", ["bash"], "bash            |"],
    ["%16s|", ["grüße"], "           grüße|"],
    ["%.3s|", ["abcdef"], "abc|"],
    ["%-6.3s|%.6s|", ["éx\udcff", "éx\udcff"], "éx    |éx\\xff|"],
    ["%.1s|%c|", ["😀x", "😀x"], "😀|😀|"],
    ["%p", [-1], "0xffffffffffffffff"],
    ["%-8.3s|", ["abcdef"], "abc     |"],
    ["%6d", [42], "    42"],
    ["%-6d|", [-42], "-42   |"],
    ["%06d", [-42], "-00042"],
    ["%+d % d", [5, 5], "+5  5"],
    ["%.3d", [5], "005"],
    ["%d %d %d", [3.99, -0, 4294967296], "3 0 4294967296"],
    ["%-6u|%u", [7n, -1], "7     |-1"],
    ["%5s|%-5s|%s", [1, null, undefined], "    1|null |undefined"],
    ["%8.2f|%-8.1f|%.0f", [-1234.567, 0.05, 0.49], "-1234.57|0.1     |0"],
    ["%6.2f %.0f", [1e21, 1e22], "1000000000000000000000.00 10000000000000000000000"],
    ["no conversion", [], "no conversion"],
    ["", [], ""],
    ["%d", [true], "1"],
    ["%*d|%-*d|", [5, 1, 5, 2], "    1|2    |"],
    ["%llu", [18446744073709551615n], "18446744073709551615"],
    ["%lld", [-1n], "-1"],
    ["%x %X %#x %#o", [255, 255n, 255, 8], "ff FF 0xff 010"],
    ["%016llx", [0xffffffff81000000n], "ffffffff81000000"],
    ["%p", [0xffff8880n], "0xffff8880"],
    ["%5.2f", [3.14159], " 3.14"],
    ["%-18.9f|", [12345.678901], "12345.678901000   |"],
    ["%f", [10n], "10.000000"],
    ["%.0f %.0f %.1f %.2f", [2.5, 3.5, 0.25, 0.125], "2 4 0.2 0.12"],
    ["%.0f %.2f", [9.5, 1.005], "10 1.00"],
    ["%e %.2E", [12345.678, 0.00012], "1.234568e+04 1.20E-04"],
    ["%g %g %g %g", [0.0001, 1e-5, 123456789, 100], "0.0001 1e-05 1.23457e+08 100"],
    ["%c%c", [65, "xyz"], "Ax"],
    ["%c%c%c|", [-1, -191n, 1114112], "\u00ffA\\x00|"],
    ["100%%", [], "100%"],
    ["%f %F", [Infinity, NaN], "inf NAN"],
    ["%s", [{ toString: () => "own" }], "own"],
    ["%.*s|%.*f|%*.*e", [-1, "abc", -1, 0.5, -14, -1, 1], "abc|0.500000|1.000000e+00  "],
    ["%.0e %.1e %.10E %.1g", [2.5, 0.125, 123456789.125, 0.25], "2e+00 1.2e-01 1.2345678912E+08 0.2"],
    ["%.0f %.0e %.0f", [4503599627370497.5, 9.5, 0.5], "4503599627370498 1e+01 0"],
    ["%#.6o %#o %#.0e %#g %#.1g", [7, 0, 2.5, 100000, 1e6], "000007 0 2.e+00 100000. 1.e+06"],
    ["%x %u", [-42, -1n], "-2a -1"],
    ["50%, %d%", [2], "50%, 2%"],
  ])("%s", (format, values, wanted) => {
    expect(formatC(format, values)).toBe(wanted);
  });

  it("says which conversion has no argument, and which argument does not fit", () => {
    expect(() => formatC("%d %d", [1])).toThrow('Cannot format "%d %d": it wants 2 values, 1 were given');
    expect(() => formatC("%d", ["x"])).toThrow('Cannot format "x" with "%d": it wants an integer');
    expect(() => formatC("%f", ["x"])).toThrow('Cannot format "x" with "%f": it wants a number');
  });

  it.each(["%y", "%-8b|", "%(pid)d", "%5.2y", "%n", "%d %d%%%k"])(
    "says that there is no conversion in %j",
    (format) => {
      expect(() => formatC(format, [1, 2, 3])).toThrow(/^Cannot format ".*": there is no conversion "%[-(.\w)]+"$/);
    },
  );

  it("keeps no text of a value that has changed", () => {
    const bytes = new Uint8Array([1]);
    const rows: (readonly unknown[])[] = [
      [1, "a", bytes],
      [1, "a", bytes],
      [2, "a", bytes],
      [2, "b", bytes],
      [2, true, bytes],
      [2, "true", bytes],
      [2n, "b", bytes],
      [-0, "b", bytes],
    ];
    expect(rows.map((row) => formatC("%-2d %s|%s", row))).toEqual([
      "1  a|01",
      "1  a|01",
      "2  a|01",
      "2  b|01",
      "2  true|01",
      "2  true|01",
      "2  b|01",
      "0  b|01",
    ]);
    bytes[0] = 2;
    expect(formatC("%-2d %s|%s", [-0, "b", bytes])).toBe("0  b|02");
    expect(() => formatC("%-2d %s|%s", ["x", "b", bytes])).toThrow('Cannot format "x" with "%-2d"');
    expect(formatC("%-2d %s|%s", [3, "b", bytes])).toBe("3  b|02");
    expect([0, -0].map((value) => formatC("%f", [value]))).toEqual(["0.000000", "-0.000000"]);
  });
});

describe("positions as in Python", () => {
  const fields = ["bash", 12, 0, "d..2.", 12.5, "hello"];
  it.each([
    ["{1} {5}", "12 hello"],
    ["{0:<8}|{0:>8}|", "bash    |    bash|"],
    ["{4:.6f} {2:03}", "12.500000 000"],
    ["{} {}", "bash 12"],
    ["{{{5}}}", "{hello}"],
    ["{4:.2} {4:8}|{1:4}|", "12     12.5|  12|"],
  ])("%s", (format, wanted) => expect(formatPositions(format, fields)).toBe(wanted));

  it("says which field there is not", () => {
    expect(() => formatPositions("{6}", fields)).toThrow('Cannot format "{6}": there is no field {6}');
  });

  it.each([
    ["{task}", "{task}"],
    ["{1!r}", "{1!r}"],
    ["{1", "{1"],
    ["{1}}", "}"],
  ])("says what stands between braces and is no position: %s", (format, found) => {
    expect(() => formatPositions(format, fields)).toThrow(`Cannot format "${format}": "${found}" is no position`);
  });
});
