import { expect, it } from "vitest";
import { runScriptText } from "../../../support/guest-run.ts";

const values = [
  0n,
  1n,
  -1n,
  0xffff_ffffn,
  -0x8000_0000n,
  2n ** 63n,
  -(2n ** 63n),
  2n ** 64n - 1n,
  2n ** 127n + 5n,
  -(2n ** 200n),
];
const bits = [0, 1, 3, 8, 31, 32, 33, 48, 63, 64, 65, 127, 128, 129, 200];

it("BigInt.asUintN is right, which QuickJS's own is not", async () => {
  const { stdout, error } = await runScriptText(`
    import { print } from "bpfts";
    for (const value of [${values.map((value) => `${value}n`).join(", ")}])
      print([${bits.join(", ")}].map((bits) => String(BigInt.asUintN(bits, value))).join(" "));
    for (const wrong of [() => BigInt.asUintN(-1, 1n), () => BigInt.asUintN(2 ** 53, 1n), () => BigInt.asUintN(8, 1)])
      try { wrong(); } catch (error) { print(error.name); }
    print(String(BigInt.asUintN("8", -1n)), String(BigInt.asUintN(8.9, -1n)), String(BigInt.asUintN(NaN, -1n)), Object.keys(BigInt).length);
  `);
  expect(error).toBeUndefined();
  const right = values.map((value) => bits.map((width) => BigInt.asUintN(width, value)).join(" "));
  expect(stdout.split("\n")).toEqual([...right, "RangeError", "RangeError", "TypeError", "255 255 0 0", ""]);
});

it("numbers that the SDK makes unsigned keep their highest bit", async () => {
  const { stdout, error } = await runScriptText(`
    import { AF_INET, AF_INET6, inet_ntop, print, sprintf } from "bpfts";
    print(sprintf("%p %x %lu", 0xffff888000000001n, 0xffff888000000001n, -1n));
    print(inet_ntop(AF_INET, 0xc800000an), inet_ntop(AF_INET6, (1n << 127n) | 1n));
  `);
  expect(error).toBeUndefined();
  const [numbers, addresses] = stdout.split("\n");
  expect(numbers).toMatch(/^0xffff888000000001 ffff888000000001 /);
  expect(addresses).toBe("10.0.0.200 100::80");
});
