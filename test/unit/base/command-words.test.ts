import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { replaceShell, splitSimpleCommand } from "../../../runtime/base/command-words.ts";

/** What the shell makes of a line: the words that a program gets, or undefined when the line is more than one simple command. */
function askShell(line: string): readonly string[] | undefined {
  const shown = spawnSync("dash", ["-c", `show() { for word; do printf '%s\\0' "$word"; done; }\nshow ${line}\n`], {
    encoding: "utf8",
    env: { HOME: "/home/of/nobody" },
    cwd: "/proc/sys/net",
  });
  return shown.status === 0 ? shown.stdout.split("\0").slice(0, -1) : undefined;
}

/** Arguments, by how they are written. */
const simple = [
  "a b  c",
  "a\tb ",
  "'a b' \"c d\"",
  "'a'b\"c\"d",
  "'' \"\" x''",
  "if=/dev/zero of=/dev/null bs=1M count=%d",
  "--format=%s=%d {} {}x",
  "a\\ b \\' \\\" \\\\ \\$HOME \\*",
  `"a\\"b" "a\\\\b" "a\\$b" "a\\nb" 'a\\nb' "it's"`,
  "a#b c~d ! x^y @ , +%F ]",
  `'$HOME' '*' '|' ';' "a|b;c&d" '~'`,
  "ä €\u{1f600}",
  `"a
b"`,
  "'#' \\#x \\~",
  "then if in",
];

describe("a simple command", () => {
  it.each(simple)("is taken apart as dash does: %s", (line) => {
    expect(splitSimpleCommand(`show ${line}`)).toEqual(["show", ...askShell(line)!]);
  });

  it.each(["true", " true ", "/bin/true", "'my program' x", "./a\\ b", "[ -f x ]".replace("[", "'['"), "printf %d 5"])(
    "has its program first: %s",
    (line) => {
      expect(splitSimpleCommand(line)).toBeDefined();
    },
  );
});

describe("a command for a shell", () => {
  it.each(
    [
      ..."a | b; a & b; a && b; a > f; a < f; (a); a $HOME; a ${x}; a $(b); a `b`; a *; a ?; a [ab]; a {b,c}; a { b".split(
        "; ",
      ),
      "a; b",
      "a\nb",
      "a \\\nb",
      "a ~; a ~/x; a b=~; a PATH=/x:~/y; a #b; X=1 a; X=1".split("; "),
      `"a $HOME"`,
      '"a `b`"',
      `"a
b"c\\
d`,
      "cd /",
      "exec sleep 1",
      "exit 3",
      ": x",
      "if true",
      "! true",
      "{ a",
      "'' a",
      "",
      "   ",
      "a 'b",
      'a "b',
      "a b\\",
    ].flat(),
  )("is not taken apart: %s", (line) => {
    expect(splitSimpleCommand(line)).toBeUndefined();
  });

  it("is what anything but words is, or it is taken apart as dash does", () => {
    const signs = [..."ab =~#%'\"\\$`*?[]{}!|&;<>()\t,:^"];
    let state = 12345;
    const pick = (): string => {
      state = (state * 1103515245 + 12345) % 2 ** 31;
      return signs[(state >> 8) % signs.length]!;
    };
    let compared = 0;
    for (let i = 0; i < 4000 && compared < 400; i++) {
      const line = Array.from({ length: 1 + (i % 9) }, pick).join("");
      const words = splitSimpleCommand(`show ${line}`);
      if (words === undefined) continue;
      compared++;
      expect([line, words]).toEqual([line, ["show", ...(askShell(line) ?? ["an error of dash"])]]);
    }
    expect(compared).toBeGreaterThan(200);
  });
});

describe("a line of one command that only a shell understands", () => {
  it.each([
    ["FOO=1 printenv FOO", "FOO=1 exec printenv FOO"],
    ["A='x y' B=\"$HOME z\" C=\\x printenv A B C", "A='x y' B=\"$HOME z\" C=\\x exec printenv A B C"],
    ["ls -d /pro*", "exec ls -d /pro*"],
    ["printf %s\\n $HOME \"${HOME}/x\" '$(x)'", "exec printf %s\\n $HOME \"${HOME}/x\" '$(x)'"],
    ["cat < /dev/null 2>&1 >/dev/null", "exec cat < /dev/null 2>&1 >/dev/null"],
    ["/bin/echo 'a;b' ';' \\;", "exec /bin/echo 'a;b' ';' \\;"],
  ])("becomes its program, with the same words: %s", (line, replaced) => {
    expect(replaceShell(line)).toBe(replaced);
    const [plain, own] = [line, replaced].map((text) => spawnSync("dash", ["-c", text], { encoding: "utf8" }));
    expect([own!.stdout, own!.stderr, own!.status]).toEqual([plain!.stdout, plain!.stderr, plain!.status]);
  });

  it.each([
    ..."a | b; a & b; a && b; (a); a $(b); a `b`; FOO=1; FOO=$(a) b; cd /; X=1 exec a; X=1 eval a; ! a; a <(b); a & ".split(
      "; ",
    ),
    "a; b",
    "a\nb",
    'a "$(b)"',
    'a "`b`"',
    "X=1 if a",
    "$a b",
    "",
  ])("is left to the shell: %s", (line) => {
    expect(replaceShell(line)).toBeUndefined();
  });
});
