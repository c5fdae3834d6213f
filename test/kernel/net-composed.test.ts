import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeLab } from "../support/own-lab.ts";
import { takePatience } from "../support/patience.ts";
import { makeFolder, startCli } from "../support/run-cli.ts";

const folder = makeFolder();

const services = join(folder, "services.json");
writeFileSync(services, JSON.stringify([{ name: "web", frontend: "10.96.0.10:80", backends: ["10.77.1.2:8080"] }]));

const server = `
import socket
s = socket.create_server(("10.77.1.2", 8080)); print("listening", flush=True)
while True:
    c, peer = s.accept(); c.sendall(("hello %s" % peer[0]).encode()); c.close()
`;
const client = `
import socket
try: print(socket.create_connection(("10.96.0.10", 80), 2).recv(64).decode())
except OSError as e: print(e)
`;

describe("policy and service on one device", { timeout: takePatience(120_000) }, () => {
  const commands = {
    policy: [
      ...["policy", "--endpoint", "pod1=5001", "--endpoint", "pod2=5002", "--enforce", "always"],
      ...["--allow", "pod1 to pod2 tcp/8080", "--allow", "pod2 from pod1 tcp/8080"],
    ],
    service: ["service", services, "--dev", "pod1"],
  } as const;

  it.each([["policy", "service"] as const, ["service", "policy"] as const])(
    "judge a connection to the service by its backend, both ways: %s is started first",
    async (...order) => {
      const lab = makeLab(folder, `both-${order[0]}`, {
        nodes: { node1: { subnet: "10.77.1.0/24", pods: { pod1: {}, pod2: {} } } },
      });
      await lab.up();
      const listening = startCli(["lab", "exec", lab.path, "pod2", "--", "python3", "-u", "-c", server]);
      await listening.waitFor("listening");
      const running = [];
      for (const name of order) {
        const script = startCli(["--lab", lab.path, ...commands[name]]);
        await script.waitFor("Ctrl-C to end");
        running.push(script);
      }
      expect(lab.exec("pod1", "python3", "-c", client)).toBe("hello 10.77.1.1\n");
      for (const { child, ended } of [...running, listening]) {
        child.kill("SIGINT");
        await ended;
      }
    },
  );
});
