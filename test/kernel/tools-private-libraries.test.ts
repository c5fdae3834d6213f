import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildProgram } from "../support/own-program.ts";
import { makeFolder, root, runCli } from "../support/run-cli.ts";
import { runTool, split } from "../support/run-tool.ts";

const folder = makeFolder();
/** Copies of libraries that the workloads alone use, so that no probe sits in the machine's. */
const copyLibrary = (name: string): string => {
  const copy = join(folder, name);
  copyFileSync(realpathSync(join("/usr/lib/x86_64-linux-gnu", name)), copy);
  return copy;
};
const own = (command: string): string => `env LD_LIBRARY_PATH=${folder} ${command}`;

describe("memleak", () => {
  const libc = copyLibrary("libc.so.6");
  const program = buildProgram("allocs.c", join(folder, "allocs"));
  const run = async (...args: readonly string[]): Promise<string[]> => {
    const result = await runCli(["-c", own(program), "memleak", "-O", libc, "-o", "0", ...args, "2", "1"], {
      cwd: folder,
    });
    expect(result).toMatchObject({ status: 0, stderr: "" });
    return result.stdout.trimEnd().split("\n");
  };

  it("adds up by stack what was not freed, the most at the end", async () => {
    const rows = await run();
    expect(rows[0]).toMatch(/^Attaching to pid \d+, Ctrl\+C to quit\.$/);
    expect(rows[1]).toMatch(/^\[\d\d:\d\d:\d\d\] Top 10 stacks with outstanding allocations:$/);
    const heads = rows.flatMap((row, index) =>
      row.endsWith("from stack") ? [`${row.trim()} ${/\t(\w+)\+/.exec(rows[index + 1]!)?.[1]}`] : [],
    );
    expect(heads).toEqual([
      "500 bytes in 5 allocations from stack leak_small",
      "640 bytes in 1 allocations from stack leak_aligned",
      "10000 bytes in 2 allocations from stack leak_moved",
      "30000 bytes in 3 allocations from stack leak_large",
    ]);
    expect(rows.join("\n")).toMatch(
      /\n\t\t0x[0-9a-f]{16}\tleak_small\+0x[0-9a-f]+ \[allocs\]\n\t\t0x[0-9a-f]{16}\tmain\+0x/,
    );
  });

  it("picks sizes, and prints addresses, sums or objects", async () => {
    const small = await run("-Z", "200", "-a");
    expect(small.filter((row) => /^\taddr = [0-9a-f]+ size = 100$/.test(row))).toHaveLength(5);
    expect(small.filter((row) => row.endsWith("from stack"))).toEqual(["\t500 bytes in 5 allocations from stack"]);
    const objects = (await run("--combined-only", "-T", "2", "--json")).map((row) => JSON.parse(row) as object);
    expect(objects).toMatchObject([
      { size: 10000, count: 2 },
      {
        size: 30000,
        count: 3,
        stack: [expect.stringMatching(/^leak_large\+/), expect.stringMatching(/^main\+/), expect.anything()],
      },
    ]);
  });
});

describe("memleak's picture", () => {
  it("has the bytes that are there at the end, once, of all stacks", async () => {
    const libc = join(folder, "libc.so.6");
    const picture = join(folder, "leaks.txt");
    const options = ["-O", libc, "-o", "0", "-T", "1", `--folded=${picture}`];
    const result = await runCli(["-c", own(join(folder, "allocs")), "memleak", ...options, "1", "3"], { cwd: folder });
    expect(result).toMatchObject({ status: 0, stderr: `bpfts: wrote 4 stacks to "${picture}"\n` });
    const sums = readFileSync(picture, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => /;main \[allocs\];(leak_\w+) \[allocs\](?:;.*)? (\d+)$/.exec(line)?.slice(1));
    expect(sums.sort()).toEqual([
      ["leak_aligned", "640"],
      ["leak_large", "30000"],
      ["leak_moved", "10000"],
      ["leak_small", "500"],
    ]);
  });
});

