import { describe, expect, it } from "vitest";
import { openKernelNames, renderKernelNames } from "../../../runtime/compile/kernel-names.ts";

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
  const names = openKernelNames(() => renderKernelNames(dump));

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
    expect(["TCP_CLOSE", "TCP_CLOSE_WAIT", "TCP_MINUS", "TCP_CLOS", "TCP"].map((name) => names.findEnumValue(name))).toEqual([7n, 8n, -1n, undefined, undefined]);
  });

  it("knows bit-fields by the named struct around them", () => {
    expect([names.isBitField("struct sock_common", "skc_reuse"), names.isBitField("struct sock_common", "inner"), names.isBitField("struct sock_common", "skc_family"), names.isBitField("struct sock", "skc_reuse")]).toEqual([true, true, false, false]);
  });

  it("finds every line of a long list, and nothing in an empty one", () => {
    const many = Array.from({ length: 500 }, (_, i) => `struct s${i} {\n};\n`).join("");
    const long = openKernelNames(() => renderKernelNames(many));
    for (let i = 0; i < 500; i++) expect(long.haveType("struct", `s${i}`)).toBe(true);
    expect(long.haveType("struct", "s500")).toBe(false);
    expect(openKernelNames(() => renderKernelNames("")).haveType("struct", "s")).toBe(false);
  });

  it("reads nothing before the first question", () => {
    let reads = 0;
    const lazy = openKernelNames(() => (reads++, renderKernelNames(dump)));
    expect(reads).toBe(0);
    lazy.haveType("struct", "sock");
    lazy.haveType("struct", "sock");
    expect(reads).toBe(1);
  });
});
