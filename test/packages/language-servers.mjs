/**
 * Opens a script in the language servers by which editors other than VS Code speak with TypeScript, and asks each for what the plugin of bpfts
 * knows: diagnostics, completion, hover, definition and rename in the C. vtsls is VS Code's own extension as a language server.
 *
 *   node test/packages/language-servers.mjs
 *
 * Not a part of `npm test`: it needs a registry.
 */
import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cli = join(root, "dist/bpfts.cjs");
const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "bpfts-test", "language-servers");
const versions = { "@vtsls/language-server": "0.3.0", "typescript-language-server": "4.4.1" };
const servers = {
  vtsls: {
    program: "@vtsls/language-server/bin/vtsls.js",
    settings: { vtsls: { autoUseWorkspaceTsdk: true } },
  },
  "typescript-language-server": { program: "typescript-language-server/lib/cli.mjs", settings: {} },
};

const text = `import { BPF, print } from "bpfts";

const b = new BPF({
  text: /* c */ \`
BPF_HASH(counts, u32, u64);
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  struct task_struct *task = (struct task_struct *)bpf_get_current_task();
  counts.increment(pid);
  return task->tgid;
}
\`,
});
print(b.get_table("counts").size);
`;
const wrong = text.replace("counts.increment(pid)", "counts.incremnt(pid)");

/** What to ask, and how the answer has to look. Marks say where, by what stands behind them. */
const questions = {
  "completes methods of tables": async (ask) => listNames(await ask("completion", "increment(")).includes("lookup"),
  "completes members of the kernel's structs": async (ask) =>
    listNames(await ask("completion", "tgid;")).includes("real_parent"),
  "shows the C type": async (ask) => JSON.stringify(await ask("hover", "tgid;")).includes("pid_t tgid"),
  "shows a table from the script": async (ask) =>
    JSON.stringify(await ask("hover", 'counts")')).includes("BPF_HASH(counts, u32, u64)"),
  "goes to the C": async (ask) => {
    const [found] = [(await ask("definition", 'counts")')) ?? []].flat();
    return (found?.range ?? found?.targetSelectionRange)?.start.line === 4;
  },
  "renames across the border": async (ask) => {
    const { changes, documentChanges } = (await ask("rename", 'counts")', { newName: "sums" })) ?? {};
    const edits = changes ? Object.values(changes).flat() : (documentChanges ?? []).flatMap((each) => each.edits);
    return (
      edits
        .map(({ range }) => range.start.line)
        .sort((a, b) => a - b)
        .join() === "4,8,13"
    );
  },
};

install();
const work = mkdtempSync(join(tmpdir(), "bpfts-editor-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
let failed = 0;
for (const [name, { program, settings }] of Object.entries(servers)) {
  const folder = makeProject(name);
  const server = openServer([process.execPath, join(cache, "node_modules", program), "--stdio"], folder, settings);
  try {
    for (const [question, holds] of await tryServer(server, folder, settings)) {
      if (!holds) failed++;
      process.stdout.write(`${name.padEnd(26)}  ${holds ? "yes" : "NO "}  ${question}\n`);
    }
  } finally {
    await server.close();
  }
}
process.exitCode = failed === 0 ? 0 : 1;

function install() {
  const manifest = JSON.stringify({ private: true, dependencies: versions });
  const path = join(cache, "package.json");
  if (existsSync(join(cache, "node_modules")) && existsSync(path) && readFileSync(path, "utf8") === manifest) return;
  mkdirSync(cache, { recursive: true });
  writeFileSync(path, manifest);
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"], {
    cwd: cache,
    stdio: "inherit",
  });
}

/** A folder of scripts as `bpfts init` leaves it, with TypeScript in it. */
function makeProject(name) {
  const folder = join(work, name);
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  // TypeScript's server looks for plugins beside itself, so a link would not do.
  cpSync(join(root, "node_modules/typescript"), join(folder, "node_modules/typescript"), { recursive: true });
  execFileSync(process.execPath, [cli, "init", folder]);
  writeFileSync(join(folder, "tool.ts"), wrong);
  return folder;
}

