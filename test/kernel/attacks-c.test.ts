import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { probeWalls } from "../../runtime/confine/launcher.ts";
import { makeFolder, runCli, startCli, writeScript } from "../support/run-cli.ts";

const base = makeFolder();
/** What a hostile script may see, and beside it what it may not. */
const tree = join(base, "tree");
const outside = join(base, "outside");
const secret = join(outside, "secret.h");
const words = "TOP_SECRET_WORDS";

beforeAll(() => {
  for (const folder of [tree, outside, join(tree, "headers")]) mkdirSync(folder);
  chmodSync(outside, 0o700);
  writeFileSync(secret, `${words} 1;\n`, { mode: 0o600 });
  writeFileSync(join(outside, "macro.h"), `#define ${words} 1\n`, { mode: 0o600 });
  symlinkSync("../outside/secret.h", join(tree, "link.h"));
  symlinkSync("../outside", join(tree, "folder"));
  writeFileSync(join(tree, "headers/inner.h"), '#include "../../outside/secret.h"\n');
  writeFileSync(join(tree, "headers/good.h"), "static const int good = 1;\n", { mode: 0o600 });
  spawnSync("mkfifo", [join(tree, "pipe.h"), join(tree, "pipe.c")]);
  spawnSync("gcc", ["-shared", "-fPIC", "-x", "c", "-", "-o", join(tree, "plugin.so")], {
    input: `#include <fcntl.h>\n__attribute__((constructor)) static void start(void) { open("${base}/loaded", O_CREAT | O_WRONLY, 0666); }\n`,
  });
});

/** One attack: the options of `new BPF`, and what its error says. */
interface Attack {
  readonly name: string;
  readonly text?: string;
  readonly cflags?: readonly string[];
  readonly says: RegExp;
}

interface Answer {
  readonly name: string;
  readonly error: string | null;
}

/** Runs all attacks in one script, as root; each is caught, and says its error. */
async function runAttacks(attacks: readonly Attack[]): Promise<{ answers: readonly Answer[]; shown: string }> {
  const rows = attacks.map(({ name, text = "int x;", cflags }) => ({
    name,
    options: { text, ...(cflags && { cflags }) },
  }));
  const script = `import { BPF, print } from "bpfts";
const answers = [];
for (const { name, options } of ${JSON.stringify(rows)}) {
  let error = null;
  try { new BPF(options); } catch (thrown) { error = [thrown.message, thrown.hint, ...(thrown.diagnostics ?? []).map((row) => row.message)].join("; "); }
  answers.push({ name, error });
}
print(JSON.stringify(answers));
`;
  const { stdout, stderr, status } = await runCli(["run", writeScript(tree, "attack.ts", script)], { cwd: base });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return { answers: JSON.parse(stdout) as Answer[], shown: stdout };
}

const notAllowed = /is not allowed in cflags/;
const denied = /Permission denied|file not found|outside|may not read|no file of/;

