import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openUserCalls } from "../../../../runtime/session/bridge/bridge-users.ts";

const folder = mkdtempSync(join(tmpdir(), "bpfts-users-"));
afterAll(() => rmSync(folder, { recursive: true }));
const list = (text: string): unknown => {
  writeFileSync(join(folder, "passwd"), text);
  return openUserCalls(join(folder, "passwd")).list_users(null, new Uint8Array());
};

describe("the users of the machine", () => {
  it("are names and numbers, and nothing else of the file", () => {
    expect(list("root:x:0:0:root:/root:/bin/bash\nann:secret:1000:1000::/home/ann:\n")).toEqual([
      ["root", 0],
      ["ann", 1000],
    ]);
  });

  it("skip lines that name no user", () => {
    expect(list("# remark\n\n+::::::\nbroken\nnumber:x:ten:1\n:x:5:5\nbob:x:7:7")).toEqual([["bob", 7]]);
  });

  it("are asked for in vain where there is no file", () => {
    expect(() => openUserCalls(join(folder, "none")).list_users(null, new Uint8Array())).toThrow(
      /^Cannot read the users of this machine from ".*none": /,
    );
  });
});
