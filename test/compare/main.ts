import { execFile, spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PassThrough } from "node:stream";
import { parseArgs, promisify } from "node:util";
import { silentLog } from "../../runtime/base/log.ts";
import { fetchKernel } from "../../runtime/vm/kernel-store.ts";
import { requireKernelRows } from "../../runtime/vm/kernels.ts";
import { pickGuestEnvironment, prepareVm } from "../../runtime/vm/prepare-vm.ts";
import { runInVm } from "../../runtime/vm/run-in-vm.ts";
import { openVmFolder } from "../../runtime/vm/vm-folder.ts";
import { fetchKernelHeaders } from "./kernel-headers.ts";
import { judgeAlone, judgePair, type PairResult, renderReport } from "./report.ts";
import { type ToolRow, toolRows } from "./tool-rows.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kernel: { type: "string", default: "6.1" },
    /** The guest's time. Units: seconds. */
    timeout: { type: "string", default: "3000" },
    /** Where results are kept; those that lie there are compared again with --again. */
    results: { type: "string" },
    again: { type: "boolean", default: false },
    verbose: { type: "boolean", short: "v", default: false },
    /** On this machine instead of a guest, for tools that need neither functions of the kernel nor a look at other processes. */
    here: { type: "boolean", default: false },
    /** Ours alone: on another kernel, beside what it printed on the one whose results lie in the folder of --beside. */
    ours: { type: "boolean", default: false },
    beside: { type: "string" },
    list: { type: "boolean", default: false },
  },
});
const compiler = resolve("test/compare/guest/compile_bcc.py");
const nameRow = (row: ToolRow): string => (row.variant === undefined ? row.tool : `${row.tool}-${row.variant}`);
const unknown = positionals.find((name) => !toolRows.some((row) => row.tool === name || nameRow(row) === name));
const rows = toolRows
  .filter((row) => !values.here || row.isLocal === true)
  .filter((row) => positionals.length === 0 || positionals.includes(row.tool) || positionals.includes(nameRow(row)));
