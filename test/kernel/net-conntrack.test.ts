import { execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { needFeature } from "../support/need-feature.ts";
import { mountBpffs } from "../support/own-bpffs.ts";
import { makeLab, renderPings } from "../support/own-lab.ts";
import { takePatience } from "../support/patience.ts";
import { openLines } from "../support/read-lines.ts";
import { makeFolder, runCli, startCli } from "../support/run-cli.ts";
import type { CliResult, RunningCli } from "../support/run-cli.ts";

const folder = makeFolder();
const port = openAddon();
const patienceMs = takePatience(180_000);

/** Takes so many connections to port 8080, reads each to its end and closes it. */
const server = `
import socket, sys
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("", 8080)); s.listen(); print("listening", flush=True)
for _ in range(int(sys.argv[1])):
    c, _ = s.accept()
    while c.recv(65536): pass
    c.close()
`;
/** Connects from one port, sends a byte and waits for the other end's close. */
const client = `
import socket, sys
address, port = sys.argv[1], int(sys.argv[2])
for own in sys.argv[3:]:
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("", int(own))); s.settimeout(3)
    s.connect((address, port)); s.sendall(b"x"); s.shutdown(socket.SHUT_WR)
    while s.recv(100): pass
    s.close()
`;
const clientPath = join(folder, "client.py");
writeFileSync(clientPath, client);

interface Row {
  readonly table: string;
  readonly proto?: string;
  readonly direction?: string;
  readonly source?: string;
  readonly source_port?: number;
  readonly destination?: string;
  readonly destination_port?: number;
  readonly remaining?: number;
  readonly state?: string;
  readonly TxPackets?: number;
  readonly RxPackets?: number;
  readonly entries?: number;
  readonly capacity?: number;
  readonly removed?: number;
  readonly SourceSecurityID?: number;
  readonly DestinationSecurityID?: number;
}

function readRows(result: CliResult): readonly Row[] {
  expect(result.status, result.stderr).toBe(0);
  return result.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);
}

