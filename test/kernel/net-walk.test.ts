import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { mountBpffs } from "../support/own-bpffs.ts";
import { makeLab, renderPings } from "../support/own-lab.ts";
import { takePatience } from "../support/patience.ts";
import { makeFolder, root, runCli, startCli } from "../support/run-cli.ts";
import type { RunningCli } from "../support/run-cli.ts";

const folder = makeFolder();
const net = join(root, "scripts/net");
const page = readFileSync(join(net, "README.md"), "utf8");
const walk = page.slice(page.indexOf("\n## A ping from nginx-1 to nginx-2"));
/** The texts in the frames of the walk. */
const frames = [...walk.matchAll(/```\n(.*?)```/gs)].map(([, text]) => text!.trimEnd());

/** The words of a line of the page, as a shell takes them. */
const splitLine = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word!);

/** What differs from run to run: the processor, hashes, numbers of packets and ports that the kernel chooses. */
const blur = (line: string): string =>
  line
    .replace(/CPU \d+/, "CPU")
    .replace(/(MARK|flow) 0x[0-9a-f]+/, "$1")
    .replace(/ Id=\d+/, " Id")
    .replace(/SrcPort=\d+|(?<=10\.77\.1\.2):\d+(?= ->)/, "SrcPort")
    .replace(/policy-program\.ts:\d+/, "policy-program.ts");

/** Notices of \`monitor -vv\`, each with its lines. */
const listNotices = (text: string): string[][] =>
  text
    .split(/^-+$/m)
    .map((notice) => notice.trim().split("\n").map(blur))
    .filter(([head]) => head!.startsWith("CPU"));

const server = `
import socket
s = socket.create_server(("10.77.2.1", 8080)); print("listening", flush=True)
while True:
    c, peer = s.accept(); c.recv(100); c.sendall(("hello %s" % peer[0]).encode()); c.close()
`;
const client = `
import socket
try:
    s = socket.create_connection(("10.96.0.10", 80), 4); s.sendall(b"x"); print(s.recv(64).decode(), "from", s.getpeername()[0])
except OSError as e: print(e)
`;
/** Sends messages to a socket of its own. */
const talker = `
import socket, time
l = socket.create_server(("127.0.0.1", 0)); c = socket.create_connection(l.getsockname()); s, _ = l.accept(); time.sleep(0.2)
for i in range(50):
    c.sendall(b"x" * 64)
    got = b""
    while len(got) < 64: got += s.recv(64 - len(got))
print("talked")
`;

