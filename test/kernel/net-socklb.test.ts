import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeCgroup } from "../support/own-cgroup.ts";
import type { OwnCgroup } from "../support/own-cgroup.ts";
import { makeNetns } from "../support/own-netns.ts";
import type { OwnNetns } from "../support/own-netns.ts";
import { takePatience } from "../support/patience.ts";
import { openLines } from "../support/read-lines.ts";
import { makeFolder, runCli, startCli } from "../support/run-cli.ts";
import type { CliResult, RunningCli } from "../support/run-cli.ts";

const folder = makeFolder();

/** Answers each connection and each datagram with the address that it came to. */
const server = `
import selectors, socket, sys
chosen = selectors.DefaultSelector()
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    for text in sys.argv[1:]:
        address, port = text.rsplit(":", 1)
        s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind((address, int(port)))
        if kind == socket.SOCK_STREAM: s.listen(64)
        chosen.register(s, selectors.EVENT_READ, text)
print("ready", flush=True)
while True:
    for key, _ in chosen.select():
        s = key.fileobj
        if key.data is None:
            data = s.recv(100)
            if data: s.sendall(data)
            else: chosen.unregister(s); s.close()
        elif s.type == socket.SOCK_STREAM:
            c, _ = s.accept(); c.sendall(key.data.encode() + b"\\n"); chosen.register(c, selectors.EVENT_READ)
        else:
            _, peer = s.recvfrom(100); s.sendto(key.data.encode(), peer)
`;

/** What clients do; each prints JSON. */
const client = `
import errno, json, socket, sys, time
def open_socket(address, kind, family=None):
    s = socket.socket(family or (socket.AF_INET6 if ":" in address else socket.AF_INET), kind); s.settimeout(2); return s
def tcp(address, port, count, family=None):
    answers = []
    for _ in range(count):
        s = open_socket(address, socket.SOCK_STREAM, family)
        try:
            s.connect((address, port)); answers.append([s.makefile().readline().strip(), s.getpeername()[0], s.getpeername()[1]])
        except OSError as error: answers.append(errno.errorcode.get(error.errno, str(error)))
        s.close()
    return answers
def udp(address, port, count, connected, family=None):
    s = open_socket(address, socket.SOCK_DGRAM, family); answers = []
    if connected: s.connect((address, port))
    for _ in range(count):
        try:
            s.send(b"x") if connected else s.sendto(b"x", (address, port))
            data, peer = s.recvfrom(100); answers.append([data.decode(), peer[0], peer[1]])
        except OSError as error: answers.append(errno.errorcode.get(error.errno, str(error)))
    if connected: answers.append(s.getpeername()[0])
    s.close()
    return answers
def hold(*services):
    held = [open_socket(address, socket.SOCK_STREAM) for address, _ in services]
    for s, service in zip(held, services): s.connect(service)
    backends = [s.makefile().readline().strip() for s in held]
    print(json.dumps(backends), flush=True)
    sys.stdin.readline()
    for s in held: s.sendall(b"ping")
    print(json.dumps([[s.recv(4).decode(), s.getpeername()[0]] for s in held]), flush=True)
    sys.stdin.readline()
    for s in held: s.close()
    print(json.dumps("closed"), flush=True)
    sys.stdin.readline()
    return "end"
print(json.dumps(eval(sys.argv[1])))
`;

const serverPath = join(folder, "server.py");
const clientPath = join(folder, "client.py");
writeFileSync(serverPath, server);
writeFileSync(clientPath, client);

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await ended;
  }
});

let netns: OwnNetns;
let cgroup: OwnCgroup;
beforeAll(async () => {
  netns = await makeNetns();
  cgroup = makeCgroup("socklb");
  const commands = [
    "link set lo up",
    ...["10.0.1.2/32", "10.0.1.3/32", "fd00:1::2/128", "fd00:1::3/128"].map((one) => `address add ${one} dev lo`),
  ];
  for (const command of commands)
    expect(spawnSync("sh", ["-c", netns.enter(`ip ${command}`)], { encoding: "utf8" })).toMatchObject({ status: 0 });
});

/** A command line in the namespace, and in the cgroup when it is given. */
function enter(command: string, group: OwnCgroup | null): readonly string[] {
  const joined = group === null ? "" : `echo $$ >${group.path}/cgroup.procs && `;
  return ["-c", `${joined}exec ${netns.enter(command)}`];
}

async function startServer(...addresses: readonly string[]): Promise<void> {
  const child = spawn("sh", enter(`python3 ${serverPath} ${addresses.join(" ")}`, null), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  await openLines(child.stdout)();
}

/** What a client answers that runs in the cgroup. */
function ask(call: string, group: OwnCgroup | null = cgroup): unknown {
  const result = spawnSync("sh", enter(`python3 ${clientPath} '${call}'`, group), { encoding: "utf8" });
  expect(result).toMatchObject({ status: 0, stderr: "" });
  return JSON.parse(result.stdout) as unknown;
}

function writeServices(name: string, services: readonly unknown[]): string {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify(services));
  return path;
}

