import { describe, expect, it } from "vitest";
import { findProcess, listProcesses, listTree } from "../../../../runtime/kernel/user/process-tree.ts";
import { findProcessUser } from "../../../../runtime/kernel/user/process-user.ts";
import { openFakeFiles } from "../../../support/fake-files.ts";

/** Source: proc_pid_stat(5): the fields up to starttime, the 22nd. */
const stat = (pid: number, name: string, state: string, parent: number, session: number, start: number): string =>
  `${pid} (${name}) ${state} ${parent} ${pid} ${session} 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 ${start} 0\n`;

const files = openFakeFiles({
  "/proc/1/stat": stat(1, "init", "S", 0, 1, 5),
  "/proc/10/stat": stat(10, "a) R 99 (b", "S", 1, 10, 100),
  "/proc/11/stat": stat(11, "child", "R", 10, 10, 110),
  "/proc/12/stat": stat(12, "ended", "Z", 10, 10, 120),
  "/proc/13/stat": { fail: "ENOENT" },
  "/proc/self/stat": stat(11, "child", "R", 10, 10, 110),
  "/proc/10/status": "Name:\ta\nUid:\t1000\t1001\t1002\t1003\n",
});

describe("processes of /proc", () => {
  it("have names with brackets, and fields behind the last one", () => {
    expect(findProcess(10, files)).toEqual({ pid: 10, name: "a) R 99 (b", parent: 1, session: 10, startTicks: 100 });
  });

  it("are those that have not ended, each once", () => {
    expect(listProcesses(files).map(({ pid }) => pid)).toEqual([1, 10, 11]);
    expect([findProcess(12, files), findProcess(13, files), findProcess(14, files)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("lie below those that started them", () => {
    const all = listProcesses(files);
    expect(listTree([all[1]!], all).map(({ name }) => name)).toEqual(["a) R 99 (b", "child"]);
  });

  it("run as their effective user", () => {
    expect([findProcessUser(10, files), findProcessUser(11, files)]).toEqual([1001, undefined]);
  });
});
