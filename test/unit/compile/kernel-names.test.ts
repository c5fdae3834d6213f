import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openKernelNames } from "../../../runtime/compile/kernel-names.ts";
import { writeNames } from "../../support/kernel-names.ts";

const dump = `typedef unsigned int __u32;

typedef __u32 u32;

typedef void (*callback_t)(int, void *);

typedef struct {} nothing_t;

typedef struct {
	int counter;
} atomic_t;

struct sock_common {
	unsigned char skc_reuse: 4;
	struct {
		unsigned int inner: 1;
	};
	int skc_family;
};

struct sock {
	struct sock_common __sk_common;
};

union pair {
	int a;
};

enum state {
	TCP_CLOSE = 7,
	TCP_MINUS = -1,
	TCP_CLOSE_WAIT = 8,
};
`;

describe("renderKernelNames and openKernelNames", () => {
  const names = openKernelNames(writeNames(dump));

  it.each([
    ["struct", "sock", true],
    ["struct", "sock_common", true],
    ["struct", "soc", false],
    ["struct", "pair", false],
    ["union", "pair", true],
    ["enum", "state", true],
    ["typedef", "__u32", true],
    ["typedef", "atomic_t", true],
    ["typedef", "callback_t", true],
    ["typedef", "nothing_t", true],
    ["typedef", "zzz", false],
    ["typedef", "AAA", false],
  ] as const)("%s %s: %s", (kind, name, there) => {
    expect(names.haveType(kind, name)).toBe(there);
  });

  it("knows enumerators, also where one begins another", () => {
    expect(
      ["TCP_CLOSE", "TCP_CLOSE_WAIT", "TCP_MINUS", "TCP_CLOS", "TCP"].map((name) => names.findEnumValue(name)),
    ).toEqual([7n, 8n, -1n, undefined, undefined]);
  });

  it("knows bit-fields by the named struct around them", () => {
    expect([
      names.isBitField("struct sock_common", "skc_reuse"),
      names.isBitField("struct sock_common", "inner"),
      names.isBitField("struct sock_common", "skc_family"),
      names.isBitField("struct sock", "skc_reuse"),
    ]).toEqual([true, true, false, false]);
  });

  // Lines of 16 bytes end where the blocks do in which the file is read, the others do not.
  it.each([
    ["of one length", (i: number) => `s${String(i).padStart(7, "0")}`],
    ["of several", (i: number) => `s${i}`],
  ])("finds every line of a long list with lines %s", (_, name) => {
    const many = Array.from({ length: 3000 }, (_, i) => `struct ${name(i)} {\n};\n`).join("");
    const long = openKernelNames(writeNames(many));
    const missing = Array.from({ length: 3000 }, (_, i) => name(i)).filter((one) => !long.haveType("struct", one));
    expect(missing).toEqual([]);
    expect([name(3000), "", "a", "t"].filter((one) => long.haveType("struct", one))).toEqual([]);
  });

  it("finds the last lines wherever the last block begins", () => {
    const missing: string[] = [];
    // Block 1 begins with line 512, and in the middle of a line of 17 bytes.
    for (const pad of [7, 8]) {
      for (let count = 475; count < 520; count++) {
        const names = Array.from({ length: count }, (_, i) => `s${String(i).padStart(pad, "0")}`);
        const list = openKernelNames(writeNames(names.map((name) => `struct ${name} {\n};\n`).join("")));
        missing.push(...names.filter((name) => !list.haveType("struct", name)).map((name) => `${name} of ${count}`));
      }
    }
    expect(missing).toEqual([]);
  });

  it("finds nothing in an empty list", () => {
    expect(openKernelNames(writeNames("")).haveType("struct", "s")).toBe(false);
  });

  it("looks at the file with the first question", () => {
    const path = writeNames(dump);
    const text = readFileSync(path);
    rmSync(path);
    const late = openKernelNames(path);
    writeFileSync(path, text);
    expect(late.haveType("struct", "sock")).toBe(true);
    rmSync(path);
    expect(late.haveType("struct", "sock")).toBe(true);
  });
});
