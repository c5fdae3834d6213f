import { release } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { makeFolder, root } from "../support/run-cli.ts";
import { port } from "../support/live-object.ts";
import { needFeature } from "../support/need-feature.ts";
import { makeNetns } from "../support/own-netns.ts";
import type { OwnNetns } from "../support/own-netns.ts";
import { runTool, split } from "../support/run-tool.ts";

const folder = makeFolder();
let netns: OwnNetns;
beforeAll(async () => {
  netns = await makeNetns();
});

interface Output {
  /** What the workload says of its sessions: the client's port and the server's. */
  readonly ports: readonly (readonly string[])[];
  readonly rows: readonly (readonly string[])[];
}

/** Runs a tool beside the workload, which prints its ports. */
async function run(parts: string, tool: string, ...args: readonly string[]): Promise<Output> {
  const program = join(root, "test/kernel/programs/sessions.py");
  const lines = split(await runTool(folder, netns.enter(`/usr/bin/python3 ${program} ${parts}`), tool, ...args));
  const isTruth = ([word]: readonly string[]): boolean => /^(?:session|refused|lost)$/.test(word!);
  return { ports: lines.filter(isTruth).map(([, ...ports]) => ports), rows: lines.filter((line) => !isTruth(line)) };
}

const number: unknown = expect.stringMatching(/^\d+$/);
const time: unknown = expect.stringMatching(/^\d+\.\d\d\d?$/);

describe("tcplife", () => {
  it("prints both ends of each session with what went each way", async () => {
    const { ports, rows } = await run("sessions", "tcplife", "-w");
    expect(rows[0]).toEqual(["PID", "COMM", "IP", "LADDR", "LPORT", "RADDR", "RPORT", "TX_KB", "RX_KB", "MS"]);
    const expected = ports.flatMap(([client, server], index) => {
      const [ip, address] = index === 0 ? ["4", "127.0.0.1"] : ["6", "::1"];
      return [
        [number, "python3", ip, address, client, address, server, "3", "5", time],
        [number, "python3", ip, address, server, address, client, "5", "3", time],
      ];
    });
    expect(rows).toHaveLength(5);
    expect(rows.slice(1)).toEqual(expect.arrayContaining(expected));
  });

  it("picks families and ports, and prints comma-separated values", async () => {
    const { ports, rows } = await run("sessions", "tcplife", "-s", "-6", "-t");
    expect(rows.map(([line]) => line!.split(",")[0])).toEqual([
      "TIME(s)",
      "0.000000",
      expect.stringMatching(/^0\.\d{6}$/),
    ]);
    expect(rows[1]![0]).toMatch(/^0\.000000,\d+,python3,6,::1,\d+,::1,\d+,[35],[35],\d+\.\d\d$/);
    expect(rows[1]![0]!.split(",")).toEqual(expect.arrayContaining([...ports[1]!]));
  });
});

describe("tcpstates", () => {
  it("prints the states of the client and the server, up to the end", async () => {
    const { ports, rows } = await run("sessions", "tcpstates", "-4");
    expect(rows[0]!.join(" ")).toBe("SKADDR C-PID C-COMM LADDR LPORT RADDR RPORT OLDSTATE -> NEWSTATE MS");
    const [client, server] = ports[0]!;
    const states = (port: string): string[] =>
      rows.filter((row) => row[4] === port && row[6] !== "0").map((row) => `${row[7]} ${row[8]} ${row[9]}`);
    expect(states(client!), JSON.stringify(rows)).toEqual([
      "SYN_SENT -> ESTABLISHED",
      "ESTABLISHED -> FIN_WAIT1",
      "FIN_WAIT1 -> FIN_WAIT2",
      "FIN_WAIT2 -> CLOSE",
    ]);
    expect(states(server!)).toEqual([
      // Linux 6.1 does not tell of it.
      ...(release().startsWith("6.1.") ? [] : ["LISTEN -> SYN_RECV"]),
      "SYN_RECV -> ESTABLISHED",
      "ESTABLISHED -> CLOSE_WAIT",
      "CLOSE_WAIT -> LAST_ACK",
      "LAST_ACK -> CLOSE",
    ]);
    // A connection gets its port when it is in SYN_SENT already.
    expect(rows.filter((row) => row[6] === server && row[4] === "0").map((row) => `${row[7]} ${row[9]}`)).toEqual([
      "CLOSE SYN_SENT",
    ]);
    expect(rows.slice(1).every((row) => /^[0-9a-f]{16}$/.test(row[0]!) && /^\d+\.\d{3}$/.test(row[10]!))).toBe(true);
  });
});