describe("the nine scripts in one lab", { timeout: takePatience(420_000) }, () => {
  it("see a ping, and connections to a service, as their page tells it", async () => {
    const lab = makeLab(folder, "nine", JSON.parse(readFileSync(join(net, "overlay.json"), "utf8")));
    await lab.up();
    const { enter } = await mountBpffs();
    const running = new Map<string, RunningCli>();
    const lines = frames[0]!.split("\n").filter((line) => line.endsWith(" &"));
    for (const line of lines) {
      const words = splitLine(line.replace(/^# bpfts | &$/g, "")).map((word) =>
        word === "overlay.json" ? lab.path : word.replace("overlay-services.json", join(net, "overlay-services.json")),
      );
      const name = words[0] === "--lab" ? words[2]! : words[0]!;
      const script = startCli(name === "monitor" ? words : [...words, ...(name === "sockmap" ? ["--json"] : [])], {
        by: enter,
      });
      running.set(name, script);
      await (name === "sockmap"
        ? new Promise((resolve) => setTimeout(resolve, 3000))
        : script.waitFor("Ctrl-C to end"));
    }
    const end = async (name: string): Promise<string> => {
      const script = running.get(name)!;
      script.child.kill("SIGINT");
      const { status, stdout, stderr } = await script.ended;
      expect(status, stderr).toBe(0);
      return stdout;
    };

    expect(lab.exec("nginx-1", "sh", "-c", renderPings("10.77.2.1", 1))).toBe("1\n");
    const seen = listNotices(await end("monitor"));
    const told = frames.slice(1).filter((text) => /^(?:-{78}\n)?CPU /.test(text));
    expect(told.join("\n").match(/^CPU /gm)).toHaveLength(seen.length);
    expect(
      told.flatMap((text) =>
        text
          .split("\n")
          .filter((line) => line.startsWith("CPU"))
          .map(blur),
      ),
    ).toEqual(seen.map(([head]) => head));
    // Those that have more than their first lines.
    const whole = told.filter((text) => text.startsWith("---")).flatMap(listNotices);
    expect(seen.slice(0, whole.length)).toEqual(whole);

    // A service whose backend is behind the tunnel: at the socket for nginx-1, packet by packet for redis-1.
    const listening = startCli(["lab", "exec", lab.path, "nginx-2", "--", "python3", "-u", "-c", server]);
    await listening.waitFor("listening");
    const connect = async (place: string, text = client): Promise<string> =>
      (await runCli(["lab", "exec", lab.path, place, "--", "python3", "-c", text])).stdout;
    expect(await connect("nginx-1")).toBe("hello 10.77.1.1 from 10.96.0.10\n");
    const again = startCli(["monitor"], { by: enter });
    await again.waitFor("Ctrl-C to end");
    expect(await connect("redis-1")).toBe("hello 10.77.1.2 from 10.96.0.10\n");
    again.child.kill("SIGINT");
    const shown = frames
      .find((text) => text.startsWith("# bpfts monitor\n"))!
      .split("\n")
      .slice(1, -1)
      .map(blur);
    expect((await again.ended).stdout.split("\n").slice(0, shown.length).map(blur)).toEqual(shown);
    expect(await connect("nginx-1", talker)).toBe("talked\n");

    const list = async (...words: readonly string[]): Promise<Record<string, unknown>[]> =>
      (await runCli(words, { by: enter })).stdout
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(await list("netlist", "lb", "-o", "json")).toMatchObject([{ service: "web", backend: "10.77.2.1:8080" }]);
    const tunnels = page
      .slice(page.indexOf("# bpfts netlist tunnel\n"))
      .split("\n")
      .slice(2, 6)
      .map((row) => row.split(/ +/));
    expect(
      (await list("netlist", "tunnel", "-o", "json"))
        .slice(0, 4)
        .map(({ prefix, tunnel, name }) => [prefix, tunnel, name]),
    ).toEqual(tunnels);
    const rules = await list("netlist", "policy", "-o", "json");
    expect(rules.find(({ rule }) => rule === "allow nginx-2 from nginx-1 icmp")).toMatchObject({ packets: 1 });
    const connections = await list("conntrack", "list", "--json", "--dst", "10.77.2.1");
    expect(
      connections
        .flatMap(({ table, direction }) => (direction === undefined ? [] : `${table as string} ${direction as string}`))
        .sort(),
    ).toEqual(["nginx-1 OUT", "nginx-1 OUT", "nginx-2 IN", "nginx-2 IN", "nginx-2 IN", "redis-1 OUT"]);

    const sent = /node1 +to overlay: 172\.31\.9\.2 \(node2\) +(\d+) +(\d+)/.exec(await end("overlay"))!;
    const passed = /passed +(\d+) +(\d+)/.exec(await end("prefilter"))!;
    // The tunnel's headers are of 50 bytes.
    expect([Number(passed[1]), Number(passed[2])]).toEqual([Number(sent[1]), Number(sent[2]) + 50 * Number(sent[1])]);
    expect(await end("socklb")).toMatch(/web +10\.96\.0\.10:80 +10\.77\.2\.1:8080 +active +0 +1 +0\n/);
    expect(await end("service")).toMatch(/web +10\.96\.0\.10:80\/tcp +10\.77\.2\.1:8080 +active +1 +/);
    expect(JSON.parse(await end("sockmap"))).toMatchObject({ redirected: 50, redirected_bytes: 3200 });
    expect(await end("policy")).toMatch(/nginx-2 +allow nginx-2 from nginx-1 icmp +1 +42\n/);
    listening.child.kill("SIGINT");
    await listening.ended;
  });
});
