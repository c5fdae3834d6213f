import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readFrames } from "../support/own-capture.ts";
import { takePatience } from "../support/patience.ts";
import { cli, makeFolder, parseCliError, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const path = (name: string): string => join(folder, name);

const script = writeScript(
  folder,
  "capture.ts",
  `import { argv, make_packet, monotonic_ns, pcap, print } from "bpfts";
const udp = (size: number) => make_packet({ ipv4: { src: "10.0.0.1", dst: "10.0.0.2" }, udp: { sport: 7, dport: 53 }, payload: new Uint8Array(size) });
const now = monotonic_ns();
print("time", Date.now());
print(pcap.wanted, pcap.write({ data: udp(3) }));
pcap.write({ data: udp(400).subarray(0, 128), len: 442, ifname: "node1/lxc11", direction: "in", time_ns: now + 1_000_000_001n, verdict: { tc: 2 }, comment: "drop 133 Policy denied id 5001->5002, für √ alle", packet_id: 2n ** 64n - 1n, queue: 3 });
pcap.write({ data: udp(1), ifname: "node1/eth0", direction: "out", time_ns: now + 1_000_000_002n, verdict: { xdp: 1 }, packet_id: 7, queue: 0 });
pcap.write({ data: make_packet({ ipv6: { src: "fd00::1", dst: "fd00::2" }, tcp: { flags: "S" } }), ifname: "node1/lxc11", time_ns: now + 2_000_000_000n, verdict: { tc: -1 } });
pcap.write({ data: new Uint8Array(0), len: 60, ifname: "node1/eth0" });
if (argv[0] === "throw") throw new Error("broken");
`,
);
const fields = [
  "frame.interface_name",
  "frame.packet_flags_direction",
  "frame.verdict.ebpf_tc",
  "frame.verdict.ebpf_xdp",
  "frame.packet_id",
  "frame.interface_queue",
  "frame.cap_len",
  "frame.len",
  "frame.comment",
];
const rows = [
  ["unknown", "", "", "", "", "", "45", "45", ""],
  [
    ...["node1/lxc11", "0x00000001", "2", "", "18446744073709551615", "3", "128", "442"],
    "drop 133 Policy denied id 5001->5002, für √ alle",
  ],
  ["node1/eth0", "0x00000002", "", "1", "7", "0", "43", "43", ""],
  ["node1/lxc11", "", "-1", "", "", "", "74", "74", ""],
  ["node1/eth0", "", "", "", "", "", "0", "60", ""],
];

describe("bpfts run --pcap", { timeout: takePatience(60_000) }, () => {
  it("writes what a script captures as tshark reads it: interfaces, times, directions, verdicts, comments", async () => {
    const file = path("all.pcapng");
    const result = await runCli(["run", "--pcap", file, script]);
    expect(result).toMatchObject({ status: 0, stderr: `bpfts: wrote 5 packets to "${file}"\n` });
    expect(result.stdout).toMatch(/^time \d+\ntrue true\n$/);
    expect(readFrames(file, "frame", fields)).toEqual(rows);
    expect(readFrames(file, "frame.verdict.ebpf_xdp == 1", ["udp.dstport", "udp.checksum.status"])).toEqual([
      ["53", "1"],
    ]);
    const times = readFrames(file, "frame", ["frame.time_epoch"]).map(([time]) => time!.replace(".", ""));
    expect(times.every((time) => /^\d{19}$/.test(time))).toBe(true);
    expect(BigInt(times[2]!) - BigInt(times[1]!)).toBe(1n);
    expect(BigInt(times[3]!) - BigInt(times[1]!)).toBe(999_999_999n);
    const began = Number(/time (\d+)/.exec(result.stdout)![1]);
    // The script's own clock, in another unit, a second before.
    expect(Math.abs(Number(BigInt(times[1]!) / 1_000_000n) - 1000 - began)).toBeLessThan(1000);
  });

  it("writes to standard output, and what is printed goes to standard error", () => {
    const file = path("piped.pcapng");
    const line = `"${process.execPath}" "${cli}" run --pcap - "${script}" 2>"${path("printed")}" | cat >"${file}"`;
    expect(spawnSync("sh", ["-c", line], { encoding: "utf8" })).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect(readFileSync(path("printed"), "utf8")).toMatch(
      /^time \d+\ntrue true\nbpfts: wrote 5 packets to standard output\n$/,
    );
    expect(readFrames(file, "frame", fields)).toEqual(rows);
    const output = path("own-output");
    const both = `"${process.execPath}" "${cli}" run --pcap - -o "${output}" "${script}" | tshark -r - -T fields -e frame.cap_len 2>/dev/null`;
    const read = spawnSync("sh", ["-c", both], { encoding: "utf8" });
    expect(read.stdout.split("\n")).toEqual(["45", "128", "43", "74", "0", ""]);
    expect(readFileSync(output, "utf8")).toMatch(/^time \d+\ntrue true\n$/);
  });

  it("ends the script when nobody reads any more", () => {
    const endless = writeScript(
      folder,
      "endless.ts",
      `import { pcap } from "bpfts";\nfor (;;) pcap.write({ data: new Uint8Array(1000) });\n`,
    );
    const line = `"${process.execPath}" "${cli}" run --pcap - "${endless}" 2>/dev/null | head -c 5000 | wc -c; echo done`;
    expect(spawnSync("sh", ["-c", line], { encoding: "utf8", timeout: 30_000 })).toMatchObject({
      status: 0,
      stdout: "5000\ndone\n",
    });
  });

  it("writes nothing and loads nothing of it without the option", async () => {
    expect((await runCli(["run", script])).stdout).toMatch(/^time \d+\nfalse false\n$/);
  });

  it("leaves an empty capture of a script that captures nothing, and an old file as it was where the script fails first", async () => {
    const none = writeScript(folder, "none.ts", `import { print } from "bpfts";\nprint("hello");\n`);
    const file = path("none.pcapng");
    expect(await runCli(["run", "--pcap", file, none])).toMatchObject({
      status: 0,
      stderr: `warning: The script captured no packets, so "${file}" has none\n`,
    });
    expect(readFrames(file, "frame", ["frame.len"])).toEqual([]);
    const broken = writeScript(folder, "broken.ts", `throw new Error("at once");\n`);
    const old = path("old.pcapng");
    writeFileSync(old, "what was there");
    expect(await runCli(["run", "--pcap", old, broken])).toMatchObject({ status: 1 });
    expect(readFileSync(old, "utf8")).toBe("what was there");
    expect(await runCli(["run", "--pcap", path("new.pcapng"), broken])).toMatchObject({ status: 1 });
    expect(existsSync(path("new.pcapng"))).toBe(false);
    // What was captured before it failed is there.
    const partly = path("partly.pcapng");
    expect(await runCli(["run", "--pcap", partly, script, "throw"])).toMatchObject({ status: 1 });
    expect(readFrames(partly, "frame", ["frame.cap_len"])).toHaveLength(5);
  });

  it("says what is wrong with the file, and with a packet", async () => {
    const fail = async (...args: readonly string[]) =>
      parseCliError(await runCli(["run", "--json-errors", ...args, script]));
    expect(await fail("--pcap", path("no/such/folder"))).toMatchObject({
      code: "BPFTS_USAGE",
      message: `Cannot write --pcap "${path("no/such/folder")}": there is no such folder`,
    });
    expect(await fail("-o", path("same"), "--pcap", path("same"))).toMatchObject({
      message: `--output and --pcap name the same file "${path("same")}"`,
    });
    expect(await fail("--pcap", "/dev/full")).toMatchObject({
      code: "BPFTS_RESOURCE",
      message: expect.stringContaining("Cannot write the capture to /dev/full (") as string,
    });
    expect(await fail("--watch", "--pcap", path("watched"))).toMatchObject({
      message: "--watch and --pcap do not go together: each version would write it anew",
    });
    const wrong = writeScript(
      folder,
      "wrong.ts",
      `import { pcap, print } from "bpfts";
const data = new Uint8Array(20);
for (const packet of [{}, { data: "x" }, { data, len: 19 }, { data, lenght: 4 }, { data, direction: "up" }, { data, verdict: {} }, { data, verdict: { xdp: 1, tc: 1 } }, { data, verdict: { tc: 1.5 } }, { data, time_ns: -1n }, { data, packet_id: 2n ** 64n }, { data, queue: -1 }, { data, comment: "x".repeat(65536) }, { data, ifname: 5 }] as any[])
  try { print(pcap.write(packet)); } catch (error) { print((error as Error).message); }
`,
    );
    expect((await runCli(["run", wrong])).stdout.split("\n")).toEqual([
      "pcap.write() takes data as bytes (Uint8Array), got undefined",
      'pcap.write() takes data as bytes (Uint8Array), got "x"',
      "pcap.write() takes len as a whole number from 20 to 4294967295, got 19",
      'pcap.write() has no option "lenght"',
      'pcap.write() takes direction as "in" or "out", got "up"',
      "pcap.write() takes verdict as { xdp: … } or { tc: … }, got {}",
      "pcap.write() takes verdict as { xdp: … } or { tc: … }, got { xdp: 1, tc: 1 }",
      "pcap.write() takes verdict.tc as a whole number, got 1.5",
      "pcap.write() takes time_ns as a whole number from 0 to 2^64 - 1, got -1",
      "pcap.write() takes packet_id as a whole number from 0 to 2^64 - 1, got 18446744073709551616",
      "pcap.write() takes queue as a whole number from 0 to 4294967295, got -1",
      "pcap.write() takes comment of at most 65535 bytes",
      "pcap.write() takes ifname as a text, got 5",
      "",
    ]);
  });
});
