import { expect, it } from "vitest";
import { makeJsonScript } from "../support/json-script.ts";
import { makeFolder, runCli } from "../support/run-cli.ts";

const folder = makeFolder();

it("reports no table but those that are named, whatever it is called", async () => {
  const script = makeJsonScript(
    folder,
    "named",
    "BPF_HASH(counts, u32, u64); BPF_HASH(valueOf, u32, u64); BPF_HASH(constructor, u32, u64);",
    `for (const name of ["counts", "valueOf", "constructor"]) (b as any).get_table(name).set(7, 2n);
bpfts.report(b, { tables: { counts: { kind: "sum", keys: ["key"] } }, duration: 0.1 });`,
  );
  expect(await runCli(["run", script])).toMatchObject({ status: 0, stderr: "", stdout: "counts:\n7  2\n" });
});