const flagAttacks: readonly Attack[] = [
  ...[
    ["-fplugin=PLUGIN"],
    ["-fpass-plugin=PLUGIN"],
    ["-Xclang", "-load", "-Xclang", "PLUGIN"],
    ["-Xclang", "-fplugin=PLUGIN"],
    ["-fplugin-arg-x-y"],
    ["-mllvm", "-load=PLUGIN"],
    ["-mllvm", "-info-output-file=MADE"],
    ["-MD", "-MF", "MADE", "-MT", "text"],
    ["-MMD"],
    ["-MFMADE"],
    ["-MJMADE"],
    ["-Wp,-MD,MADE"],
    ["-Wa,-o,MADE"],
    ["-Wl,-o,MADE"],
    ["-o", "MADE"],
    ["-oMADE"],
    ["-foptimization-record-file=MADE"],
    ["-fsave-optimization-record"],
    ["--serialize-diagnostics", "MADE"],
    ["-serialize-diagnostics", "MADE"],
    ["-save-temps"],
    ["-save-temps=obj"],
    ["-ftime-trace"],
    ["-ftime-trace=MADE"],
    ["-fcrash-diagnostics-dir=MADE"],
    ["-fprofile-generate=MADE"],
    ["-fcoverage-mapping"],
    ["-fproc-stat-report=MADE"],
    ["-fstack-usage"],
    ["-gsplit-dwarf"],
    ["-fmodules", "-fmodules-cache-path=MADE"],
    ["-dependency-dot", "MADE"],
    ["--write-dependencies"],
    ["-include", "SECRET"],
    ["-includeSECRET"],
    ["-imacros", "SECRET"],
    ["-imacrosSECRET"],
    ["--include=SECRET"],
    ["-include-pch", "SECRET"],
    ["-ivfsoverlay", "SECRET"],
    ["--config=SECRET"],
    ["--config", "SECRET"],
    ["@SECRET"],
    ["SECRET"],
    ["./attack.ts"],
    ["-B/tmp"],
    ["--sysroot=OUTSIDE"],
    ["-isysroot", "OUTSIDE"],
    ["-iprefix", "OUTSIDE"],
    ["-iwithprefix", "x"],
    ["-F", "OUTSIDE"],
    ["-L", "OUTSIDE"],
    ["-resource-dir", "OUTSIDE"],
    ["-fsanitize-blacklist=SECRET"],
    ["-fsanitize-ignorelist=SECRET"],
    ["-fprofile-use=SECRET"],
    ["-fdebug-prefix-map=a=b"],
    ["-x", "c++"],
    ["-target", "x86_64"],
    ["--target=x86_64"],
    ["-fuse-ld=PLUGIN"],
    ["-fno-integrated-as"],
    ["-fmodule-map-file=SECRET"],
    ["-D"],
    ["-I-"],
    ["-I"],
    ["-"],
    ["--"],
  ].map((cflags): Attack => ({ name: cflags.join(" "), cflags, says: notAllowed })),
  ...[
    "-E",
    "-S",
    "-emit-llvm",
    "-emit-ast",
    "--version",
    "-###",
    "-M",
    "-MM",
    "-fsyntax-only",
    "-flto",
    "--help",
    "-print-targets",
    "-v",
    "--analyze",
  ].map((flag): Attack => ({ name: flag, cflags: [flag], says: /is no way to an object/ })),
  { name: "NUL", cflags: ["-DX\0Y"], says: /cflags\[0\] has a NUL character/ },
  { name: "empty", cflags: [""], says: /cflags\[0\] is empty/ },
  ...[
    "-IOUTSIDE",
    "-I../outside",
    "-Ifolder",
    "-isystemOUTSIDE",
    "-iquoteOUTSIDE",
    "-I/",
    "-I/etc",
    "-I../tree/../outside",
  ].map((flag): Attack => ({ name: flag, cflags: [flag], text: '#include "secret.h"\n', says: /may not read.*-I / })),
  { name: "-I OUTSIDE", cflags: ["-I", "OUTSIDE"], text: '#include "secret.h"\n', says: /may not read.*-I / },
];

const textAttacks: readonly Attack[] = [
  '#include "SECRET"\n',
  "#include <SECRET>\n",
  '#include "link.h"\n',
  '#include "folder/secret.h"\n',
  '#include "../outside/secret.h"\n',
  '#include "headers/../../outside/secret.h"\n',
  '#include "headers/inner.h"\n',
  '#include_next "../outside/secret.h"\n',
  '#import "../outside/secret.h"\n',
  '#define NAME "SECRET"\n#include NAME\n',
  '#inc\\\nlude "SECRET"\n',
  '??=include "SECRET"\n#include "link.h"\n',
  'char data[] = {\n#embed "SECRET"\n};\n',
  'asm(".incbin \\"SECRET\\"");\n',
  'asm(".inc" "bin \\"SECRET\\"");\n',
  'asm(".include \\"SECRET\\"");\n',
  '__asm__(".pushsection .rodata\\n.incbin \\"link.h\\"\\n.popsection");\n',
  'asm(".macro m a b\\n\\\\a\\\\b \\"SECRET\\"\\n.endm\\nm .inc bin");\n',
  'int f(void *ctx) { asm volatile(".incbin \\"SECRET\\""); return 0; }\n',
  '#include "/proc/self/environ"\nint\n',
  '#include "/dev/zero"\n',
  '#include "/proc/self/fd/0"\nint\n',
].map((text): Attack => ({ name: text, text, says: /./ }));

const fill = (word: string): string =>
  word
    .replaceAll("SECRET", secret)
    .replaceAll("PLUGIN", join(tree, "plugin.so"))
    .replaceAll("MADE", join(tree, "made"))
    .replaceAll("OUTSIDE", outside);

