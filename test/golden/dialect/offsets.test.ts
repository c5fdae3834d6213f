import { beforeAll, describe, expect, it } from "vitest";
import { runClang } from "../../../runtime/compile/clang.ts";
import type { Builder } from "../../../runtime/session/build/open-builder.ts";
import { buildText, clangs, openTools } from "../../support/build-text.ts";

/** Everywhere that C wants a constant. */
const constant = `
struct own_t { u32 a; u64 b; };
typedef struct own_t own;
#define AT offsetof(struct sock_common, skc_state)
#define BEHIND(type, member) (offsetof(type, member) + 1)
enum place { FIRST = offsetof(struct task_struct, pid), OWN = offsetof(own, b) };
struct holder { char before[offsetof(struct own_t, b)]; u32 bits : offsetof(own, b); };
static u64 table[offsetof(own, b)];
u64 start = offsetof(struct task_struct, comm);
BPF_ARRAY(slots, u64, offsetof(own, b));
_Static_assert(offsetof(struct own_t, b) == 8 && sizeof(struct holder) == 12, "own");
int f(void *ctx) {
	int k = bpf_get_prandom_u32();
	enum { INNER = offsetof(own, b) };
	static const u64 kept = offsetof(own, b);
	char small[offsetof(own, b)], more[2][offsetof(own, b)];
	_Static_assert(sizeof(small) == 8 && sizeof(more) == 16 && INNER == 8, "inner");
	__builtin_memset(small, 0, sizeof(small));
	__builtin_memset(more, 0, sizeof(more));
	switch (k) {
	case offsetof(struct own_t, b): return small[0] + more[1][0] + kept + start + table[0];
	case AT: return 1;
	case BEHIND(own, b): return 2;
	case FIRST ... offsetof(struct task_struct, pid) + 3: return 3;
	}
	return 0;
}
`;

/** Values: those of the kernel's structs follow the kernel that the object runs on. */
const relocated = `
struct own_t { u32 a; u64 b; };
#define FROM(type, member) offsetof(type, member)
int f(void *ctx) {
	char *bytes = (char *)bpf_ktime_get_ns();
	char small[16] = {};
	u64 own = offsetof(struct own_t, b);
	struct work_struct *work = (struct work_struct *)bytes;
	struct delayed_work *delayed = container_of(work, struct delayed_work, work);
	return small[offsetof(struct vfsmount, mnt_flags) & 15] + offsetof(struct task_struct, pid) + FROM(struct sock_common, skc_state) + own + ((u64)delayed & 1);
}
`;

describe.each(clangs.map(({ clang, version }) => ({ clang, version })))(
  "offsetof under clang $version",
  ({ clang }) => {
    let tools: Builder;
    beforeAll(() => {
      tools = openTools(clang);
    });

    const countRelocations = (text: string): number => {
      const { unit } = buildText(text, tools);
      const { stdout, ok, stderr } = runClang(
        tools.toolchain,
        [...tools.prelude.flags, "-Wno-everything", "-S", "-x", "c", "-", "-o", "-"],
        unit.text,
        { readable: tools.prelude.folders },
      );
      expect(ok, stderr).toBe(true);
      const counts = [
        ...stdout.toString("utf8").matchAll(/# Field reloc section string offset=\d+\n\s*\.long\s+(\d+)/g),
      ].map((match) => Number(match[1]));
      return counts.reduce((sum, count) => sum + count, 0);
    };

    it("is a constant where C wants one", () => {
      expect(countRelocations(constant)).toBe(0);
    });

    it("is relocated where a value will do", () => {
      expect(countRelocations(relocated)).toBe(4);
    });

    it("is the text's own where it has one", () => {
      const text =
        "#undef offsetof\n#define offsetof(type, member) (sizeof(type) * 0 + 7)\nint f(void *ctx) { char a[offsetof(int, x)]; return sizeof(a); }\n";
      expect(buildText(text, tools).unit.parts.body).not.toContain("__builtin_offsetof");
    });
  },
);
