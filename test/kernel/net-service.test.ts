import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { needFeature } from "../support/need-feature.ts";
import { makeLab, takeLabStock } from "../support/own-lab.ts";
import type { OwnLab } from "../support/own-lab.ts";
import { takePatience } from "../support/patience.ts";
import { makeFolder, root, runCli, startCli } from "../support/run-cli.ts";
import type { CliResult } from "../support/run-cli.ts";

const folder = makeFolder();
const port = openAddon();
// On a busy machine each start of bpfts takes a second or two.
const patienceMs = takePatience(150_000);

/** Answers on 8080 by TCP (each connection: its own name and who asks, then what it gets, until the end) and on 5353 by UDP, where `big` is answered in fragments. */
const server = join(folder, "server.py");
writeFileSync(
  server,
  `
import socket, sys, threading
name = sys.argv[1]
def serve(c, peer):
    c.sendall(("%s %s\\n" % (name, peer[0])).encode())
    while True:
        data = c.recv(65536)
        if not data: break
        c.sendall(data)
    c.close()
def listen(s):
    while True: threading.Thread(target=serve, args=s.accept(), daemon=True).start()
def answer(u):
    while True:
        data, peer = u.recvfrom(65536)
        u.sendto(data * 4000 if data == b"big" else ("%s %d" % (name, len(data))).encode(), peer)
for family, any in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
    s = socket.socket(family); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    u = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        for one in (s, u): one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind((any, 8080)); s.listen(64); u.bind((any, 5353))
    threading.Thread(target=listen, args=(s,), daemon=True).start()
    threading.Thread(target=answer, args=(u,), daemon=True).start()
print("listening", flush=True)
threading.Event().wait()
`,
);

/** Does what each line that it reads says, and prints what came of it. */
const client = join(folder, "client.py");
writeFileSync(
  client,
  `
import socket, sys
held = {}
def family(a): return socket.AF_INET6 if ":" in a else socket.AF_INET
def read_line(s):
    line = b""
    while not line.endswith(b"\\n"): line += s.recv(1) or b"?\\n"
    return line.decode().strip()
def connect(a, p, source=0):
    s = socket.socket(family(a)); s.settimeout(1)
    if source:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\\1\\0\\0\\0\\0\\0\\0\\0"); s.bind(("", source))
    s.connect((a, int(p)))
    return s
def run(word, *rest):
    if word == "hold":
        held[rest[0]] = connect(rest[1], rest[2]); return read_line(held[rest[0]])
    if word == "echo":
        s = held[rest[0]]; data = b"abcd" * 25000; s.settimeout(5); s.sendall(data); got = b""
        while len(got) < len(data): got += s.recv(65536)
        return "same" if got == data else "other"
    if word == "tcp":
        s = connect(rest[0], rest[1], int(rest[2]) if len(rest) > 2 else 0)
        peer = s.getpeername(); said = read_line(s); s.close()
        return "%s from %s %d" % (said, peer[0], peer[1])
    if word == "udp":
        s = socket.socket(family(rest[0]), socket.SOCK_DGRAM); s.settimeout(1); s.sendto((rest[2] if len(rest) > 2 else "x" * 5).encode(), (rest[0], int(rest[1])))
        data, peer = s.recvfrom(65536)
        return "%s from %s %d" % (data.decode() if len(data) < 100 else len(data), peer[0], peer[1])
    if word == "refused":
        s = socket.socket(family(rest[0]), socket.SOCK_DGRAM); s.settimeout(1); s.connect((rest[0], int(rest[1]))); s.send(b"x"); s.recv(1)
for line in sys.stdin:
    try: print(run(*line.split()), flush=True)
    except socket.timeout: print("timeout", flush=True)
    except OSError as error: print(type(error).__name__, flush=True)
`,
);

const nodes = {
  nodes: {
    node1: {
      subnet: ["10.77.1.0/24", "fd00:77:1::/64"],
      pods: { pod1: {}, pod2: {}, pod3: {} },
    },
  },
};
const backends = ["10.77.1.2:8080", "10.77.1.3:8080"];
const web = { name: "web", frontend: "10.96.0.10:80", backends };

