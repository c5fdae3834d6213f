import { join } from "node:path";
import { expect, it } from "vitest";
import { makeJsonScript, readJson } from "../support/json-script.ts";
import { takePatience } from "../support/patience.ts";
import { makeFolder, root, runCli, startCli } from "../support/run-cli.ts";

const folder = makeFolder();
const net = join(root, "scripts/net");
/** A quarter of what the verifier reads before it gives up: an older kernel, or another clang, may have it read more. */
const mostInstructions = 250_000;
const parts = {
  "policy-program": "load_endpoint",
  "service-program": "load_service_program",
  "overlay-program": "load_overlay_program, overlay_programs",
  "prefilter-program": "load_prefilter",
  "socklb-program": "load_socklb, socket_hooks",
};

it("the networking programs leave the verifier room", { timeout: takePatience(120_000) }, async () => {
  const script = makeJsonScript(
    folder,
    "verified",
    "int unused(struct __sk_buff *skb) { return 0; }",
    `${Object.entries(parts)
      .map(([part, names]) => `const { ${names} } = await import(${JSON.stringify(join(net, "parts", `${part}.ts`))});`)
      .join("\n")}
const enforced = { is_enforced: true, entries: [] };
const load = (program: any, names: readonly string[], type?: any) => names.map((name) => [name, program.load_func(name, type).id]);
json([
  load(load_endpoint({ id: 1, identity: 5001, addresses: [], ingress: enforced, egress: enforced, identities: [], audit: false, rules: 2 }).program, ["from_container", "to_container"], BPF.SCHED_CLS),
  load(load_service_program(251), ["from_container", "to_container"], BPF.SCHED_CLS),
  load(load_overlay_program({ id: 1, address: 1, peers: [2], port: 8472 }).program, overlay_programs, BPF.SCHED_CLS),
  load(load_prefilter([]).program, ["prefilter_xdp"], BPF.XDP),
  load(load_socklb(), Object.values(socket_hooks)),
].flat());
print("loaded");
wait();`,
  );
  const loader = startCli(["run", "--allow-read", net, script]);
  await loader.waitFor("loaded");
  const programs = await runCli(["prog", "--json"]);
  loader.child.kill("SIGINT");
  const [loaded] = readJson(await loader.ended) as [[string, number][]];
  const ids = new Map(loaded.map(([name, id]) => [id, name]));
  const seen = (JSON.parse(programs.stdout) as { id: number; verified_insns?: number }[])
    .filter(({ id }) => ids.has(id))
    .map(({ id, verified_insns }) => [ids.get(id)!, verified_insns] as const);
  expect(seen).toHaveLength(ids.size);
  // Since Linux 5.16 a kernel tells the number.
  if (seen.every(([, instructions]) => instructions === undefined)) return;
  expect(seen.filter(([, instructions]) => !(instructions! < mostInstructions))).toEqual([]);
});
