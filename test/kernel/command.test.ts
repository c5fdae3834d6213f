import { chmodSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { makeFolder, parseCliError, runCli, startCli, writeScript } from "../support/run-cli.ts";
import type { CliResult } from "../support/run-cli.ts";

const folder = makeFolder();
const waits = writeScript(
  folder,
  "waits.ts",
  `import { command, on_exit, print, sleep } from "bpfts";
on_exit(() => print("end"));
print("pid", command!.pid > 0);
for (;;) sleep(60);
`,
);
const run = (command: string, script = waits, ...options: readonly string[]): Promise<CliResult> =>
  runCli(["run", ...options, "-c", command, script]);

describe("a command that cannot be run", () => {
  const plain = writeScript(folder, "plain", "no program\n");
  const orphan = writeScript(folder, "orphan", "#!/no/such/interpreter\n");
  chmodSync(orphan, 0o755);

  it.each([
    ["/no/such/program", 127, "ENOENT", undefined],
    ["no-such-program --flag", 127, "ENOENT", `no folder of PATH has "no-such-program"`],
    [`${plain}/beneath`, 127, "ENOTDIR", undefined],
    [orphan, 127, "ENOENT", `"${orphan}" is there, but the interpreter of its first line is not`],
    [plain, 126, "EACCES", `"${plain}" needs to be a file with the permission to execute it`],
    [folder, 126, "EACCES", `"${folder}" needs to be a file with the permission to execute it`],
  ])("%s: status %i, and the script ends as ever", async (line, status, name, hint) => {
    const result = await run(line, waits, "--json-errors");
    expect(result).toMatchObject({ status, stdout: "pid true\nend\n" });
    const error = parseCliError(result);
    expect(error).toMatchObject({ code: "BPFTS_COMMAND", exitCode: status });
    expect(error.message).toContain(`Cannot run the command "${line}" (${name}, `);
    expect(error.hint).toBe(hint);
  });

  it.each([
    ["no-such-program | cat; no-such-program", 127],
    [`cd / && ${plain}`, 126],
  ])("%s: the shell's own status", async (line, status) => {
    const result = await run(line);
    expect(result).toMatchObject({ status, stdout: "pid true\nend\n" });
    expect(result.stderr).toContain(`warning: The command "${line}" ended with status ${status}\n`);
  });

  it("is told of beside what the script threw", async () => {
    const script = writeScript(
      folder,
      "throws.ts",
      `import { sleep } from "bpfts"; try { sleep(60); } catch { throw new Error("mine"); }`,
    );
    const { status, stderr } = await run("/no/such/program", script);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^warning: Cannot run the command "\/no\/such\/program" .*\nerror: Error: mine\n/);
  });
});

describe("how a command ended", () => {
  const warn = (text: string): string => `warning: ${text}\n`;

  it.each([
    ["true", 0, ""],
    ["false", 1, warn(`The command "false" ended with status 1`)],
    ["exit 70;", 70, warn(`The command "exit 70;" ended with status 70`)],
    ["kill -SEGV $$", 139, warn(`Signal SIGSEGV ended the command "kill -SEGV $$"`)],
  ])("%s: status %i", async (line, status, stderr) => {
    expect(await run(line)).toMatchObject({ status, stdout: "pid true\nend\n", stderr });
  });

  it.each([
    ["exit(0) at the end of the command", `try { sleep(60); } catch { exit(0); }`, 0],
    ["exit(9) in an end handler", `on_exit(() => exit(9)); sleep(60);`, 9],
  ])("does not take the place of the script's %s", async (_, body, status) => {
    const script = writeScript(
      folder,
      "chooses.ts",
      `import { exit, on_exit, sleep } from "bpfts"; void on_exit; ${body}`,
    );
    expect(await run("false", script)).toMatchObject({
      status,
      stderr: warn(`The command "false" ended with status 1`),
    });
  });

  it("is no matter for a script that ends before it", async () => {
    const script = writeScript(folder, "early.ts", `import { sleep } from "bpfts"; sleep(0.05);`);
    expect(await run("sleep 60", script)).toMatchObject({ status: 0, stderr: "" });
  });

  it("is no failure at Ctrl-C, which reaches both", async () => {
    const running = startCli(["run", "-c", "sleep 60", waits]);
    await running.waitFor("pid");
    await new Promise((resolve) => setTimeout(resolve, 200));
    running.child.kill("SIGINT");
    expect(await running.ended).toMatchObject({ status: 0, stdout: "pid true\nend\n", stderr: "" });
  });

  it("of one that never ran, since the script did not wait", async () => {
    const script = writeScript(folder, "never.ts", `import { print } from "bpfts"; print("done");`);
    expect(await run("false", script)).toMatchObject({
      status: 0,
      stdout: "done\n",
      stderr: warn(`The command "false" did not run: the script ended and never waited`),
    });
    const help = writeScript(folder, "help.ts", `import { exit, print } from "bpfts"; print("usage"); exit(0);`);
    expect(await run("false", help)).toMatchObject({ status: 0, stdout: "usage\n", stderr: "" });
  });
});
