import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { makeVeth } from "../support/own-veth.ts";
import { makeFolder, runCli } from "../support/run-cli.ts";
import { runTool } from "../support/run-tool.ts";

const folder = makeFolder();
const { a, b } = await makeVeth();
/** Nobody answers a broadcast. Headers make 42 bytes of a datagram, of which 14 are gone where it is received. */
const program = join(folder, "send.py");
writeFileSync(
  program,
  `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
for size, count in ((10, 5), (25, 2), (100, 7), (1000, 3)):
    for _ in range(count): s.sendto(bytes(size), ("10.9.0.255", 4242))
`,
);
const workload = a.enter(`/usr/bin/python3 ${program}`);
const sent = 17 * 42 + 5 * 10 + 2 * 25 + 700 + 3000;

describe("netqtop", () => {
  it("adds up what a device sends, by queue", async () => {
    const lines = await runTool(
      folder,
      workload,
      "netqtop",
      "-n",
      "a0",
      "--netns",
      String(a.inode),
      "-i",
      "30",
      "--json",
    );
    const rows = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.filter(({ direction }) => direction === "tx")).toMatchObject([
      { queue: 0, packets: 17, bytes: sent, sizes: [5, 9, 3, 0, 0] },
    ]);
    // The kernel gives a broadcast to the sender's own namespace, too.
    expect(rows.filter(({ direction }) => direction === "rx")).toMatchObject([
      { queue: 0, packets: 17, bytes: sent - 17 * 14, sizes: [7, 7, 3, 0, 0] },
    ]);
  });

  it("adds up what the other end receives, with BCC's layout", async () => {
    const rows = await runTool(folder, workload, "netqtop", "-n", "b0", "--netns", String(b.inode), "-i", "30", "-t");
    expect(rows[0]).toMatch(/^\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}$/);
    const head = " QueueID    avg_size   [0, 64)    [64, 512)  [512, 2K)  [2K, 16K)  [16K, 64K) BPS        PPS        ";
    const [tx, rx] = [rows.indexOf("TX"), rows.indexOf("RX")];
    expect([rows[tx + 1], rows[rx + 1]]).toEqual([head, head]);
    const average = Number(((sent - 17 * 14) / 17).toFixed(2));
    for (const [row, name] of [
      [rows[rx + 2]!, "0"],
      [rows[rx + 3]!, "Total"],
    ] as const)
      expect(row.trim().split(/ +/).slice(0, 7)).toEqual([name, `${average}`, "7", "7", "3", "0", "0"]);
    expect(rows.at(-1)).toBe("-".repeat(95));
  });

  it("knows devices by their namespace, and says what there is", async () => {
    // Its own namespace has no such device, and the one that has it is not looked at.
    const missing = await runCli(["netqtop", "-n", "a0"], { cwd: folder });
    expect(missing.status).toBe(1);
    expect(missing.stderr).toMatch(/^Net interface a0 does not exist\. There are: .*\blo\b/);
    const without = await runCli(["netqtop"], { cwd: folder });
    expect(without).toMatchObject({ status: 1, stderr: "Please specify a network interface.\n" });
    // lo of another namespace than the one in which something is sent.
    const rows = await runTool(
      folder,
      a.enter(
        `/usr/bin/python3 -c 'import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 1))'`,
      ),
      ...["netqtop", "-n", "lo", "--netns", String(b.inode), "-i", "30", "--json"],
    );
    expect(rows.filter((row) => (JSON.parse(row) as { packets: number }).packets > 0)).toEqual([]);
  });
});
