import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildProgram, startProgram } from "../support/own-program.ts";
import { makeFolder, runCli, startCli } from "../support/run-cli.ts";
import { runTool } from "../support/run-tool.ts";

const folder = makeFolder();
const build = (name: string, ...flags: readonly string[]): string =>
  buildProgram("queries.c", join(folder, name), ...flags);

/** The columns of a query, its time checked: it takes at least so many milliseconds. */
function expectQuery(row: string, query: string, leastMs: number): void {
  const [, time, pid, ms, text] = /^(\d+\.\d{6}) +(\d+) +(\d+\.\d{3}) (.*)$/.exec(row) ?? [];
  expect([time, pid, text], row).toEqual([expect.anything(), expect.anything(), query]);
  expect(Number(ms)).toBeGreaterThanOrEqual(leastMs);
}

describe("dbslower", () => {
  it.each(["MYSQL56", "MYSQL57"])("prints the queries of a server whose function is of %s", async (version) => {
    const server = build(version, `-D${version}`);
    const rows = await runTool(folder, server, "dbslower", "mysql", "-x", server, "-m", "30");
    expect(rows[0]).toBe(`Tracing database queries for application ${server} slower than 30 ms...`);
    expect(rows[1]).toBe("TIME(s)        PID           MS QUERY");
    expectQuery(rows[2]!, "select 2 from slow", 60);
    expectQuery(rows[3]!, "delete from all", 100);
    expect(rows).toHaveLength(4);
    const all = await runTool(folder, server, "dbslower", "mysql", "-x", server, "-m", "0", "--json");
    expect(all.map((row) => (JSON.parse(row) as { query: string }).query)).toEqual([
      "select 1 from quick",
      "select 2 from slow",
      "delete from all",
    ]);
  });

  it("prints queries by the USDT probes of processes: the one that is named, or all of the server", async () => {
    const server = build("postgres");
    const [first, second] = [await startProgram(server), await startProgram(server)];
    const run = async (...args: readonly string[]): Promise<string[]> => {
      const tool = startCli(["dbslower", "postgres", "-m", "30", ...args], { cwd: folder });
      await tool.waitFor("QUERY\n");
      await Promise.all([first.turn(), second.turn()]);
      tool.child.kill("SIGINT");
      const { status, stdout, stderr } = await tool.ended;
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      return stdout.trimEnd().split("\n");
    };
    const [title, , ...own] = await run("-p", String(second.pid));
    expect(title).toBe(`Tracing database queries for pids ${second.pid} slower than 30 ms...`);
    expect(own).toHaveLength(2);
    expectQuery(own[0]!, "select 2 from slow", 60);
    expect(own.map((row) => row.split(/ +/)[1])).toEqual([String(second.pid), String(second.pid)]);
    const both = [first.pid, second.pid].sort((x, y) => x - y);
    for (const args of [[], ["-p", ...both.map(String)]]) {
      const [names, , ...all] = await run(...args);
      expect(names).toContain(both.join(", "));
      expect(all.map((row) => row.split(/ +/)[1]).sort()).toEqual(both.flatMap((pid) => [`${pid}`, `${pid}`]).sort());
    }
    await Promise.all([first.end(), second.end()]);
  });

  it("says what a process or binary lacks", async () => {
    const fails = async (...args: readonly string[]): Promise<string> => {
      const { status, stderr } = await runCli(["dbslower", ...args], { cwd: folder });
      expect(status).not.toBe(0);
      return stderr;
    };
    const own = String(process.pid);
    expect(await fails("mysql", "-p", own)).toBe(`Process ${own} has no USDT probes of mysql: give its binary by -x\n`);
    expect(await fails("mysql", "-x", process.execPath)).toContain("Can't find function 'dispatch_command' in ");
    expect(await fails("postgres", "-x", process.execPath)).toContain("There are no USDT probes of PostgreSQL in ");
    expect(await fails("postgres", own)).toBe(`Which process is ${own}? Give it behind -p\n`);
    expect(await fails("oracle")).toContain("invalid choice: 'oracle' (choose from");
  });
});