interface Row {
  readonly service: string;
  readonly backend: string;
  readonly state?: string;
  readonly sockets?: number;
  readonly connects?: number;
  readonly datagrams?: number;
  readonly pid?: number;
  readonly comm?: string;
}

function readRows({ stdout, status, stderr }: CliResult): readonly Row[] {
  expect(status, stderr).toBe(0);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
}

const v4 = ["10.0.1.2:8080", "10.0.1.3:8080"];
const v6 = ["fd00:1::2:8080", "fd00:1::3:8080"];
const services = [
  { name: "web", frontend: "10.96.0.10:80", backends: v4 },
  { name: "web6", frontend: "[fd00::a]:80", backends: ["[fd00:1::2]:8080", "[fd00:1::3]:8080"] },
  { name: "dns", frontend: "10.96.0.10:53", protocol: "udp", backends: v4 },
  { name: "dns6", frontend: "[fd00::a]:53", protocol: "udp", backends: ["[fd00:1::2]:8080"] },
  { name: "sticky", frontend: "10.96.0.11:80", backends: v4, affinity: 60 },
  { name: "nobody", frontend: "10.96.0.12:80", backends: [] },
];

/** How many answers came from each backend; all show the service. */
function split(answers: unknown, peer: string, port: number): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const answer of answers as readonly unknown[]) {
    const [backend, ...seen] = answer as [string, string, number];
    expect(seen).toEqual([peer, port]);
    counts[backend] = (counts[backend] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(counts).sort());
}

/** Starts the balancer; in JSON nothing is said, so a socket tells when it is ready. */
async function start(name: string, list: readonly unknown[], ...args: readonly string[]): Promise<RunningCli> {
  const running = startCli(["socklb", writeServices(name, list), "--cgroup", cgroup.path, "--json", ...args]);
  for (let tries = 0; tries < 100; tries++) {
    const [answer] = ask(`tcp("10.96.0.10", 80, 1)`) as readonly unknown[];
    if (answer !== "ENETUNREACH") return running;
    await sleep(200);
  }
  throw new Error("socklb attached nothing");
}

// On a busy machine each start of bpfts takes a second or two.
const patienceMs = takePatience(150_000);

