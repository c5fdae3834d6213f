import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeCgroup } from "../support/own-cgroup.ts";
import type { OwnCgroup } from "../support/own-cgroup.ts";
import { makeNetns } from "../support/own-netns.ts";
import type { OwnNetns } from "../support/own-netns.ts";
import { takePatience } from "../support/patience.ts";
import { openLines } from "../support/read-lines.ts";
import { makeFolder, runCli, startCli } from "../support/run-cli.ts";
import type { RunningCli } from "../support/run-cli.ts";

const folder = makeFolder();

/** Both ends of connections over lo; `payload_packets` is what a packet socket saw of TCP segments with data. */
const workload = join(folder, "workload.py");
writeFileSync(
  workload,
  `
import hashlib, json, os, socket, struct, sys, threading, time
ANY = {"127.0.0.1": socket.AF_INET, "::1": socket.AF_INET6, "::": socket.AF_INET6}
def pair(address, listen=None):
    s = socket.socket(ANY[listen or address], socket.SOCK_STREAM); s.bind((listen or address, 0)); s.listen()
    c = socket.socket(ANY[address], socket.SOCK_STREAM); c.settimeout(20)
    c.connect((address, s.getsockname()[1])); a, _ = s.accept(); a.settimeout(20); s.close()
    return c, a
def read_all(s, size):
    parts = []
    while size > 0:
        part = s.recv(min(size, 1 << 20))
        if not part: break
        parts.append(part); size -= len(part)
    return b"".join(parts)
def watch():
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)); s.bind(("lo", 3)); s.setblocking(False); return s
def count_payload(s):
    count = 0
    while True:
        try: packet = s.recv(200)
        except BlockingIOError: return count
        if packet[0] >> 4 == 4: at, size = (packet[0] & 15) * 4, struct.unpack("!H", packet[2:4])[0]
        else: at, size = 40, 40 + struct.unpack("!H", packet[4:6])[0]
        if size > at + (packet[at + 12] >> 4) * 4: count += 1
def ping_pong(address, count, size, listen=None):
    packets = watch(); client, server = pair(address, listen); same = True
    for number in range(count):
        data = bytes([number & 255]) * size
        client.sendall(data); same &= read_all(server, size) == data
        server.sendall(data); same &= read_all(client, size) == data
    client.close(); server.close()
    return {"same": same, "payload_packets": count_payload(packets)}
def large(address, size):
    client, server = pair(address); data = os.urandom(size); same = []
    for sender, receiver in ((client, server), (server, client)):
        thread = threading.Thread(target=sender.sendall, args=(data,)); thread.start()
        same.append(read_all(receiver, size) == data); thread.join()
    client.close(); server.close()
    return same
def close_early(address, size):
    client, server = pair(address); data = os.urandom(size)
    client.sendall(data); client.close(); time.sleep(0.3)
    got = read_all(server, size + 1); server.close()
    return got == data
def reset(address):
    client, server = pair(address); client.sendall(b"x" * 1000); server.close()
    try:
        for _ in range(1000): client.sendall(b"x" * 1000)
        said = "sent"
    except OSError as error: said = type(error).__name__
    client.close()
    return said
def defer(address):
    """The listener's socket is established by the first data, which so go through TCP."""
    s = socket.socket(ANY[address], socket.SOCK_STREAM); s.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 5); s.bind((address, 0)); s.listen()
    c = socket.create_connection(s.getsockname()[:2], 20); c.sendall(b"first "); time.sleep(0.2); c.sendall(b"second"); a, _ = s.accept(); a.settimeout(20)
    return read_all(a, 12).decode()
def outside(address, count):
    """The listener is made before the process enters the cgroup, so what it accepts is of the old one."""
    home = "/".join(PROCS.split("/")[:-2]) + "/cgroup.procs"
    with open(home, "w") as f: f.write("0")
    s = socket.socket(ANY[address], socket.SOCK_STREAM); s.bind((address, 0)); s.listen()
    with open(PROCS, "w") as f: f.write("0")
    c = socket.create_connection(s.getsockname()[:2], 20); a, _ = s.accept(); a.settimeout(20); same = True
    for number in range(count): c.sendall(b"%08d" % number); same &= read_all(a, 8) == b"%08d" % number
    return same
def go_on(address):
    client, server = pair(address); said = []
    for _ in range(2):
        client.sendall(b"before"); said.append(read_all(server, 6).decode()); server.sendall(b"answer"); said.append(read_all(client, 6).decode())
        print(json.dumps(said), flush=True); sys.stdin.readline()
    data = os.urandom(1 << 20); thread = threading.Thread(target=client.sendall, args=(data,)); thread.start()
    same = read_all(server, len(data)) == data; thread.join()
    return same
PROCS = sys.argv[2]
print(json.dumps(eval(sys.argv[1])), flush=True)
`,
);

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }
});

