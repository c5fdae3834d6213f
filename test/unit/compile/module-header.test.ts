import { describe, expect, it } from "vitest";
import { openKernelNames } from "../../../runtime/compile/kernel-names.ts";
import { renderModuleHeader } from "../../../runtime/compile/module-header.ts";
import { writeNames } from "../../support/kernel-names.ts";

const kernel = openKernelNames(
  writeNames(
    "struct list_head {\n\tstruct list_head *next;\n};\n\ntypedef unsigned int u32;\n\nenum {\n\tKNOWN = 1,\n};\n\ntypedef struct {\n\tint counter;\n} atomic_t;\n",
  ),
);
const dump = `#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)

struct list_head;

struct list_head {
	struct list_head *next;
};

typedef unsigned int u32;

enum {
	KNOWN = 1,
};

typedef struct {
	int counter;
} atomic_t;

struct odd;

struct odd_ops {
	struct odd *(*open)(struct list_head *);
	union {
		u32 flags;
		struct {
			u32 a: 1;
		};
	};
} __attribute__((packed));

typedef int (*odd_fn)(struct odd *);

enum odd_state {
	ODD_OPEN = 0,
};

#pragma clang attribute pop

#endif
`;

describe("renderModuleHeader", () => {
  it("keeps what the kernel does not declare, with relocations", () => {
    expect(
      renderModuleHeader(dump, kernel),
    ).toBe(`#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct odd;
struct odd_ops {
	struct odd *(*open)(struct list_head *);
	union {
		u32 flags;
		struct {
			u32 a: 1;
		};
	};
} __attribute__((packed));
typedef int (*odd_fn)(struct odd *);
enum odd_state {
	ODD_OPEN = 0,
};
#pragma clang attribute pop
`);
  });

  it("keeps nothing twice when a header of another module has it", () => {
    const first = openKernelNames(writeNames(renderModuleHeader(dump, kernel)));
    const both = {
      ...first,
      haveType: (...asked: Parameters<typeof first.haveType>) => first.haveType(...asked) || kernel.haveType(...asked),
      findEnumValue: (name: string) => first.findEnumValue(name) ?? kernel.findEnumValue(name),
    };
    expect(renderModuleHeader(dump, both)).not.toMatch(/odd_ops|odd_fn|odd_state/);
  });
});
