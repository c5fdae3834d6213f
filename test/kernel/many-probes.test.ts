import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { needFeature } from "../support/need-feature.ts";
import { makeFolder, runCli, startCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();

/** Lists the tracepoints of system calls whose names begin with these letters. */
function listCalls(beginning: string): string[] {
  return readdirSync("/sys/kernel/tracing/events/syscalls").filter((name) => name.startsWith(`sys_enter_${beginning}`));
}

const listLinks = (): number[] =>
  (JSON.parse(spawnSync("bpftool", ["-j", "link", "show"], { encoding: "utf8" }).stdout) as { id: number }[]).map(
    ({ id }) => id,
  );

function findKeepers(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/comm`, "utf8") === "bpfts-detach\n";
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** A script with a probe on each. */
function writeMany(name: string, calls: readonly string[], ending: string): string {
  const text = calls.map((call) => `TRACEPOINT_PROBE(syscalls, ${call}) { return 0; }`).join("\n");
  return writeScript(
    folder,
    name,
    `import { BPF, print, sleep } from "bpfts";
const b = new BPF({ text: /* c */ \`
${text}
\` });
print("ready");
${ending}
void [b, sleep];
`,
  );
}

describe("a script with many probes", () => {
  it("leaves no link behind it, and its command is not taken for what frees the perf events", async (context) => {
    // Before, no program has a link of its own: it goes with the perf event.
    needFeature(context, openAddon(), "bpf_cookie");
    const calls = listCalls("m");
    expect(calls.length).toBeGreaterThan(10);
    const before = listLinks();
    const run = startCli(["run", "-c", "sleep 0.5", writeMany("waits.ts", calls, "sleep(99);")]);
    await run.waitFor("ready");
    const during = listLinks().filter((id) => !before.includes(id));
    expect(during.length).toBeGreaterThanOrEqual(calls.length);
    expect(await run.ended).toMatchObject({ status: 0, stdout: "ready\n", stderr: "" });
    expect(listLinks().filter((id) => during.includes(id))).toEqual([]);
  });

  it("tells which process frees the perf events when that takes long, and that process ends", async () => {
    const before = findKeepers();
    const calls = listCalls("").slice(0, 60);
    expect(calls).toHaveLength(60);
    const { status, stderr } = await runCli(["run", writeMany("ends.ts", calls, "")]);
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr:
        "warning: All programs are detached. The process bpfts-detach stays for about 3 s, until the kernel has freed 60 perf events\n",
    });
    for (let tries = 0; tries < 200 && findKeepers().some((pid) => !before.includes(pid)); tries++) await delay(100);
    expect(findKeepers().filter((pid) => !before.includes(pid))).toEqual([]);
  });
});
