import { expect, it } from "vitest";
import { report } from "../../../../sdk/report/report.ts";

it.each([[{}], [undefined], [[]]])("report takes no %j", (b) => {
  expect(() => report(b as never)).toThrow("report() shows the tables of a BPF object");
});
