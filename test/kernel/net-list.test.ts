import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { mountBpffs } from "../support/own-bpffs.ts";
import { makeLab, renderPings } from "../support/own-lab.ts";
import { takePatience } from "../support/patience.ts";
import { makeFolder, runCli, startCli } from "../support/run-cli.ts";

const folder = makeFolder();

it("netlist shows services, rules with their packets, identities and endpoints", {
  timeout: takePatience(180_000),
}, async () => {
  const lab = makeLab(folder, "nl", { nodes: { node1: { subnet: "10.77.1.0/24", pods: { pod1: {}, pod2: {} } } } });
  await lab.up();
  const { enter } = await mountBpffs();
  const services = join(folder, "services.json");
  writeFileSync(
    services,
    '[{ "name": "web", "frontend": "10.96.0.10:80", "backends": ["10.77.1.2:8080", "10.77.1.3:8080"] }]',
  );
  const rules = ["--allow", "pod2 from pod1 icmp", "--deny", "pod2 from any tcp/8000-8007"];
  const policy = startCli(
    ["--lab", lab.path, "policy", "--endpoint", "pod1=5001", "--endpoint", "pod2=5002", ...rules, "--pin", "l"],
    { by: enter },
  );
  await policy.waitFor("Ctrl-C to end");
  const service = startCli(["--lab", lab.path, "service", services, "--dev", "pod1", "--pin", "l"], { by: enter });
  await service.waitFor("Ctrl-C to end");
  expect(lab.exec("pod1", "sh", "-c", renderPings("10.77.1.2", 3))).toBe("3\n");
  const list = async (table: string): Promise<readonly Readonly<Record<string, unknown>>[]> => {
    const result = await runCli(["netlist", table, "--pin", "l", "-o", "json"], { by: enter });
    expect(result.status, result.stderr).toBe(0);
    return result.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  };
  const web = { service: "web", frontend: "10.96.0.10:80/tcp", state: "active", rev_nat: 1 };
  expect(await list("lb")).toMatchObject([
    { ...web, backend: "10.77.1.2:8080", slot: 1 },
    { ...web, backend: "10.77.1.3:8080", slot: 2 },
  ]);
  const rows = await list("policy");
  expect(rows).toHaveLength(2);
  expect(rows).toContainEqual({
    endpoint: "pod2",
    direction: "ingress",
    identity: "5001",
    port: "any/icmp",
    action: "allow",
    packets: 3,
    bytes: 3 * 42,
    rule: "allow pod2 from pod1 icmp",
  });
  expect(rows).toContainEqual({
    endpoint: "pod2",
    direction: "ingress",
    identity: "any",
    port: "8000-8007/tcp",
    action: "deny",
    packets: 0,
    bytes: 0,
    rule: "deny pod2 from any tcp/8000-8007",
  });
  expect(await list("ipcache")).toEqual([
    { prefix: "10.77.1.1/32", identity: 5001, tunnel: "-", name: "pod1" },
    { prefix: "10.77.1.2/32", identity: 5002, tunnel: "-", name: "pod2" },
  ]);
  expect(await list("endpoint")).toMatchObject([
    { id: 1, name: "pod1", identity: 5001, ingress: "open", egress: "open", dev: "lxc-pod1" },
    { id: 2, name: "pod2", identity: 5002, ingress: "enforced", egress: "open", dev: "lxc-pod2" },
  ]);
  expect((await runCli(["netlist", "lb", "--pin", "l"], { by: enter })).stdout).toMatch(
    /^SERVICE +SERVICE ADDRESS +BACKEND ADDRESS +STATE +REVNAT_ID +SLOT *\nweb +10\.96\.0\.10:80\/tcp +10\.77\.1\.2:8080 +active +1 +1\n/,
  );
  for (const running of [policy, service]) {
    running.child.kill("SIGINT");
    expect(await running.ended).toMatchObject({ status: 0 });
  }
});
