import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import type { DoctorReport } from "../../runtime/inspect/doctor.ts";
import { cli, runCli } from "../support/run-cli.ts";

describe("bpfts doctor", () => {
  it("finds everything that a run needs on the machine that tests", async () => {
    const result = await runCli(["doctor", "--json"]);
    const reports = JSON.parse(result.stdout) as readonly DoctorReport[];
    expect(reports.filter(({ state }) => state === "missing")).toEqual([]);
    expect(reports.find(({ name }) => name === "loading")).toEqual({
      name: "loading",
      state: "ok",
      found: "a tracepoint program loads",
    });
    expect(result).toMatchObject({ status: 0, stderr: "" });
  });

  it("says the same as a table", async () => {
    const result = await runCli(["doctor"]);
    expect(result.stdout).toMatch(/^ok {7}node +\d+\.\d+\.\d+\n/);
    expect(result.stdout).toMatch(/\n\n(All is well|bpfts run works here)/);
    expect(result.status).toBe(0);
  });

  it("misses the rights of a process without capabilities, and ends with 3", () => {
    const result = spawnSync(
      "setpriv",
      ["--bounding-set=-all", "--inh-caps=-all", process.execPath, cli, "doctor", "--json"],
      { encoding: "utf8" },
    );
    const missing = (JSON.parse(result.stdout) as readonly DoctorReport[]).filter(({ state }) => state === "missing");
    expect(missing.map(({ name }) => name)).toEqual(["capabilities", "loading"]);
    for (const { advice } of missing) expect(advice).toMatch(/as root|bpfts vm run/);
    expect(result.status).toBe(3);
  });

  it("misses a clang, and ends with 3", async () => {
    const result = await runCli(["doctor"], { env: { PATH: "/nonexistent" } });
    expect(result.stdout).toMatch(
      /^missing {2}clang +Cannot find clang on the PATH\n +-> install it: apt-get install clang/m,
    );
    expect(result.status).toBe(3);
  });
});