describe("tcpconnect", () => {
  it("prints each connect(), refused ones too", async () => {
    const { ports, rows } = await run("sessions refused", "tcpconnect", "-U", "-t");
    expect(rows[0]!.join(" ")).toBe("Tracing connect ... Hit Ctrl-C to end");
    expect(rows[1]).toEqual(["TIME(s)", "UID", "PID", "COMM", "IP", "SADDR", "DADDR", "DPORT"]);
    expect(rows.slice(2)).toEqual([
      ["0.000", "0", number, "python3", "4", "127.0.0.1", "127.0.0.1", ports[0]![1]],
      [time, "0", number, "python3", "6", "::1", "::1", ports[1]![1]],
      [time, "0", number, "python3", "4", "127.0.0.1", "127.0.0.1", ports[2]![0]],
    ]);
  });

  it("prints local ports", async () => {
    const { ports, rows } = await run("sessions", "tcpconnect", "-L");
    expect(rows.slice(2)).toEqual([
      [number, "python3", "4", "127.0.0.1", ports[0]![0], "127.0.0.1", ports[0]![1]],
      [number, "python3", "6", "::1", ports[1]![0], "::1", ports[1]![1]],
    ]);
  });

  it("counts by addresses and port", async () => {
    const counted = await run("sessions", "tcpconnect", "-c", "-4");
    expect(counted.rows.slice(1)).toEqual([
      [""],
      ["LADDR", "RADDR", "RPORT", "CONNECTS"],
      ["127.0.0.1", "127.0.0.1", counted.ports[0]![1], "1"],
    ]);
  });
});

describe("tcpdrop", () => {
  it("prints a packet for a closed port with the stack that dropped it", async () => {
    const { ports, rows } = await run("refused", "tcpdrop", "--netns", String(netns.inode));
    expect(rows[0]!.join(" ")).toBe("TIME PID IP SADDR:SPORT > DADDR:DPORT STATE (FLAGS)");
    const row = rows.find((words) => words[5] === `127.0.0.1:${ports[0]![0]}`)!;
    expect(row.slice(2)).toEqual(["4", expect.stringMatching(/^127\.0\.0\.1:\d+$/), ">", row[5], "-", "(SYN)"]);
    expect(rows.map(([name]) => name)).toContainEqual(expect.stringMatching(/^tcp_v4_rcv\+0x/));
  });
});

describe("tcpretrans", () => {
  it("prints what is sent again, and counts it", async () => {
    const { ports, rows } = await run("lost", "tcpretrans", "-s", "--netns", String(netns.inode));
    const local = `10.9.0.1:${ports[0]![0]}`;
    expect(rows.slice(1)).toEqual([
      ["TIME", "PID", "IP", "LADDR:LPORT", "T>", "RADDR:RPORT", "STATE", "SEQ"],
      [expect.stringMatching(/^\d\d:\d\d:\d\d$/), number, "4", local, "R>", "10.9.0.2:77", "SYN_SENT", number],
    ]);
  });

  it("prints tail loss probes on request", async (context) => {
    needFeature(context, port, "kprobe");
    const { ports, rows } = await run("probe", "tcpretrans", "-l", "--netns", String(netns.inode));
    const local = `10.9.1.1:${ports[0]![0]}`;
    const own = rows.filter((row) => row[3] === local).map((row) => row.slice(4));
    expect(own[0], JSON.stringify(rows)).toEqual(["L>", "10.9.1.2:78", "ESTABLISHED"]);
    expect(own).toContainEqual(["R>", "10.9.1.2:78", "ESTABLISHED"]);
  });

  it("counts by connection", async () => {
    const counted = await run("lost", "tcpretrans", "-c", "--netns", String(netns.inode));
    expect(counted.rows.at(-1)).toEqual([`[10.9.0.1]#${counted.ports[0]![0]}`, "<->", "[10.9.0.2]#77", "1"]);
  });
});
