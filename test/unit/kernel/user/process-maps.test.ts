import { describe, expect, it } from "vitest";
import { findMapping, parseMaps } from "../../../../runtime/kernel/user/process-maps.ts";

const text = `55e0c0a00000-55e0c0a02000 r--p 00000000 fd:01 1234                       /usr/bin/app
55e0c0a02000-55e0c0a07000 r-xp 00002000 fd:01 1234                       /usr/bin/app
00400000-00401000 r-xp 00000000 00:1f 77 /tmp/with space (deleted)
7f0000000000-7f0000001000 rwxp 00000000 00:00 0 
7f0000002000-7f0000003000 r-xs 00000000 00:05 9                          /memfd:jit (deleted)
7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0                          [vdso]
7f0000005000-7f0000006000 r-xp 00001000 08:02 5                          /odd\\012name
7f0000007000-7f0000008000 r-xp 00001000 08:02 6                          /odd\rname
`;

describe("parseMaps", () => {
  it("keeps what can be executed", () => {
    expect(parseMaps(text).map(({ path, deleted, inode, range }) => [path, deleted, inode, range])).toEqual([
      ["/usr/bin/app", false, 1234, "55e0c0a02000-55e0c0a07000"],
      ["/tmp/with space", true, 77, "400000-401000"],
      ["", false, 0, "7f0000000000-7f0000001000"],
      ["/memfd:jit", true, 9, "7f0000002000-7f0000003000"],
      ["[vdso]", false, 0, "7ffd00000000-7ffd00002000"],
      ["/odd\nname", false, 5, "7f0000005000-7f0000006000"],
      ["/odd\rname", false, 6, "7f0000007000-7f0000008000"],
    ]);
    expect(parseMaps(text)[0]).toMatchObject({
      start: 0x55e0c0a02000,
      end: 0x55e0c0a07000,
      offset: 0x2000,
      device: "fd:01",
    });
  });

  it("knows nothing of nothing", () => {
    expect(parseMaps("")).toEqual([]);
  });
});

describe("findMapping", () => {
  const mappings = parseMaps("1000-2000 r-xp 0 0:0 1 /a\n3000-4000 r-xp 0 0:0 2 /b\n");

  it.each([
    [0xfff, undefined],
    [0x1000, "/a"],
    [0x1fff, "/a"],
    [0x2000, undefined],
    [0x3000, "/b"],
    [0x3fff, "/b"],
    [0x4000, undefined],
  ])("finds what holds %i", (address, path) => {
    expect(findMapping(mappings, address)?.path).toBe(path);
  });
});