describe("bpfts socklb", { timeout: patienceMs }, () => {
  it("leads what connects to a service to its backends, and shows the service only", async () => {
    await startServer(...v4, ...v6);
    const running = await start("all", services);
    const [web, web6, mapped, sticky, nobody, direct, other, unchanged] = ask(
      `[tcp("10.96.0.10", 80, 40), tcp("fd00::a", 80, 40), tcp("::ffff:10.96.0.10", 80, 40, socket.AF_INET6), tcp("10.96.0.11", 80, 20),` +
        ` tcp("10.96.0.12", 80, 1), tcp("10.0.1.2", 8080, 1), tcp("10.96.0.10", 53, 1), tcp("::ffff:10.0.1.2", 8080, 1, socket.AF_INET6)]`,
    ) as readonly unknown[];
    expect(Object.keys(split(web, "10.96.0.10", 80))).toEqual(v4);
    expect(Object.keys(split(web6, "fd00::a", 80))).toEqual(v6);
    expect(Object.keys(split(mapped, "::ffff:10.96.0.10", 80))).toEqual(v4);
    expect(Object.values(split(sticky, "10.96.0.11", 80))).toEqual([20]);
    expect(nobody).toEqual(["EHOSTUNREACH"]);
    // What is no service is left alone; the port of another protocol is none.
    expect(direct).toEqual([["10.0.1.2:8080", "10.0.1.2", 8080]]);
    expect(unchanged).toEqual([["10.0.1.2:8080", "::ffff:10.0.1.2", 8080]]);
    expect(other).toEqual(["ENETUNREACH"]);
    expect(ask(`[tcp("10.96.0.10", 80, 1), tcp("fd00::a", 80, 1), udp("10.96.0.10", 53, 1, False)]`, null)).toEqual([
      ["ENETUNREACH"],
      ["ENETUNREACH"],
      ["ENETUNREACH"],
    ]);
    running.child.kill("SIGINT");
    const rows = readRows(await running.ended);
    const sum = (service: string): number =>
      rows.filter((row) => row.service === service).reduce((total, { connects = 0 }) => total + connects, 0);
    expect(["web", "web6", "sticky", "dns"].map(sum)).toEqual([81, 40, 20, 0]);
    expect(rows.every(({ sockets, state }) => sockets === 0 && state === "active")).toBe(true);
  });

  it("leads datagrams there and back, of sockets that are connected and of others", async () => {
    await startServer(...v4, ...v6);
    const running = await start("udp", services);
    const answers = ask(
      `[udp("10.96.0.10", 53, 5, False), udp("10.96.0.10", 53, 5, True), udp("fd00::a", 53, 5, False), udp("fd00::a", 53, 5, True),` +
        ` udp("::ffff:10.96.0.10", 53, 5, False, socket.AF_INET6), udp("::ffff:10.96.0.10", 53, 5, True, socket.AF_INET6), udp("10.0.1.2", 8080, 1, False)]`,
    ) as readonly (readonly unknown[])[];
    const seen = ["10.96.0.10", "fd00::a", "::ffff:10.96.0.10"];
    for (const [at, answer] of answers.slice(0, 6).entries()) {
      const address = seen[at >> 1]!;
      const is_connected = at % 2 === 1;
      // A socket keeps its backend.
      expect(Object.values(split(answer.slice(0, 5), address, 53))).toEqual([5]);
      expect(answer.slice(5)).toEqual(is_connected ? [address] : []);
    }
    expect(answers[6]).toEqual([["10.0.1.2:8080", "10.0.1.2", 8080]]);
    running.child.kill("SIGINT");
    const rows = readRows(await running.ended).filter(({ service }) => service.startsWith("dns"));
    expect(rows.reduce((total, { datagrams = 0 }) => total + datagrams, 0)).toBe(15);
    expect(rows.reduce((total, { connects = 0 }) => total + connects, 0)).toBe(3);
  });

  it("takes over a changed file and lists sockets on removed backends", async () => {
    await startServer(...v4);
    const one = (backend: string) => [{ name: "web", frontend: "10.96.0.10:80", backends: [backend] }];
    const running = await start("changing", one(v4[0]!), "1");
    const held = spawn("sh", enter(`python3 ${clientPath} 'hold(("10.96.0.10", 80))'`, cgroup));
    children.push(held);
    const next = openLines(held.stdout);
    const hear = async (): Promise<unknown> => JSON.parse(await next());
    const hear_next = (): Promise<unknown> => {
      held.stdin.write("\n");
      return hear();
    };
    expect(await hear()).toEqual([v4[0]]);

    writeServices("changing", [{ ...one(v4[0]!)[0], backend: [] }]);
    await running.waitFor('a service has no "backend" (did you mean "backends"?); the services of before stay');
    expect(ask(`tcp("10.96.0.10", 80, 1)`)).toEqual([[v4[0], "10.96.0.10", 80]]);
    writeServices("changing", one(v4[1]!));
    await running.waitFor("has 1 service now; 1 open socket is connected to backends that were removed");
    await running.waitFor('"comm":"python3"');
    expect(ask(`tcp("10.96.0.10", 80, 9)`)).toEqual(Array(9).fill([v4[1], "10.96.0.10", 80]));
    expect(await hear_next()).toEqual([["ping", "10.96.0.10"]]);
    expect(await hear_next()).toBe("closed");
    running.child.kill("SIGINT");
    const { stdout } = await running.ended;
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Row);
    expect(lines.find(({ pid }) => pid !== undefined)).toEqual({
      pid: held.pid,
      comm: "python3",
      service: "web",
      backend: v4[0],
    });
    // Closed, so no longer listed: the last rows are those of the two backends.
    expect(lines.slice(-2).map(({ backend, state, sockets, connects }) => [backend, state, sockets, connects])).toEqual(
      [
        [v4[1], "active", 0, 9],
        [v4[0], "removed", 0, 3],
      ],
    );
  });

  it("leaves nothing when it is killed, and connections go on", async () => {
    await startServer(...v4);
    const running = await start("killed", services);
    const held = spawn("sh", enter(`python3 ${clientPath} 'hold(("10.96.0.10", 80), ("10.96.0.11", 80))'`, cgroup));
    children.push(held);
    const next = openLines(held.stdout);
    await next();
    running.child.kill("SIGKILL");
    await running.ended;
    held.stdin.write("\n");
    // Without the programs a socket shows the backend that it has.
    expect(await next()).toMatch(/^\[\["ping", "10\.0\.1\.[23]"\], \["ping", "10\.0\.1\.[23]"\]\]$/);
    expect(ask(`tcp("10.96.0.10", 80, 1)`)).toEqual(["ENETUNREACH"]);
    expect((await runCli(["net"])).stdout).not.toContain("socklb");
  });

  it.each<[readonly string[], string]>([
    [["SERVICES"], "socklb: error: a cgroup is needed: --cgroup /sys/fs/cgroup/web"],
    [["/nothing.json", "--cgroup", "C"], 'socklb: error: Cannot read "/nothing.json": no such file'],
    [["WRONG", "--cgroup", "C"], "WRONG: [0].frontend: an address with a port is wanted"],
    [["SERVICES", "--cgroup", "/sys/nothing"], "/sys/nothing"],
  ])("refuses %j", async (args, message) => {
    const paths = { SERVICES: writeServices("good", services), WRONG: writeServices("wrong", [{ name: "a" }]) };
    const fill = (text: string): string => text.replace(/SERVICES|WRONG/, (name) => paths[name as keyof typeof paths]);
    const result = await runCli(["socklb", ...args.map((arg) => (arg === "C" ? cgroup.path : fill(arg)))]);
    expect(result.status).not.toBe(0);
    expect(result.stderr).toContain(fill(message));
  });

  it("says that it chooses at random where maglev is asked for", async () => {
    const path = writeServices("maglev", [{ ...services[0], algorithm: "maglev" }]);
    const result = await runCli(["socklb", path, "--cgroup", cgroup.path, "--duration", "0.1"]);
    expect(result.status).toBe(0);
    expect(result.stderr).toContain(`"web": a socket's backend is chosen at random, not by "maglev"`);
  });
});
