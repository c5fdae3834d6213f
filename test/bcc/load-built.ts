// Runs in a virtual machine: loads the objects that check-on-kernel.ts compiled on the host, and says what the verifier says, a line of JSON each.
import { readFileSync } from "node:fs";
import path from "node:path";

import { renderErrorJson } from "../../runtime/cli/render-error.ts";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { readMachine } from "../../runtime/kernel/machine/machine.ts";
import { describeObject } from "../../runtime/object/describe-object.ts";
import type { BuiltUnit } from "../../runtime/session/build/build-unit.ts";
import { loadBuilt, parseAttachRequests } from "../../runtime/inspect/check.ts";
import type { GuestJob } from "./check-on-kernel.ts";

const folder = process.argv[2] ?? ".";
const port = openAddon();
const machine = readMachine();
for (const { name, attach } of JSON.parse(readFileSync(path.join(folder, "jobs.json"), "utf8")) as GuestJob[]) {
  const started = performance.now();
  try {
    const bytes = readFileSync(path.join(folder, `${name}.o`));
    const record = JSON.parse(readFileSync(path.join(folder, `${name}.unit.json`), "utf8")) as Omit<
      BuiltUnit,
      "bytes" | "spec"
    >;
    const unit = { ...record, bytes, spec: describeObject(bytes, Object.values(record.eventStructs)) };
    loadBuilt(unit, parseAttachRequests(attach as readonly object[]), { port, machine });
    process.stdout.write(
      `${JSON.stringify({ file: name, ok: true, loadMs: Math.round(performance.now() - started) })}\n`,
    );
  } catch (error) {
    process.stdout.write(
      `${JSON.stringify({ file: name, ok: false, ...(JSON.parse(renderErrorJson(error)) as object) })}\n`,
    );
  }
}
