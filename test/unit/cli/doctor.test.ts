import { describe, expect, it } from "vitest";
import { canRun, renderReports } from "../../../runtime/cli/doctor.ts";
import type { DoctorReport } from "../../../runtime/inspect/doctor.ts";

const ok: DoctorReport = { name: "node", state: "ok", found: "20.1.0" };
const warning: DoctorReport = { name: "kprobes", state: "warn", found: "no", advice: "use a tracepoint" };
const missing: DoctorReport = { name: "clang", state: "missing", found: "not found", advice: "install it" };

describe("doctor's report", () => {
  it("has a line a row, with the advice below it", () => {
    expect(renderReports([ok, warning])).toBe(
      "ok       node     20.1.0\n" +
        "warn     kprobes  no\n" +
        "                  -> use a tracepoint\n" +
        "\nbpfts run works here; 1 of 2 rows say what some scripts will miss.\n",
    );
  });

  it("says when all is well, and when nothing can run", () => {
    expect(renderReports([ok])).toMatch(/\n\nAll is well\.\n$/);
    expect(renderReports([ok, missing, warning])).toMatch(/cannot work here yet: 1 missing/);
  });

  it("lets a run go ahead with warnings, and not with what is missing", () => {
    expect(canRun([ok, warning])).toBe(true);
    expect(canRun([ok, missing])).toBe(false);
  });
});