/** A lab with servers in pod2 and pod3, and a client in pod1 that does what it is told. */
async function openWorld(name: string) {
  const lab = makeLab(folder, name, nodes);
  await lab.up();
  const servers = ["pod2", "pod3"].map((pod) => startCli(["lab", "exec", lab.path, pod, "--", "python3", server, pod]));
  for (const one of servers) await one.waitFor("listening");
  const asking = startCli(["lab", "exec", lab.path, "pod1", "--", "python3", client]);
  let printed = "";
  asking.child.stdout!.on("data", (text: string) => {
    printed += text;
  });
  let asked = 0;
  return {
    lab,
    /** Tells the client and waits for what it prints. */
    async ask(...lines: readonly string[]): Promise<readonly string[]> {
      asking.child.stdin!.write(`${lines.join("\n")}\n`);
      asked += lines.length;
      await expect.poll(() => printed.split("\n").length - 1, { timeout: 60_000 }).toBeGreaterThanOrEqual(asked);
      return printed.split("\n").slice(asked - lines.length, asked);
    },
    async close(): Promise<void> {
      asking.child.stdin!.end();
      for (const one of servers) one.child.kill("SIGINT");
      await Promise.all([asking, ...servers].map(({ ended }) => ended));
    },
  };
}

async function startService(lab: OwnLab, services: string, ...more: readonly string[]) {
  const run = startCli(["--lab", lab.path, "service", services, "--dev", "pod1", ...more]);
  await run.waitFor("Balancing");
  return {
    run,
    async end(): Promise<CliResult> {
      run.child.kill("SIGINT");
      return run.ended;
    },
  };
}

function writeServices(name: string, services: readonly unknown[]): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(services));
  return path;
}

