import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { takePatience } from "../support/patience.ts";
import { makeFolder, root, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const bpffs = join(folder, "bpf");
mkdirSync(bpffs);
const counts = `${bpffs}/bpfts/web/counts`;

/** Runs scripts one after another with a BPF file system that is gone with the command; answers what they and the command `then` print. */
function runScripts(scripts: readonly string[], then = ":", command = "run"): string {
  const runs = scripts.map((text, at) => {
    const path = writeScript(folder, `pins-${at}.ts`, `import { BPF, print } from "bpfts";\n${text}\n`);
    return `'${process.execPath}' '${join(root, "dist/bpfts.cjs")}' ${command} ${path} 2>&1; echo "status $?"`;
  });
  const line = `mount -t bpf bpf ${bpffs} && { ${[...runs, then].join("; ")}; }`;
  return execFileSync("unshare", ["-m", "bash", "-c", line], { encoding: "utf8" });
}

/** A script that makes a program of this text with a pin of \`counts\`. */
function pin(text: string, pinned: unknown = counts, then = ""): string {
  return `const b = new BPF({ text: \`${text}\`, pins: { counts: ${JSON.stringify(pinned)} } });\n${then}`;
}

const flow = "struct flow { u64 packets; u32 rule; u16 port; u16 state; };";
const hash = `${flow} BPF_HASH(counts, u32, struct flow, 64);`;

describe("pins", { timeout: takePatience(120_000) }, () => {
  it("keep a table behind its script, for the same one and for others", () => {
    const fill = pin(hash, counts, "b.tables.counts.set(7, { packets: 5n, rule: 1, port: 80, state: 2 });");
    const read = pin(hash, { path: counts, create: false }, "print(b.tables.counts.get(7), b.tables.counts.size);");
    const more = pin(
      `${hash} int unused(void *ctx) { return 0; }`,
      counts,
      "b.tables.counts.set(8, { packets: 1n, rule: 2, port: 81, state: 0 }); print(b.tables.counts.size);",
    );
    expect(
      runScripts([fill, read, more, read], `ls ${bpffs}/bpfts/web; rm -r ${bpffs}/bpfts; ls -I '*.debug' ${bpffs}`),
    ).toBe(
      "status 0\n{ packets: 5, rule: 1, port: 80, state: 2 } 1\nstatus 0\n2\nstatus 0\n{ packets: 5, rule: 1, port: 80, state: 2 } 2\nstatus 0\ncounts\n",
    );
  });

  it("are made by no script that only wants to read", () => {
    const said = runScripts([pin(hash, { path: counts, create: false })], `ls -I '*.debug' ${bpffs}`);
    expect(said).toContain(`error: Cannot open the table "counts": nothing is pinned at "${counts}"\n`);
    expect(said).toMatch(/hint: start the script that pins it\nstatus 1\n$/);
  });

  it.each<[string, string, string]>([
    [
      "another order of members",
      "struct flow { u64 packets; u32 rule; u16 state; u16 port; }; BPF_HASH(counts, u32, struct flow, 64);",
      'its values have u16 "port" at byte 12, the C text says u16 "state" at byte 12',
    ],
    [
      "another type of a member",
      "struct flow { u64 packets; s32 rule; u16 port; u16 state; }; BPF_HASH(counts, u32, struct flow, 64);",
      'its values have u32 "rule" at byte 8, the C text says s32 "rule" at byte 8',
    ],
    [
      "a member more",
      "struct flow { u64 packets; u32 rule; u16 port; u16 state; u64 bytes; }; BPF_HASH(counts, u32, struct flow, 64);",
      "its values have 16 bytes, the C text says 24",
    ],
    [
      "a member less in the same room",
      "struct flow { u64 packets; u32 rule; u16 port; }; BPF_HASH(counts, u32, struct flow, 64);",
      'its values have "state" at byte 14, where the C text has nothing',
    ],
    [
      "a number in the place of a struct",
      "struct pair { u64 a, b; }; BPF_HASH(counts, u32, struct pair, 64);",
      'its values have u64 "packets" at byte 0, the C text says u64 "a" at byte 0',
    ],
    [
      "another kind",
      `${flow} BPF_LRU_HASH(counts, u32, struct flow, 64);`,
      "it is of kind hash, the C text says lru_hash",
    ],
  ])("are refused where they would be misread: %s", (_name, text, reason) => {
    const said = runScripts([pin(hash), pin(text)]);
    expect(said).toContain(`Cannot use the map pinned at "${counts}" as "counts": ${reason}`);
    expect(said).toContain(`hint: declare it as it is (bpfts map show ${counts}), remove the file (rm ${counts})`);
    expect(said).toMatch(/^status 0\n[^]*status 1\n$/);
  });

  it("take other names of the same types", () => {
    const renamed =
      "typedef struct { __u64 packets; unsigned int rule; __be16 port; uint16_t state; } other_t; BPF_HASH(counts, int, other_t, 8);";
    expect(runScripts([pin(hash), pin(renamed, counts, "print(b.tables.counts.max_entries ?? 'ok');")])).toMatch(
      /^status 0\n.*\nstatus 0\n$/,
    );
  });

  it.each<[string, string, string]>([
    ["count", `"/sys/fs/bpf/x"`, 'Cannot pin the table "count": the C text has no table of that name'],
    ["counts", `"web/counts"`, 'new BPF() with a pin of "counts" takes its whole path, got "web/counts"'],
    ["counts", `{ file: "/x" }`, 'new BPF() with a pin of "counts" has no option "file"'],
    ["counts", `{ path: "/x", create: 1 }`, 'new BPF() with a pin of "counts" takes create as true or false, got 1'],
    ["counts", `5`, 'new BPF() with a pin of "counts" takes its options as an object, got 5'],
  ])("are refused as %s: %s", (name, pinned, message) => {
    const said = runScripts(
      [`new BPF({ text: \`${hash}\`, pins: { ${name}: ${pinned} } as any });`],
      `ls -I '*.debug' ${bpffs}`,
    );
    expect(said).toContain(message);
    expect(said).toMatch(/status 1\n$/);
  });

  it("have a path of their own each, also where something is pinned", () => {
    const two = `new BPF({ text: "BPF_HASH(a, u32, u64); BPF_HASH(b, u32, u64);", pins: { a: "${counts}", b: "${bpffs}/bpfts/../bpfts/web/counts" } });`;
    const one = `new BPF({ text: "BPF_HASH(a, u32, u64);", pins: { a: "${counts}" } });`;
    const said = runScripts([two, one, two]);
    expect(said.match(new RegExp(`Cannot pin the tables "a" and "b" at one path, "${counts}"`, "g"))).toHaveLength(2);
    expect(said.match(/status \d/g)).toEqual(["status 1", "status 0", "status 1"]);
  });

  it.each([
    [`${bpffs}/bpfts/web`, "EACCES", "it is a folder, or this user may not read it: name a file in it"],
    [`${bpffs}/v1.2`, "EPERM", "names in a BPF file system have no dots"],
    [`${counts}/more`, "ENOTDIR", "a part of the path is no folder: bpfts map shows what is pinned where"],
  ])("say what is wrong with the path %s", (path, reason, hint) => {
    const said = runScripts([pin(hash), pin(hash, path)]);
    expect(said).toContain(`Cannot use what is pinned at "${path}" as "counts" (${reason}`);
    expect(said).toContain(`hint: ${hint}\n`);
  });

  it("are neither made nor missed by a check, which lists them", () => {
    const said = runScripts(
      [pin(hash), pin(hash, { path: `${counts}2`, create: false })],
      `ls -I '*.debug' ${bpffs}`,
      "check",
    );
    expect(said).toMatch(/status 0\n[^]*status 0\n$/);
  });

  it("carry events to another script", () => {
    const text = `struct event_t { u32 number; }; BPF_PERF_OUTPUT(events);
int emit(struct __sk_buff *skb) { struct event_t event = { .number = 42 }; events.perf_submit(skb, &event, sizeof(event)); return 0; }`;
    const done = join(folder, "done");
    writeFileSync(done, "");
    const path = `${bpffs}/bpfts/web/events`;
    const reader = `const b = new BPF({ text: \`${text}\`, pins: { events: "${path}" } });
let seen = 0; b.tables.events.open_perf_buffer(({ number }) => { seen += number; });
print("open"); while (seen < 42) b.perf_buffer_poll(100); print(seen);`;
    const sender = `const b = new BPF({ text: \`${text}\`, pins: { events: { path: "${path}", create: false } } });
b.load_func("emit", BPF.SCHED_CLS).test_run({ packet: make_packet({ ipv4: { src: "10.0.0.1", dst: "10.0.0.2" }, udp: {} }) });`;
    const scripts = [reader, sender].map((script, at) =>
      writeScript(folder, `events-${at}.ts`, `import { BPF, make_packet, print } from "bpfts";\n${script}\n`),
    );
    const cli = `'${process.execPath}' '${join(root, "dist/bpfts.cjs")}' run`;
    const line = `mount -t bpf bpf ${bpffs} && { timeout 40 ${cli} ${scripts[0]} >${done} & until grep -q open ${done}; do sleep 0.1; done; ${cli} ${scripts[1]} 2>&1; wait; cat ${done}; }`;
    const said = execFileSync("unshare", ["-m", "bash", "-c", line], { encoding: "utf8", timeout: 60_000 });
    expect(said).toBe("open\n42\n");
  });
});