if (unknown !== undefined) {
  console.error(`no row of test/compare/tool-rows.ts compares "${unknown}"`);
  process.exitCode = 2;
} else if (values.list) console.log(rows.map(nameRow).join("\n"));
else {
  const folder = values.results ?? mkdtempSync(join(tmpdir(), "bpfts-compare-"));
  mkdirSync(folder, { recursive: true });
  try {
    if (!values.again) await runRows(folder);
    const judged = rows.map((row) =>
      values.ours
        ? judgeAlone(nameRow(row), row, readResult(folder, row), readResult(values.beside ?? folder, row))
        : judgePair(nameRow(row), row, readResult(folder, row)),
    );
    console.log(renderReport(judged));
    process.exitCode = judged.every(({ isGood }) => isGood) ? 0 : 1;
  } finally {
    if (values.results === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function readResult(folder: string, row: ToolRow): PairResult | undefined {
  const file = join(folder, `${nameRow(row)}.result`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as PairResult) : undefined;
}

/** Boots one guest that runs all rows, and compiles for BCC meanwhile. */
async function runRows(folder: string): Promise<void> {
  for (const file of readdirSync(folder))
    if (/\.(?:request|answer|part\d?)$/.test(file)) rmSync(join(folder, file), { force: true });
  const jobs = rows.map((row) => {
    rmSync(join(folder, `${nameRow(row)}.result`), { force: true });
    const { tool, work, prepare, background, isApart, after, args = [] } = row;
    return {
      name: nameRow(row),
      tool,
      work,
      ...(prepare === undefined ? {} : { prepare }),
      ...(background === undefined ? {} : { background }),
      ...(after === undefined ? {} : { after }),
      apart: isApart === true,
      alone: values.ours,
      bcc: args,
      ours: row.ours ?? args,
      bpfts: resolve("dist/bpfts.cjs"),
      programs: resolve("test/kernel/programs"),
    };
  });
  writeFileSync(join(folder, "jobs.json"), JSON.stringify(jobs));
  const vmFolder = openVmFolder(process.env);
  const kernel = await fetchKernel(vmFolder, requireKernelRows(values.kernel)[0]!, silentLog);
  const headers = values.ours ? "" : await fetchKernelHeaders(vmFolder, kernel);
  const cache = join(vmFolder.path, "bcc-built", kernel.release);
  mkdirSync(cache, { recursive: true });
  await buildPrograms(join(folder, "bin"));
  const prepareGuest = (script: readonly string[]): ReturnType<typeof prepareVm> =>
    prepareVm(
      vmFolder,
      kernel,
      {
        command: ["/usr/bin/python3", ...script],
        workingFolder: process.cwd(),
        environment: pickGuestEnvironment(process.env),
      },
      { shares: [folder], timeoutMs: Number(values.timeout) * 1000 },
      silentLog,
    );
  const sink = new PassThrough();
  let output = "";
  sink.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    if (values.verbose) process.stderr.write(chunk);
  });
  const begun = Date.now();
  const seen = new Set<string>();
  let isBusy = false;
  const watch = setInterval(() => {
    for (const file of readdirSync(folder)) {
      if (!file.endsWith(".result") || seen.has(file) || !jobs.some(({ name }) => `${name}.result` === file)) continue;
      seen.add(file);
      console.error(`${Math.round((Date.now() - begun) / 1000)} s: ${file.replace(/\.result$/, "")}`);
    }
    if (isBusy) return;
    isBusy = true;
    void compileRequests(folder, cache, headers).finally(() => (isBusy = false));
  }, 200);
  try {
    const script = [resolve("test/compare/guest/run_pairs.py"), folder];
    const status = values.here
      ? await runHere([...script, join(folder, "work")], sink)
      : await runInVm(await prepareGuest([...script, "/tmp/compare"]), { stdout: sink, stderr: sink });
    if (status !== 0) console.error(`the guest ended with status ${status}:\n${output.slice(-4000)}`);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${output.slice(-4000)}`);
  } finally {
    clearInterval(watch);
  }
}

/** Compiles what the guest asks for with BCC's own compiler, natively; what was compiled before is kept by the hash of the request. */
async function compileRequests(folder: string, cache: string, headers: string): Promise<void> {
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".request"))) {
    const answer = file.replace(/request$/, "answer");
    const kept = join(cache, answer);
    if (!existsSync(kept))
      await promisify(execFile)("/usr/bin/python3", [compiler, join(folder, file), kept], {
        env: { PATH: process.env["PATH"], BCC_KERNEL_SOURCE: headers },
        timeout: 200_000,
      }).catch((error: Error) => writeFileSync(kept, JSON.stringify({ log: `the host's compiler: ${error.message}` })));
    writeFileSync(join(folder, `${answer}.part2`), readFileSync(kept));
    renameSync(join(folder, `${answer}.part2`), join(folder, answer));
    rmSync(join(folder, file));
    if (!JSON.parse(readFileSync(kept, "utf8")).functions) rmSync(kept);
  }
}

/** Builds the programs of the kernel tier that workloads call, natively. */
async function buildPrograms(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const programs = { routes: [], busy: [], locks: [], allocs: [], queries: [], mysql57: ["-DMYSQL57"] };
  for (const [name, flags] of Object.entries(programs)) {
    const source = resolve("test/kernel/programs", `${name === "mysql57" ? "queries" : name}.c`);
    await promisify(execFile)("gcc", [
      "-O1",
      "-fno-omit-frame-pointer",
      "-g",
      ...flags,
      source,
      "-o",
      join(folder, name),
    ]);
  }
  cpSync("/bin/bash", join(folder, "bash"));
}

function runHere(script: readonly string[], sink: PassThrough): Promise<number> {
  return new Promise((settle, reject) => {
    const child = spawn("/usr/bin/python3", script, { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) stream.pipe(sink, { end: false });
    child.once("error", reject).once("close", (status) => settle(status ?? 1));
  });
}