async function tryServer(server, folder, settings) {
  const uri = pathToFileURL(join(folder, "tool.ts")).href;
  const rootUri = pathToFileURL(folder).href;
  await server.request("initialize", {
    processId: process.pid,
    rootUri,
    workspaceFolders: [{ uri: rootUri, name: "traces" }],
    initializationOptions: {},
    capabilities: {
      workspace: { configuration: true, workspaceEdit: { documentChanges: true } },
      textDocument: {
        completion: { completionItem: { snippetSupport: false } },
        hover: { contentFormat: ["markdown"] },
        rename: { prepareSupport: true },
        publishDiagnostics: {},
      },
    },
  });
  server.notify("initialized", {});
  server.notify("workspace/didChangeConfiguration", { settings });
  server.notify("textDocument/didOpen", { textDocument: { uri, languageId: "typescript", version: 1, text: wrong } });
  const said = await server.waitFor(uri, (diagnostics) => diagnostics.some(({ source }) => source === "bpfts"));
  const [found] = said.filter(({ source }) => source === "bpfts");
  const rows = [
    [
      "says what is wrong in the C, at its place",
      found?.message.includes('has no method "incremnt"') === true && found.range.start.line === 8,
    ],
  ];
  server.notify("textDocument/didChange", { textDocument: { uri, version: 2 }, contentChanges: [{ text }] });
  rows.push([
    "says no more of it when it is mended",
    (await server.waitFor(uri, (diagnostics) => diagnostics.length === 0)).length === 0,
  ]);
  const ask = (method, mark, more = {}) => {
    const before = text.slice(0, text.indexOf(mark)).split("\n");
    const position = { line: before.length - 1, character: before.at(-1).length };
    return server.request(`textDocument/${method}`, { textDocument: { uri }, position, ...more });
  };
  for (const [question, holds] of Object.entries(questions)) rows.push([question, await holds(ask)]);
  return rows;
}

function listNames(answer) {
  return (Array.isArray(answer) ? answer : (answer?.items ?? [])).map(({ label }) => label);
}

/** Speaks the Language Server Protocol with a program. */
function openServer([command, ...args], cwd, settings) {
  const child = spawn(command, args, { cwd, stdio: ["pipe", "pipe", "inherit"] });
  const answers = new Map();
  const listeners = new Set();
  const newest = new Map();
  let count = 0;
  let received = Buffer.alloc(0);
  const send = (message) => {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message });
    child.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  };
  const take = (message) => {
    const { id, method, params } = message;
    if (method === undefined) {
      answers.get(id)?.(message);
      answers.delete(id);
    } else if (id !== undefined) {
      // What a server asks of the editor: its settings, or leave to do something.
      const sections = method === "workspace/configuration" ? params.items.map(({ section }) => section) : [];
      const result = method === "workspace/configuration" ? sections.map((each) => settings[each] ?? {}) : null;
      send({ id, result });
    } else if (method === "textDocument/publishDiagnostics") {
      newest.set(params.uri, params.diagnostics);
      for (const listen of [...listeners]) listen();
    }
  };
  child.stdout.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
    for (;;) {
      const end = received.indexOf("\r\n\r\n");
      const length = Number(/Content-Length: (\d+)/.exec(received.subarray(0, Math.max(end, 0)).toString())?.[1]);
      if (end < 0 || received.length < end + 4 + length) return;
      const body = received.subarray(end + 4, end + 4 + length).toString();
      received = received.subarray(end + 4 + length);
      take(JSON.parse(body));
    }
  });
  return {
    notify: (method, params) => send({ method, params }),
    request: (method, params) =>
      new Promise((resolve, reject) => {
        const id = ++count;
        answers.set(id, ({ result, error }) =>
          error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result),
        );
        send({ id, method, params });
      }),
    /** The diagnostics of a file once they are as wanted, or what there is after half a minute. */
    waitFor: (uri, takes) =>
      new Promise((resolve) => {
        const finish = () => {
          clearTimeout(timer);
          listeners.delete(listen);
          resolve(newest.get(uri) ?? []);
        };
        const listen = () => takes(newest.get(uri) ?? []) && newest.has(uri) && finish();
        const timer = setTimeout(finish, 30_000);
        listeners.add(listen);
        listen();
      }),
    close: () =>
      new Promise((resolve) => {
        child.on("exit", resolve);
        child.kill();
      }),
  };
}
