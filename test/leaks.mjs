import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Marks every process that the tests start, so that one that outlives them is known as ours. */
export const runMark = "BPFTS_TEST_RUN";

/** What a test could leave in the kernel, one row a kind: how to list it as id -> description. */
const kinds = [
  { kind: "BPF program", list: () => listBpf("prog", (row) => `${row.type} "${row.name ?? ""}"`) },
  { kind: "BPF map", list: () => listBpf("map", (row) => `${row.type} "${row.name ?? ""}"`) },
  { kind: "BPF link", list: () => listBpf("link", (row) => row.type) },
  { kind: "tracefs instance", list: () => listFolder("/sys/kernel/tracing/instances") },
  { kind: "network namespace", list: () => listFolder("/run/netns") },
  { kind: "pin", list: () => listFolder("/sys/fs/bpf") },
  { kind: "mount", list: () => listMounts() },
];

/** What any test could leave. Tests run in the root of the checkout; below it people may edit meanwhile, and there .ci/run asks git. */
const files = { kind: "file", list: () => listFolder(root) };

/** Takes stock before the tests. */
export function takeStock(touchesKernel = true) {
  return [files, ...(touchesKernel ? kinds : [])].map((row) => ({ ...row, things: row.list() }));
}

/**
 * Compares with the stock from before and answers one sentence for each thing
 * that is new and ours. The kernel frees programs a little after their last
 * file descriptor is gone, and somebody else's may be there for as long as a test
 * takes: so what counts is what stays. What comes meanwhile is not ours, since the tests are over.
 */
export async function findLeaks(before, mark, patienceMs = 30_000) {
  const deadline = Date.now() + patienceMs;
  let leaks = listLeaks(before, mark);
  while (leaks.length > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const now = new Set(listLeaks(before, mark));
    leaks = leaks.filter((leak) => now.has(leak));
  }
  return leaks;
}

function listLeaks(before, mark) {
  return [...listNew(before, mark), ...listMarkedProcesses(mark)];
}

function listNew(before, mark) {
  return before.flatMap(({ kind, list, things }) => {
    return [...list()]
      .filter(([id, thing]) => !things.has(id) && !belongsToOthers(thing.pids, mark))
      .map(([id, thing]) => `${kind} ${id} ${thing.description}`.trimEnd());
  });
}

/** Somebody else may use BPF on this machine at the same time: a thing whose holders are all alive and not ours is theirs. */
function belongsToOthers(pids, mark) {
  return pids.length > 0 && pids.every((pid) => !isMarked(pid, mark));
}

function listBpf(what, describe) {
  const result = spawnSync("bpftool", ["-j", what, "show"], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  });
  if (result.status !== 0) return new Map();
  return new Map(
    JSON.parse(result.stdout).map((row) => [
      row.id,
      { description: describe(row), pids: (row.pids ?? []).map(({ pid }) => pid) },
    ]),
  );
}

function listFolder(path) {
  try {
    return new Map(readdirSync(path).map((name) => [`${path}/${name}`, { description: "", pids: [] }]));
  } catch {
    return new Map();
  }
}

/** tracefs and bpffs stay mounted on purpose, and so does what `ip netns` makes of its own folder. */
function listMounts() {
  const lines = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .filter((line) => line !== "");
  const mounts = lines
    .map((line) => line.split(" "))
    .filter(([, target, type]) => !["tracefs", "bpf", "debugfs"].includes(type) && target !== "/run/netns");
  return new Map(mounts.map(([, target, type]) => [target, { description: `(${type})`, pids: [] }]));
}

function listMarkedProcesses(mark) {
  const pids = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids
    .filter((pid) => pid !== process.pid && isMarked(pid, mark))
    .map((pid) => `process ${pid} ${readText(`/proc/${pid}/cmdline`).replaceAll("\0", " ")}`.trimEnd());
}

function isMarked(pid, mark) {
  return readText(`/proc/${pid}/environ`).split("\0").includes(`${runMark}=${mark}`);
}

function readText(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
