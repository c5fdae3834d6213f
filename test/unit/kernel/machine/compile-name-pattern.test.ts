import { describe, expect, it } from "vitest";
import { compileNamePattern } from "../../../../runtime/kernel/machine/compile-name-pattern.ts";

const fits = (pattern: string, name: string, extent: "whole" | "start" = "whole", flags = ""): boolean =>
  compileNamePattern(pattern, extent, flags).test(name);

describe("a pattern for names", () => {
  it.each([
    ["vfs_.*", "vfs_read", true],
    ["vfs_", "vfs_read", false],
    ["^vfs_(read|write)$", "vfs_write", true],
    ["(?P<call>vfs)_\\w+", "vfs_read", true],
    ["(?<call>vfs)_\\w+", "vfs_read", true],
    ["(?i)VFS_READ", "vfs_read", true],
    ["\\Avfs_read\\Z", "vfs_read", true],
    ["vfs_read\\z", "vfs_read", true],
    ["(?a)vfs_\\w+", "vfs_read", true],
    ["[^]+", "vfs_read", true],
    ["[]", "v", false],
    ["vfs_\\u0072ead", "vfs_read", true],
    ["vfs_\\x72ead", "vfs_read", true],
    ["vfs_\\u{72}ead", "vfs_read", true],
    ["v{,3}fs", "vvfs", true],
    ["\\[\\^\\]", "[^]", true],
    ["operator\\(\\)\\{,2\\}", "operator(){,2}", true],
    ["\\bfoo\\b", "foo", true],
    ["a|vfs_read", "vfs_read", true],
    ["a|vfs", "vfs_read", false],
    ["[[:alpha:]_]+", "vfs_read", true],
    ["std::vector<.*>::push_back\\(.*\\)", "std::vector<int, std::allocator<int> >::push_back(int const&)", true],
  ])("%s and %s: %s, as in Python and JavaScript", (pattern, name, expected) => {
    expect(fits(pattern, name)).toBe(expected);
  });

  it("fits a name's start where BCC has it so", () => {
    expect([
      fits("vfs", "vfs_read", "start"),
      fits("read", "vfs_read", "start"),
      fits("a|vfs", "vfs_read", "start"),
      fits("vfs$", "vfs_read", "start"),
    ]).toEqual([true, false, true, false]);
  });

  it("takes the flags of a regular expression", () => {
    expect([fits("VFS_.*", "vfs_read", "whole", "i"), fits("VFS_.*", "vfs_read")]).toEqual([true, false]);
  });

  it.each(["(([a-z_:]+)+)+[0-9]Z", "(a|aa)+$", "(.*)*x", "([a-z]+)*[0-9]", "(a?){50}a{50}"])(
    "never takes long, whatever it is: %s",
    (pattern) => {
      const started = performance.now();
      fits(pattern, "a".repeat(200));
      fits(pattern, "a".repeat(200), "start");
      expect(performance.now() - started).toBeLessThan(20_000);
    },
  );

  it.each([
    ["vfs_(?!read).*", "looks ahead or behind"],
    ["(?<=vfs_)read", "looks ahead or behind"],
    ["(a)\\1", "refers back to a group"],
    ["(?P<a>x)(?P=a)", "refers back to a group"],
    ["(?<a>x)\\k<a>", "refers back to a group"],
    ["a++", "possessive"],
    ["(?>a)", "possessive"],
    ["(a)?(?(1)b|c)", "condition"],
  ])("says what it lacks, and what to do: %s", (pattern, lacking) => {
    expect(() => fits(pattern, "x")).toThrow(
      expect.objectContaining({
        code: "BPFTS_ARGUMENT",
        message: expect.stringMatching(new RegExp(`^Cannot use the pattern ".*": it .*${lacking}`)) as string,
        hint: expect.stringContaining("filter the names in the script") as string,
      }),
    );
  });

  it.each([
    ["(", "missing closing )"],
    ["a)", "unexpected )"],
    ["[z-a]", "invalid character class range"],
    ["*", "missing argument to repetition operator"],
    ["a{2000}", "invalid repeat count"],
  ])("says what is wrong with %s", (pattern, reason) => {
    expect(() => fits(pattern, "x")).toThrow(`Cannot read the pattern "${pattern}": ${reason}`);
  });
});
