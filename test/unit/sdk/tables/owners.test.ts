import { expect, it } from "vitest";
import { socketReference } from "../../../../sdk/tables/table-reference.ts";
import { processOwner } from "../../../../sdk/tables/table-storage.ts";

it("a number that the kernel takes for no pid or descriptor is no key of a storage", () => {
  for (const pid of [2 ** 31, 2 ** 32 + 1, 2 ** 53, 0, -1, 1.5, Number.NaN, Infinity]) {
    expect(processOwner.describe(pid)).toBeUndefined();
  }
  expect(processOwner.describe(2 ** 31 - 1)).toEqual({ kind: "process", pid: 2 ** 31 - 1 });
  for (const fd of [2 ** 31, 1.5, Number.NaN]) expect(socketReference.describe({ pid: 1, fd })).toBeUndefined();
});