const fillAttack = ({ name, text, cflags, says }: Attack): Attack => ({
  name,
  ...(text !== undefined && { text: fill(text) }),
  ...(cflags && { cflags: cflags.map(fill) }),
  says,
});

describe("a script's flags for clang", () => {
  it("load no code, read and write no file, and each is refused with a sentence", async () => {
    const before = readdirSync(tree).concat("attack.ts");
    const attacks = flagAttacks.map(fillAttack);
    const { answers, shown } = await runAttacks(attacks);
    expect(answers.filter(({ error }, index) => error === null || !attacks[index]!.says.test(error))).toEqual([]);
    expect(answers).toHaveLength(attacks.length);
    expect(shown).not.toContain(words);
    expect(existsSync(join(base, "loaded"))).toBe(false);
    expect(readdirSync(tree).filter((name) => !before.includes(name))).toEqual([]);
  }, 300_000);

  it("change the code", async () => {
    const good = [
      [
        "-DX=1",
        "-DF(a)=a",
        "-D",
        "Y=2",
        "-UZ",
        "-O2",
        "-Wno-unused",
        "-w",
        "-std=gnu17",
        "-fno-builtin-memcpy",
        "-fno-jump-tables",
        "-mcpu=v3",
        "-Iheaders",
        "-I",
        join(tree, "headers"),
      ],
    ];
    const attacks = good.map(
      (cflags): Attack => ({ name: "good", cflags, text: '#include "good.h"\nint x = X + F(2) + Y + 1;\n', says: /./ }),
    );
    expect((await runAttacks(attacks)).answers).toEqual([{ name: "good", error: null }]);
  }, 300_000);
});

describe("a script's C text", () => {
  it.runIf(probeWalls().landlock > 0)(
    "shows no file that is not the script's",
    async () => {
      const attacks = textAttacks.map(fillAttack);
      const { answers, shown } = await runAttacks(attacks);
      expect(answers.filter(({ error }) => error === null)).toEqual([]);
      expect(answers).toHaveLength(attacks.length);
      expect(shown).not.toContain(words);
      const plain = answers.filter(({ name }) => /^#include "(?:SECRET|link|folder)/.test(name));
      expect(plain.filter(({ error }) => !denied.test(error!))).toEqual([]);
    },
    300_000,
  );

  it("that names a pipe ends within its time, and no clang stays behind", async () => {
    const script = writeScript(
      tree,
      "pipe.ts",
      'import { BPF } from "bpfts";\nnew BPF({ text: `#define P "pipe.h"\n#include P\n` });\n',
    );
    const { status, stderr } = await runCli(["run", script], { cwd: base });
    expect(status).toBe(1);
    expect(stderr).toMatch(/pipe/);
  }, 300_000);

  it("that keeps clang busy ends with the first signal, and clang with it", async () => {
    const bomb = `#define A(x) x x x x x x x x x x x x x x x x\n#define B(x) A(A(A(A(x))))\nint f(int a) { B(a++;) return a; }\n`;
    const script = writeScript(
      tree,
      "bomb.ts",
      `import { BPF } from "bpfts";\nnew BPF({ text: ${JSON.stringify(bomb)} });\n`,
    );
    const { child, ended } = startCli(["run", script], { cwd: base });
    const clang = await findClang(child.pid!);
    const sent = performance.now();
    child.kill("SIGINT");
    const { status, signal } = await ended;
    expect(performance.now() - sent).toBeLessThan(20_000);
    expect({ status, signal }).toEqual({ status: 0, signal: null });
    expect(existsSync(`/proc/${clang}`)).toBe(false);
  }, 300_000);
});

/** Waits for a clang that belongs to a process's launcher. */
async function findClang(pid: number): Promise<number> {
  for (let tries = 0; tries < 6000; tries++) {
    // The launcher of the bundler may still be there, ended and not yet taken note of.
    const launchers = spawnSync("pgrep", ["-d,", "-P", String(pid), "bpfts-confine"])
      .stdout.toString()
      .trim();
    const clang =
      launchers === "" ? "" : spawnSync("pgrep", ["-P", launchers, "clang"]).stdout.toString().trim().split("\n")[0]!;
    if (clang !== "") return Number(clang);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("no clang came");
}