let netns: OwnNetns;
let cgroup: OwnCgroup;
beforeAll(async () => {
  netns = await makeNetns();
  cgroup = makeCgroup("sockmap");
  expect(spawnSync("sh", ["-c", netns.enter("ip link set lo up")])).toMatchObject({ status: 0 });
});

/** A command line in the namespace and in the cgroup. */
function enter(call: string): readonly string[] {
  return [
    "-c",
    `echo $$ >${cgroup.path}/cgroup.procs && exec ${netns.enter(`python3 ${workload} '${call}' ${cgroup.path}/cgroup.procs`)}`,
  ];
}

function run(call: string): unknown {
  const result = spawnSync("sh", enter(call), { encoding: "utf8", timeout: 60_000 });
  expect(result).toMatchObject({ status: 0, stderr: "" });
  return JSON.parse(result.stdout) as unknown;
}

async function start(): Promise<RunningCli> {
  const running = startCli(["sockmap", "--cgroup", cgroup.path]);
  await running.waitFor(`Accelerating connections within ${cgroup.path}. Ctrl-C to end.`);
  return running;
}

/** The counters at the end: sockets, messages, bytes, redirected messages, their bytes. */
async function end(running: RunningCli): Promise<readonly number[]> {
  running.child.kill("SIGINT");
  const { stdout, status } = await running.ended;
  expect(status).toBe(0);
  return stdout.trim().split("\n").at(-1)!.trim().split(/\s+/).map(Number);
}

// On a busy machine each start of bpfts takes a second or two.
const patienceMs = takePatience(150_000);

describe("bpfts sockmap", { timeout: patienceMs }, () => {
  it.each(["127.0.0.1", "::1"])("hands messages over without a packet, by %s", async (address) => {
    expect(run(`ping_pong("${address}", 10, 64)`)).toMatchObject({ same: true, payload_packets: 40 });
    const running = await start();
    expect(run(`ping_pong("${address}", 500, 64)`)).toEqual({ same: true, payload_packets: 0 });
    expect(await end(running)).toEqual([2, 1000, 64_000, 1000, 64_000]);
    expect(run(`ping_pong("${address}", 10, 64)`)).toMatchObject({ same: true, payload_packets: 40 });
  });

  it("keeps large writes whole, what was sent before a close, and the end of a peer", async () => {
    const running = await start();
    const results = run(
      `[large("127.0.0.1", 16 << 20), large("::1", 16 << 20), close_early("127.0.0.1", 100000), close_early("::1", 100000), reset("127.0.0.1"), ping_pong("127.0.0.1", 5, 100000)]`,
    ) as readonly unknown[];
    expect(results.slice(0, 4)).toEqual([[true, true], [true, true], true, true]);
    expect(["BrokenPipeError", "ConnectionResetError"]).toContain(results[4]);
    expect(results[5]).toEqual({ same: true, payload_packets: 0 });
    const [sockets, , , redirected] = await end(running);
    expect(sockets).toBe(12);
    expect(redirected).toBeGreaterThan(0);
  });

  it("knows IPv4 by a listener of IPv6, and passes what a socket outside of the cgroup is to get", async () => {
    const running = await start();
    expect(run(`ping_pong("127.0.0.1", 20, 64, "::")`)).toEqual({ same: true, payload_packets: 0 });
    expect(run(`outside("127.0.0.1", 20)`)).toBe(true);
    const [sockets, messages, , redirected] = await end(running);
    expect([sockets, messages, redirected]).toEqual([3, 60, 40]);
  });

  it("lets no message overtake one that went through TCP", async () => {
    const running = await start();
    expect(run(`[defer("127.0.0.1"), defer("::1")]`)).toEqual(["first second", "first second"]);
    expect(await end(running)).toEqual([4, 4, 24, 0, 0]);
  });

  it("leaves nothing when it is killed, and connections go on", async () => {
    const running = await start();
    const child = spawn("sh", enter(`go_on("127.0.0.1")`));
    children.push(child);
    const next = openLines(child.stdout);
    const hear = async (): Promise<unknown> => JSON.parse(await next());
    const go_on = (): Promise<unknown> => {
      child.stdin.write("\n");
      return hear();
    };
    expect(await hear()).toEqual(["before", "answer"]);
    running.child.kill("SIGKILL");
    await running.ended;
    expect(await go_on()).toHaveLength(4);
    expect(await go_on()).toBe(true);
    expect((await runCli(["net"])).stdout).not.toContain("sockmap");
  });

  it("asks for a cgroup", async () => {
    const result = await runCli(["sockmap"]);
    expect(result).toMatchObject({ status: 2, stdout: "" });
    expect(result.stderr).toContain("sockmap: error: a cgroup is needed: --cgroup /sys/fs/cgroup/web");
  });
});
