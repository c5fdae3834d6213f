import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readScriptFile } from "../../../../runtime/session/bridge/read-file.ts";
import { noGrants, openFileScope } from "../../../../runtime/script/file-scope.ts";
import { findPackageFile } from "../../../../runtime/session/build/package-files.ts";
import { openReadable } from "../../../../runtime/session/run/readable-files.ts";
import { runScriptText } from "../../../support/guest-run.ts";

const readSystemFile = (path: string): string => readScriptFile(path, () => openFileScope(undefined, noGrants));

describe("reading files", () => {
  it("is open below /proc and /sys", () => {
    expect(readSystemFile("/proc/self/comm").trim()).not.toBe("");
    expect(readSystemFile("/proc/version")).toContain("Linux");
    expect(readSystemFile("/sys/devices/system/cpu/possible")).toMatch(/^\d/);
    expect(readSystemFile("/proc/../proc/./version")).toContain("Linux");
  });

  it.each([
    "/etc/passwd",
    "/proc/../etc/passwd",
    "/proc/self/root/etc/passwd",
    "/proc/1/root/etc/passwd",
    "/proc/self/cwd/package.json",
    "/proc/self/exe",
    "/procfs",
    "/sys",
    "/proc",
    "etc/passwd",
    "/proc/self/fd/0",
    "/proc/self/fd/1",
    "/proc/thread-self/root/etc/passwd",
  ])("does not reach %s", (path) => {
    expect(() => readSystemFile(path)).toThrow(expect.objectContaining({ code: "BPFTS_ARGUMENT" }));
  });

  it("follows links of one's own before it looks where they lead", () => {
    const folder = mkdtempSync(join(tmpdir(), "bpfts-read-"));
    try {
      symlinkSync("/etc/passwd", join(folder, "link"));
      expect(() => readSystemFile(`/proc/self/root${folder}/link`)).toThrow(
        "scripts read files below /proc and /sys only",
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("says what is missing, and refuses what never ends or is no text", () => {
    expect(() => readSystemFile("/proc/no-such-file")).toThrow('Cannot read "/proc/no-such-file": no such file');
    expect(() => readSystemFile("/proc/kmsg")).toThrow('Cannot read "/proc/kmsg": it is no text file');
    expect(() => readSystemFile("/proc/self/mem")).toThrow("it is no text file");
    expect(() => readSystemFile("/proc/self")).toThrow(expect.objectContaining({ code: "BPFTS_ARGUMENT" }));
  });
});

describe("reading a file that the user lets the script read", () => {
  const folder = mkdtempSync(join(tmpdir(), "bpfts-granted-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "services.json");
  writeFileSync(path, '{"a": 1}');
  writeFileSync(join(folder, "secret"), "secret");
  symlinkSync("/etc/hostname", join(folder, "link"));
  const tool = findPackageFile("scripts", "net", "policy.ts");
  const readAs = async (script: string, asked: string, args: readonly string[], read: readonly string[] = []) =>
    (
      await runScriptText(
        `import { print, read_file } from "bpfts";
        try { print(read_file(${JSON.stringify(asked)})); } catch (error) { print((error as Error).message); }`,
        { args, findReadable: () => openReadable(script, args, { include: [], read }) },
      )
    ).stdout.trim();

  it.each([[[path]], [["-v", "--services", path]], [[`--services=${path}`]], [[`${folder}/./services.json`]]])(
    "is open to a tool of bpfts' own with %j",
    async (args) => {
      expect(await readAs(tool, path, args)).toBe('{"a": 1}');
    },
  );

  it("is open to every script in a folder that the user grants", async () => {
    expect(await readAs(path, path, [], [folder])).toBe('{"a": 1}');
  });

  it("takes a path from where the user is", async () => {
    expect(await readAs(tool, "package.json", ["package.json"])).toContain('"name": "bpfts"');
  });

  it.each([[[path]], [[`--services=${path}`]]])(
    "is closed to any other script, whatever its arguments: %j",
    async (args) => {
      const script = join(folder, "policy.ts");
      expect(await readAs(script, path, args)).toBe(
        `Cannot read "${path}": scripts read files below /proc and /sys only`,
      );
      expect(await readAs(`${tool}/../../../${folder}/policy.ts`, path, args)).toContain("Cannot read");
    },
  );

  it.each([
    [path, [folder]],
    [path, [`${path}.old`]],
    [path, [`x${path}`]],
    [path, [`./=${path}`]],
    [join(folder, "secret"), [path]],
    [`${path}/../secret`, [path]],
    ["", [""]],
    [folder, [folder]],
    ["/proc/self/environ", ["/proc/self/environ"]],
    ["/proc/self/mem", ["/proc/self/mem"]],
    ["/dev/null", ["/dev/null"]],
  ])("reads no %s for %j", async (asked, args) => {
    expect(await readAs(tool, asked, args)).toContain("Cannot read");
  });

  it("leads nowhere else by a link in a granted folder", async () => {
    expect(await readAs(path, join(folder, "link"), [], [folder])).toContain("Cannot read");
  });
});

describe("what a script is told", () => {
  it("is its arguments, the time and the number of CPUs", async () => {
    const { stdout } = await runScriptText(
      `import { argv, command, monotonic_ns, possible_cpus, print, read_file } from "bpfts";
      print(argv, command, possible_cpus, monotonic_ns() > 0n, typeof Date.now(), read_file("/proc/sys/kernel/ostype").trim());`,
      { args: ["-p", "5"] },
    );
    expect(stdout).toBe('["-p", "5"] undefined 2 true number Linux\n');
  });

  it("is nothing that it asks for by a name of its own making", async () => {
    const { stdout } = await runScriptText(`import { print } from "bpfts";
      for (const name of ["constructor", "__proto__", "toString", "nothing"]) print((globalThis as any).__bpfts_call(name, "null", undefined).slice(0, 60));`);
    expect(
      stdout
        .split("\n")
        .slice(0, 4)
        .every((line) => line.startsWith('!{"name":"InternalError"')),
    ).toBe(true);
  });

  it("ends where it would wait, in a check", async () => {
    const { stdout, exitCode } = await runScriptText(
      `import { print, sleep } from "bpfts"; print("a"); sleep(1); print("b");`,
      { waits: false },
    );
    expect({ stdout, exitCode }).toEqual({ stdout: "a\n", exitCode: 0 });
  });
});
