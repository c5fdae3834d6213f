import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hasOwnHeaders, libraryHeaders, readLibraryHeaders } from "../../../runtime/compile/own-headers.ts";
import { root } from "../../support/run-cli.ts";

const folder = join(root, "bpf-headers");
const read = (name: string): string => readFileSync(join(folder, name), "utf8");

describe("the library's headers", () => {
  it("are those that do not stand before every text", () => {
    const prelude = [...read("prelude.h").matchAll(/#include "([^"]+)"/g)].map(([, name]) => name!);
    const others = readdirSync(folder).filter((name) => name.endsWith(".h") && name !== "prelude.h");
    expect(others.filter((name) => !prelude.includes(name)).sort()).toEqual(libraryHeaders);
  });

  it("name others of them", () => {
    const list = (text: string): string[] => [...readLibraryHeaders(text, read).keys()];
    expect(list('int x;\n  # include "bpfts_notice.h"\n#include "bpfts_nat.h"\n')).toEqual([
      "bpfts_notice.h",
      "bpfts_net.h",
      "bpfts_nat.h",
    ]);
    expect(list('#include "bpfts_other.h"\n// #include "bpfts_net.h"\n')).toEqual([]);
  });
});

describe("a text", () => {
  it.each([
    ['#include "bpfts_net.h"\n#include <bpf/usdt.bpf.h>\n #  include  "bcc_usdt.h"', false],
    ['#include "bpfts_net.h"\n#include "mine.h"', true],
    ['#include "bpfts_net.hpp"', true],
    ['#include "../bpfts_net.h"', true],
    ["#include NAME", true],
    ["int x;", false],
  ])("%j has headers of its user's: %s", (text, has) => expect(hasOwnHeaders(text)).toBe(has));
});
