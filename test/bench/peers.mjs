import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { release } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/** The command line of bpfts as it was built in this checkout. */
export const bpfts = [process.execPath, join(dirname(dirname(here)), "dist", "bpfts.cjs"), "run"];

/** BCC's Python module belongs to the system's Python. */
const python = "/usr/bin/python3";

/** A file of the bench. */
export function findFile(...parts) {
  return join(here, ...parts);
}

/** Builds the C programs of the bench. What only a peer needs may be missing; the reason is kept. */
export function buildTools(folder) {
  const compile = (command, output, args) => {
    const { status, stderr, error } = spawnSync(command, ["-O2", ...args, "-o", join(folder, output)], {
      encoding: "utf8",
    });
    return status === 0 ? undefined : (error?.message ?? stderr.split("\n")[0]);
  };
  for (const tool of ["generator", "stopwatch"]) {
    const failure = compile("gcc", tool, ["-fno-omit-frame-pointer", findFile("native", `${tool}.c`)]);
    if (failure !== undefined) throw new Error(`Cannot build ${tool}.c: ${failure}`);
  }
  const machine = spawnSync("uname", ["-m"], { encoding: "utf8" }).stdout.trim();
  const missing =
    compile("gcc", "peer", [findFile("native", "peer.c"), "-lbpf"]) ??
    compile("clang", "events.bpf.o", [
      "-g",
      "-target",
      "bpf",
      `-I/usr/include/${machine}-linux-gnu`,
      "-c",
      findFile("native", "events.bpf.c"),
    ]);
  return {
    generator: join(folder, "generator"),
    stopwatch: join(folder, "stopwatch"),
    peer: [join(folder, "peer"), join(folder, "events.bpf.o")],
    peerMissing: missing,
  };
}

/** What bpfts is measured against: how each is started, and why it is not, where it is not. */
export function findPeers(tools) {
  const version = spawnSync("bpftrace", ["--version"], { encoding: "utf8" });
  const bcc = spawnSync(python, ["-c", "import bcc; print(bcc.__version__)"], { encoding: "utf8" });
  return {
    c: { name: "C on libbpf", command: tools.peer, missing: tools.peerMissing },
    bcc: { name: `BCC ${bcc.stdout?.trim()}`, command: [python], missing: explainBcc(bcc) },
    bpftrace: {
      name: version.stdout?.trim().replace(" v", " "),
      command: ["bpftrace"],
      missing: version.error === undefined ? undefined : "bpftrace is not installed",
    },
  };
}

function explainBcc({ status }) {
  if (status !== 0) return "python3-bpfcc is not installed";
  const build = process.env.BCC_KERNEL_SOURCE ?? `/lib/modules/${release()}/build`;
  return existsSync(build)
    ? undefined
    : `it needs kernel headers, and there are none at ${build}; for tracepoints a link to another kernel's will do`;
}