describe("sslsniff", () => {
  const library = copyLibrary("libssl.so.3");
  const certificate = join(folder, "both.pem");
  const [key, chain] = [join(folder, "key.pem"), join(folder, "chain.pem")];
  execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", chain, "-subj", "/CN=test", "-days", "1"],
    { stdio: "pipe" },
  );
  writeFileSync(certificate, readFileSync(chain, "utf8") + readFileSync(key, "utf8"));
  const workload = own(`/usr/bin/python3 ${join(root, "test/kernel/programs/tls.py")} ${certificate}`);
  const sniff = (...args: readonly string[]): Promise<string[]> =>
    runTool(folder, workload, "sslsniff", "-o", "-g", "-n", "--extra-lib", `openssl:${library}`, ...args);

  it("prints what both ends send and receive, in plain text and harmless for a terminal", async () => {
    const rows = await sniff("-x", "-l");
    expect(rows[0]!.split(/\s+/)).toEqual(["FUNC", "TIME(s)", "COMM", "PID", "LEN", "UID", "TID", "LAT(ms)"]);
    const heads = split(rows.filter((row) => /^(?:READ|WRITE)/.test(row)));
    expect(heads.map(([func, , comm, , size, uid]) => [func, comm, size, uid].join(" "))).toEqual([
      "WRITE/SEND python3 12 0",
      "READ/RECV python3 12 0",
      "WRITE/SEND python3 307 0",
      "READ/RECV python3 307 0",
    ]);
    expect(rows.slice(2, 6)).toEqual(["----- DATA -----", "GET /secret", "", "----- END DATA -----"]);
    expect(rows.filter((row) => row === `\\x1b\\xffbytes${"z".repeat(300)}`)).toHaveLength(2);
  });

  it("prints bytes as digits, says what was cut, and shows handshakes and objects", async () => {
    const rows = await sniff("--hexdump", "--max-buffer-size", "20");
    expect(rows).toContain("474554202f7365637265740a");
    const at = rows.indexOf("1bff62797465737a7a7a7a7a7a7a7a7a");
    expect(rows.slice(at + 1, at + 3)).toEqual(["7a7a7a7a", "----- END DATA (TRUNCATED, 287 bytes lost) -----"]);
    const objects = (await sniff("-l", "--handshake", "--json")).map((row) => JSON.parse(row) as { func: string });
    expect(objects[0]!.func).toBe("HANDSHAKE");
    expect(objects.filter(({ func }) => func !== "HANDSHAKE")).toMatchObject([
      { len: 12, data: "GET /secret\n", lost: 0 },
      { len: 12, data: "GET /secret\n" },
      { len: 307 },
      { len: 307 },
    ]);
  });

  it("says what is wrong with a library, and when there is nothing to trace", async () => {
    expect((await runCli(["sslsniff", "-o", "-g", "-n"], { cwd: folder })).stderr).toBe(
      "sslsniff: no TLS library is installed whose functions could be traced: name one by --extra-lib\n",
    );
    const wrong = await runCli(["sslsniff", "--extra-lib", "tls:/x"], { cwd: folder });
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain("Invalid SSL library type: 'tls'\n");
  });
});

describe("deadlock", () => {
  const libc = copyLibrary("libc.so.6");
  const program = buildProgram("locks.c", join(folder, "locks"), "-pthread");
  const watch = (order: string, ...args: readonly string[]) =>
    runCli(["-c", own(`${program} ${order}`), "deadlock", "--binary", libc, ...args], { cwd: folder });

  it("reports mutexes that are taken in a circle, by whom and where", async () => {
    const { status, stdout } = await watch("inverted", "--verbose");
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /^Tracing\.\.\. Hit Ctrl-C to end\.\n(?:Mutexes: \d, Edges: \d\n)*Mutexes: 3, Edges: 3\n-{16}\nPotential Deadlock Detected!\n\n/,
    );
    const cycle = /^Cycle in lock order graph: (.*)$/m.exec(stdout)![1]!.split(" => ");
    expect(cycle).toHaveLength(4);
    expect(cycle[3]).toBe(cycle[0]);
    expect(new Set(cycle).size).toBe(3);
    const holders = [
      ...stdout.matchAll(
        / acquired here while holding Mutex M\d \(.*\) in Thread \d+ \(locks\):\n@ [0-9a-f]{16} pthread_mutex_lock\n(?:@ [0-9a-f]{16} take\n)?@ [0-9a-f]{16} (\w+)\n/g,
      ),
    ];
    expect(holders.map(([, name]) => name).sort()).toEqual(["take_one_two", "take_three_one", "take_two_three"]);
    expect(stdout.match(/^Thread \d+ created by Thread \d+ \(locks\) here:$/gm)).toHaveLength(3);
  });

  it("reports nothing about mutexes that have an order, and prints objects", async () => {
    expect(await watch("ordered")).toMatchObject({ status: 0, stdout: "Tracing... Hit Ctrl-C to end.\n", stderr: "" });
    const found = await watch("inverted", "--json");
    expect(JSON.parse(found.stdout)).toMatchObject({
      cycle: Array<unknown>(3).fill(expect.stringMatching(/^0x[0-9a-f]{16}$/)),
      edges: Array<unknown>(3).fill(expect.objectContaining({ comm: "locks" })),
    });
    const none = await runCli(["deadlock"], { cwd: folder });
    expect(none).toMatchObject({
      status: 2,
      stderr: "deadlock: give the PID of the process to trace, or a command: bpfts -c COMMAND deadlock\n",
    });
  });
});
