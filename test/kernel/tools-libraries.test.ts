import { execFileSync } from "node:child_process";
import { copyFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildProgram } from "../support/own-program.ts";
import { makeFolder, runCli } from "../support/run-cli.ts";
import { runTool, split } from "../support/run-tool.ts";

const folder = makeFolder();
const number: unknown = expect.stringMatching(/^\d+$/);

/** A copy of libc that the workload alone uses, so that no probe sits in the machine's. */
const library = join(folder, "libc.so.6");
copyFileSync(realpathSync("/lib/x86_64-linux-gnu/libc.so.6"), library);
const source = join(folder, "looks.c");
writeFileSync(
  source,
  `#include <netdb.h>
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>
void *first_work(void *x) { return x; }
void *second_work(void *x) { return x; }
int main(void) {
  struct addrinfo *found;
  pthread_t threads[3];
  if (getaddrinfo("127.0.0.1", "80", NULL, &found) == 0) freeaddrinfo(found);
  if (getaddrinfo("::2", "80", NULL, &found) == 0) freeaddrinfo(found);
  gethostbyname("127.0.0.3");
  gethostbyname2("127.0.0.4", 2);
  getaddrinfo(NULL, "80", NULL, &found);
  for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, i == 1 ? second_work : first_work, NULL);
  usleep(500000);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  return 0;
}
`,
);
const program = join(folder, "looks");
execFileSync("gcc", ["-O1", "-fno-ipa-icf", "-pthread", "-o", program, source]);
const workload = `env LD_LIBRARY_PATH=${folder} ${program}`;

describe("gethostlatency", () => {
  it("prints each look-up of a name with its time", async () => {
    const rows = split(await runTool(folder, workload, "gethostlatency", "-l", library));
    expect(rows[0]).toEqual(["TIME", "PID", "COMM", "LATms", "HOST"]);
    expect(rows.slice(1).map((row) => row.slice(1))).toEqual(
      ["127.0.0.1", "::2", "127.0.0.3", "127.0.0.4"].map((host) => [
        number,
        "looks",
        expect.stringMatching(/^\d+\.\d\d$/),
        host,
      ]),
    );
  });
});

describe("threadsnoop", () => {
  it("prints each thread with the function that it begins with", async () => {
    const rows = split(await runTool(folder, workload, "threadsnoop", "-l", library));
    expect(rows[0]).toEqual(["TIME(ms)", "PID", "COMM", "FUNC"]);
    expect(rows.slice(1).map((row) => row.slice(2))).toEqual([
      ["looks", "first_work"],
      ["looks", "second_work"],
      ["looks", "first_work"],
    ]);
  });
});

describe("tplist", () => {
  const list = async (...args: readonly string[]): Promise<string[]> => {
    const result = await runCli(["tplist", ...args], { cwd: folder });
    expect(result).toMatchObject({ status: 0, stderr: "" });
    return result.stdout.trimEnd().split("\n");
  };

  it("lists tracepoints that a pattern of the shell's matches, with their fields", async () => {
    expect(await list("sched:sched_process_for[km]")).toEqual(["sched:sched_process_fork"]);
    expect(await list("sched:sched_process_[!w]*t")).toEqual(["sched:sched_process_exit"]);
    expect(await list("-v", "*:sys_exit_getpi?")).toEqual([
      "syscalls:sys_exit_getpid",
      "    int __syscall_nr;",
      "    long ret;",
    ]);
    expect((await list()).length).toBeGreaterThan(500);
  });

  it("lists the USDT probes of a program, with places and arguments", async () => {
    const probed = buildProgram("usdt.c", join(folder, "probed"));
    const names = await list("-l", probed);
    expect(names).toContain(`${probed} demo:tick`);
    const [head, ...details] = await list("-vv", "-l", probed, "*:tick");
    expect(head).toMatch(/^demo:tick \[sema 0x[0-9a-f]+\]$/);
    expect(details.map((line) => line.replace(/0x[0-9a-f]+$/, "0x"))).toEqual([
      `  location #1 ${probed} 0x`,
      "    argument #1 4 signed   bytes @ edi",
      `  location #2 ${probed} 0x`,
      "    argument #1 4 signed   bytes @ esi",
    ]);
    // Places in memory, by a symbol and by registers.
    const places = await list("-vv", "-l", probed, "demo:variables");
    expect(places.slice(2, 4)).toEqual([
      "    argument #1 4 signed   bytes @ *(&own_counter + 0)",
      "    argument #2 8 unsigned bytes @ *(&shared_table + 16)",
    ]);
    const [object] = (await list("--json", "-l", probed, "*:tick")).map((line) => JSON.parse(line) as object);
    expect(object).toMatchObject({ name: "demo:tick", path: probed });
  });
});