/** Starts a server in a place of a lab; it ends with the last connection that it was to take. */
async function listen(lab: { readonly name: string }, place: string, connections: number) {
  const child = spawn(
    "nsenter",
    [`--net=/run/netns/bpfts.${lab.name}.${place}`, "python3", "-c", server, String(connections)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await openLines(child.stdout)();
  return child;
}

const onNode = { nodes: { node1: { subnet: "10.77.1.0/24", pods: { pod1: {}, pod2: {} } } } };

describe("bpfts conntrack", { timeout: patienceMs }, () => {
  it("lists, flushes and cleans what policy remembers, also after a policy that was killed", async (context) => {
    // A classic filter stays when its script is killed.
    needFeature(context, port, "tcx");
    const lab = makeLab(folder, "ct", onNode);
    await lab.up();
    const { enter } = await mountBpffs();
    const run = (...args: readonly string[]): Promise<CliResult> => runCli(args, { by: enter });
    const rules = ["--allow", "pod2 from pod1 icmp", "--allow", "pod2 from pod1 tcp/8080", "--allow", "pod1 to any"];
    const policy = ["--lab", lab.path, "policy", "--endpoint", "pod1=5001", "--endpoint", "pod2=5002", ...rules];
    const running: RunningCli = startCli([...policy, "--pin", "t"], { by: enter });
    await running.waitFor("Ctrl-C to end");
    const listening = await listen(lab, "pod2", 1);
    lab.exec("pod1", "python3", clientPath, "10.77.1.2", "8080", "40001");
    expect(lab.exec("pod1", "sh", "-c", renderPings("10.77.1.2", 2))).toBe("2\n");
    listening.kill();

    const second = await run(...policy, "--pin", "t");
    expect(second).toMatchObject({
      status: 2,
      stderr: `policy: error: the tables of "t" are written by a policy already, process ${running.child.pid}: give another --pin\n`,
    });
    // What was pinned outlives it; what was attached does not.
    running.child.kill("SIGKILL");
    await running.ended;
    expect((await run("net", "--netns", `bpfts.${lab.name}.node1`)).stdout).toMatch(/^Nothing is attached/);

    const rows = readRows(await run("conntrack", "list", "--pin", "t", "--json"));
    const show = ({ table, proto, direction, state, source, destination, ...rest }: Row): string =>
      `${table} ${proto} ${direction} ${source}->${destination} ${state} ${rest.SourceSecurityID}->${rest.DestinationSecurityID}`;
    const connections = rows.filter(({ proto }) => proto !== undefined);
    expect(connections.map(show).sort()).toEqual([
      "pod1 ICMP OUT 10.77.1.1->10.77.1.2 ACTIVE 5001->5002",
      "pod1 TCP OUT 10.77.1.1->10.77.1.2 CLOSING 5001->5002",
      "pod2 ICMP IN 10.77.1.1->10.77.1.2 ACTIVE 5001->5002",
      "pod2 TCP IN 10.77.1.1->10.77.1.2 CLOSING 5001->5002",
    ]);
    for (const { proto, remaining, source_port } of connections) {
      expect(remaining).toBeGreaterThan(0);
      expect(remaining).toBeLessThanOrEqual(proto === "TCP" ? 10 : 60);
      if (proto === "TCP") expect(source_port).toBe(40001);
    }
    // Two echo requests and their replies, from either end's side.
    for (const { TxPackets, RxPackets } of connections.filter(({ proto }) => proto === "ICMP"))
      expect([TxPackets, RxPackets]).toEqual([2, 2]);
    const [own, peer] = ["pod1", "pod2"].map((name) =>
      connections.find(({ table, proto }) => table === name && proto === "TCP"),
    );
    expect([own!.TxPackets, own!.RxPackets]).toEqual([peer!.RxPackets, peer!.TxPackets]);
    expect(rows.filter(({ entries }) => entries !== undefined)).toEqual([
      { table: "pod1", entries: 2, capacity: 65536, pressure: (100 * 2) / 65536 },
      { table: "pod2", entries: 2, capacity: 65536, pressure: (100 * 2) / 65536 },
    ]);

    const count = async (...filter: readonly string[]): Promise<number> =>
      readRows(await run("conntrack", "list", "--pin", "t", "--json", ...filter)).filter(({ proto }) => proto).length;
    expect(await count("--proto", "tcp")).toBe(2);
    expect(await count("--port", "8080")).toBe(2);
    expect(await count("--src", "10.77.1.2")).toBe(0);
    expect(await count("--src", "10.77.1.0/31", "--dst", "10.77.1.2", "--endpoint", "pod2")).toBe(2);
    expect(await count("--identity", "5002")).toBe(4);
    expect(await count("--identity", "5003")).toBe(0);
    expect((await run("conntrack", "flush", "--pin", "t", "--proto", "icmp", "--endpoint", "pod2")).stdout).toBe(
      "Flushed 1 entry of 4.\n",
    );
    // Ten seconds behind the last packet the closed ones have expired, and the ICMP flow has not.
    const closes = Math.max(...connections.filter(({ proto }) => proto === "TCP").map(({ remaining }) => remaining!));
    await new Promise((resolve) => setTimeout(resolve, closes * 1000));
    const text = (await run("conntrack", "list", "--pin", "t")).stdout;
    expect(text).toMatch(
      /^TCP OUT 10\.77\.1\.1:40001 -> 10\.77\.1\.2:8080 expires=\d+ \(remaining: 0 sec\(s\)\) State=EXPIRED TxPackets=\d+ RxPackets=\d+ Flags=0x0013 \[ TxClosing RxClosing SeenNonSyn \] SourceSecurityID=5001 DestinationSecurityID=5002 pod1$/m,
    );
    expect(text).toMatch(/\n\npod1: 2 entries of 65536 \(0\.0 %\)\npod2: 1 entry of 65536 \(0\.0 %\)\n$/);
    expect((await run("conntrack", "gc", "--pin", "t")).stdout).toBe("Removed 2 entries of 3.\n");
    expect((await run("conntrack", "gc", "--pin", "t")).stdout).toBe("Removed 0 entries of 1.\n");

    // A policy that is started again goes on with the connections.
    expect((await run(...policy, "--pin", "t", "--duration", "0.1")).status).toBe(0);
    expect(await count()).toBe(1);
    expect((await run("conntrack", "flush", "--pin", "t", "--json")).stdout).toBe(
      '{"action":"flush","removed":1,"of":1}\n',
    );
    expect(await count()).toBe(0);
    execFileSync(enter[0]!, [...enter.slice(1), "rm", "-r", "/sys/fs/bpf/bpfts"]);
  });

  it("flushes connections of a service with the answers that they expect", async () => {
    const lab = makeLab(folder, "cts", onNode);
    await lab.up();
    const { enter } = await mountBpffs();
    const run = (...args: readonly string[]): Promise<CliResult> => runCli(args, { by: enter });
    const services = join(folder, "services.json");
    writeFileSync(services, JSON.stringify([{ name: "web", frontend: "10.96.0.10:80", backends: ["10.77.1.2:8080"] }]));
    const service = startCli(["--lab", lab.path, "service", services, "--dev", "pod1", "--pin", "t"], { by: enter });
    await service.waitFor("Ctrl-C to end");
    await listen(lab, "pod2", 3);
    lab.exec("pod1", "python3", clientPath, "10.96.0.10", "80", "40001", "40002", "40003");
    const list = async (...filter: readonly string[]): Promise<readonly Row[]> =>
      readRows(await run("conntrack", "list", "--pin", "t", "--json", ...filter));
    expect(
      (await list()).map(({ source_port, direction, entries }) => entries ?? `${direction} ${source_port}`).sort(),
    ).toEqual([6, "SVC 40001", "SVC 40002", "SVC 40003"]);
    expect((await run("conntrack", "flush", "--pin", "t", "--port", "40002")).stdout).toBe("Flushed 1 entry of 3.\n");
    expect((await list()).map(({ entries }) => entries).filter(Boolean)).toEqual([4]);
    expect((await run("conntrack", "flush", "--pin", "t")).stdout).toBe("Flushed 2 entries of 2.\n");
    expect((await list()).map(({ entries }) => entries)).toEqual([0]);
    service.child.kill("SIGINT");
    expect(await service.ended).toMatchObject({ status: 0 });
  });

  it.each<[readonly string[], string]>([
    [
      ["list", "--pin", "none"],
      "there are no tables at /sys/fs/bpf/bpfts/none: start policy, service or overlay with --pin none first",
    ],
    [["list", "--pin", "../x"], `invalid name: '../x' (letters, digits, "-" and "_", as web)`],
    [["lst"], "invalid choice: 'lst' (choose from 'list', 'flush', 'gc')"],
    [["list", "--src", "10.0.0"], "invalid network: '10.0.0'"],
    [["list", "--port", "0"], "--port wants a number from 1 to 65535"],
    [["list", "--proto", "tcpp"], "invalid choice: 'tcpp'"],
  ])("refuses %j", async (args, message) => {
    const { enter } = await mountBpffs();
    const result = await runCli(["conntrack", ...args], { by: enter });
    expect(result.status).toBe(2);
    expect(result.stderr).toContain(message);
  });
});