function readLines(result: CliResult): readonly Record<string, unknown>[] {
  expect(result.status, result.stderr).toBe(0);
  return result.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("bpfts service", { timeout: patienceMs }, () => {
  it("balances TCP and UDP of both families, answers from the service's address, and counts exactly", async () => {
    const world = await openWorld("service");
    const backends6 = ["[fd00:77:1::2]:8080", "[fd00:77:1::3]:8080"];
    const services = writeServices("services.json", [
      web,
      { ...web, name: "web6", frontend: "[fd00:96::a]:80", backends: backends6, algorithm: "maglev" },
      { name: "dns", frontend: "10.96.0.10:53", protocol: "udp", backends: ["10.77.1.2:5353"] },
      { name: "dns6", frontend: "[fd00:96::a]:53", protocol: "udp", backends: ["[fd00:77:1::3]:5353"] },
      { name: "closed", frontend: "10.96.0.10:54", protocol: "udp", backends: ["10.77.1.2:9"] },
      { name: "nobody", frontend: "10.96.0.11:80", backends: [] },
    ]);
    const service = await startService(world.lab, services, "--json");
    const tcp = await world.ask(...Array.from({ length: 40 }, () => "tcp 10.96.0.10 80"));
    const tcp6 = await world.ask(...Array.from({ length: 40 }, () => "tcp fd00:96::a 80"));
    const others = await world.ask(
      "udp 10.96.0.10 53",
      "udp fd00:96::a 53",
      "udp 10.96.0.10 53 big",
      "udp fd00:96::a 53 big",
      "refused 10.96.0.10 54",
      "tcp 10.96.0.11 80",
      "hold long 10.96.0.10 80",
      "echo long",
    );
    const lines = readLines(await service.end());
    await world.close();
    const count = (answers: readonly string[], pod: string, wanted: string): number =>
      answers.filter((answer) => answer === `${pod} ${wanted}`).length;
    const v4 = ["pod2", "pod3"].map((pod) => count(tcp, pod, "10.77.1.1 from 10.96.0.10 80"));
    const v6 = ["pod2", "pod3"].map((pod) => count(tcp6, pod, "fd00:77:1::1 from fd00:96::a 80"));
    expect([v4[0]! + v4[1]!, v6[0]! + v6[1]!], JSON.stringify([tcp, tcp6])).toEqual([40, 40]);
    for (const pods of [v4, v6]) expect(Math.min(...pods)).toBeGreaterThan(4);
    expect(others).toEqual([
      "pod2 5 from 10.96.0.10 53",
      "pod3 5 from fd00:96::a 53",
      "12000 from 10.96.0.10 53",
      "12000 from fd00:96::a 53",
      "ConnectionRefusedError",
      "timeout",
      expect.stringMatching(/^pod[23] 10\.77\.1\.1$/),
      "same",
    ]);
    const table = new Map(
      lines
        .filter(({ connections }) => connections !== undefined)
        .map(({ service: name, backend, connections }) => [`${String(name)} ${String(backend)}`, connections]),
    );
    const long = others[6]!.startsWith("pod2") ? 0 : 1;
    expect(Object.fromEntries(table)).toEqual({
      [`web ${backends[0]}`]: v4[0]! + (long === 0 ? 1 : 0),
      [`web ${backends[1]}`]: v4[1]! + long,
      [`web6 ${backends6[0]}`]: v6[0],
      [`web6 ${backends6[1]}`]: v6[1],
      "dns 10.77.1.2:5353": 2,
      "dns6 [fd00:77:1::3]:5353": 2,
      "closed 10.77.1.2:9": 1,
    });
    const drops = lines.filter(({ verdict }) => verdict === "DROPPED");
    expect(drops.length).toBeGreaterThan(0);
    for (const drop of drops)
      expect(drop).toMatchObject({
        drop_reason: 158,
        drop_reason_desc: "SERVICE_BACKEND_NOT_FOUND",
        service: "nobody",
      });
    // The line that is named is the one that drops.
    const { name, line } = drops[0]!["file"] as { name: string; line: number };
    const source = readFileSync(join(root, "scripts/net/parts", name), "utf8").split("\n");
    expect(source[line - 1]).toContain("return drop(skb, tuple, DROP_NO_SERVICE");
  });

  it("drains a backend that leaves the file, keeps clients where they were, and leaves nothing when it is killed", async (context) => {
    // A classic filter stays when its script is killed.
    needFeature(context, port, "tcx");
    const world = await openWorld("service-drain");
    const sticky = { ...web, name: "sticky", frontend: "10.96.0.12:80", affinity: 600 };
    const services = writeServices("drain.json", [{ ...web, backends: [backends[0]] }, sticky]);
    const service = await startService(world.lab, services, "--drain", "3600");
    expect(await world.ask("hold old 10.96.0.10 80", "echo old")).toEqual(["pod2 10.77.1.1", "same"]);
    const once = await world.ask(...Array.from({ length: 10 }, () => "tcp 10.96.0.12 80"));
    expect(new Set(once).size).toBe(1);

    writeFileSync(services, "[{");
    await service.run.waitFor("The services stay as they are");
    writeServices("drain.json", [{ ...web, backends: [backends[1]] }, sticky]);
    await service.run.waitFor("was read again");
    const after = await world.ask("echo old", ...Array.from({ length: 10 }, () => "tcp 10.96.0.10 80"), "echo old");
    expect(after).toEqual(["same", ...Array<string>(10).fill("pod3 10.77.1.1 from 10.96.0.10 80"), "same"]);
    // The same port, first to the backend itself and then to the service.
    expect(await world.ask("tcp 10.77.1.3 8080 4711", "tcp 10.96.0.10 80 4711", "tcp 10.77.1.3 8080 4711")).toEqual([
      "pod3 10.77.1.1 from 10.77.1.3 8080",
      "pod3 10.77.1.1 from 10.96.0.10 80",
      "pod3 10.77.1.1 from 10.77.1.3 8080",
    ]);
    const result = await service.end();
    expect(result.stdout).toMatch(/^web +10\.96\.0\.10:80\/tcp +10\.77\.1\.2:8080 +terminating +1 /m);
    expect(result.stdout).toMatch(/^web +10\.96\.0\.10:80\/tcp +10\.77\.1\.3:8080 +active +11 /m);

    const killed = await startService(world.lab, services);
    expect((await runCli(["net", "--netns", `bpfts.${world.lab.name}.node1`])).stdout).toContain("from_container");
    killed.run.child.kill("SIGKILL");
    await killed.run.ended;
    await expect
      .poll(async () => (await runCli(["net", "--netns", `bpfts.${world.lab.name}.node1`])).stdout)
      .toMatch(/^Nothing is attached/);
    await world.close();
    await runCli(["lab", "down", world.lab.path]);
    expect(takeLabStock(world.lab.name).filter((entry) => entry.includes(world.lab.name))).toEqual([]);
  });

  it.each([
    [[], "the following arguments are required: SERVICES.json"],
    [["SERVICES"], "service: error: there is nothing to do: give --dev"],
    [["SERVICES", "--dev", "x", "--drain", "-1"], "service: error: --drain wants a number of seconds, 0 or more"],
    [["SERVICES", "--dev", "x", "--maglev-size", "1000"], "--maglev-size"],
    [["SERVICES", "--dev", "nosuchdev"], "nosuchdev"],
    [["BAD", "--dev", "x"], 'a service has no "backend" (did you mean "backends"?)'],
    [["nowhere.json", "--dev", "x"], "nowhere.json"],
  ])("says what is wrong with %j", async (args, message) => {
    const files = {
      SERVICES: writeServices("right.json", [web]),
      BAD: writeServices("bad.json", [{ name: "web", frontend: "10.96.0.10:80", backend: [] }]),
    };
    const result = await runCli(["service", ...args.map((arg) => files[arg as keyof typeof files] ?? arg)]);
    expect(result.status).not.toBe(0);
    expect(result.stderr).toContain(message);
  });
});
