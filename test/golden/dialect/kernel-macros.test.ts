import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { openFileScope } from "../../../runtime/script/file-scope.ts";
import { buildUnit, renderUnit } from "../../../runtime/session/build/build-unit.ts";
import { clangs, openTools } from "../../support/build-text.ts";

const folder = mkdtempSync(join(tmpdir(), "bpfts-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const headers = fileURLToPath(new URL("../../../bpf-headers/", import.meta.url));

/** Names and values of a table, the version of its headers first. */
function parseTable(text: string): { version: number; rows: Map<string, string> } {
  const [first = "", ...lines] = text.trimEnd().split("\n");
  const [, major, minor] = /Linux (\d+)\.(\d+):/.exec(first)!;
  return {
    version: Number(major) * 1000 + Number(minor),
    rows: new Map(lines.map((line) => line.split(" ", 2) as [string, string])),
  };
}

describe("kernel-macros.txt", () => {
  // Headers only grow: those of an older kernel have less, and nothing else.
  it("is what its generator makes of the headers that are installed", { timeout: 120_000 }, () => {
    const { stdout, status } = spawnSync(process.execPath, [join(headers, "generate-macros.mjs"), "--print"], {
      encoding: "utf8",
      env: { ...process.env, BPFTS_CLANG: clangs[0]!.clang },
    });
    expect(status).toBe(0);
    const made = parseTable(stdout);
    const kept = parseTable(readFileSync(join(headers, "kernel-macros.txt"), "utf8"));
    expect(made.rows.size).toBeGreaterThan(8000);
    const [less, more] = made.version <= kept.version ? [made.rows, kept.rows] : [kept.rows, made.rows];
    // What counts a header's own entries grows with them, and what an older one has not may be another architecture's alone.
    const others = [...less].filter(
      ([name, value]) => more.get(name) !== value && !/MAX|LAST|SIZE|MASK|ALL|NR_/.test(name),
    );
    // A stable release of the same kernel may bring a few new ones, and changes none.
    const isSame = made.version === kept.version;
    const changed = others.filter(([name]) => more.has(name));
    if (isSame) expect(changed).toEqual([]);
    expect(others.length).toBeLessThan(isSame ? 20 : less.size / 50);
    if (isSame) expect(more.size - less.size).toBeLessThan(20);
  });
});

describe.each(clangs)("the kernel's words, by clang $version", ({ clang }) => {
  const builder = openTools(clang);
  const tools = { ...builder, files: openFileScope(undefined, { include: [folder], read: [] }) };
  const render = (text: string): string => renderUnit({ text, name: "<text>", folder }, [], tools);
  const program = (body: string): string => `int kprobe__f(struct pt_regs *ctx) {\n  ${body}\n}\n`;

  it("are constants where C wants them", () => {
    render(`
#if IS_ENABLED(CONFIG_NET) != 1 || !IS_BUILTIN(CONFIG_BPF_SYSCALL) || IS_MODULE(CONFIG_BPF_SYSCALL)
#error "they are in every kernel that runs this"
#endif
#if IS_ENABLED(CONFIG_NO_SUCH_OPTION)
#error "there is none"
#endif
static int by_log[ilog2(4096)];
_Static_assert(sizeof(by_log) == 48 && ilog2(1) == 0 && ilog2(1023) == 9 && ilog2(1ULL << 63) == 63 && order_base_2(5) == 3, "logarithms");
_Static_assert(GENMASK(7, 4) == 0xf0 && GENMASK_ULL(63, 0) == ~0ULL && GENMASK(0, 0) == 1 && FIELD_GET(0xf0, 0xab) == 0xa && FIELD_PREP(0xf0, 0xa) == 0xa0, "bits");
_Static_assert(ALIGN(5, 8) == 8 && ALIGN(8, 8) == 8 && ALIGN_DOWN(13, 4) == 12 && roundup(7, 5) == 10 && rounddown(7, 5) == 5 && IS_ALIGNED(16, 8) && DIV_ROUND_UP(9, 4) == 3, "rounding");
_Static_assert(INT_MAX == 2147483647 && INT_MIN == -INT_MAX - 1 && UINT_MAX == 4294967295 && LONG_MAX == S64_MAX && U64_MAX == 18446744073709551615ULL && S64_MIN == -S64_MAX - 1 && U8_MAX == 255 && S16_MIN == -32768, "limits");
_Static_assert(PR_SET_NAME == 15 && SECCOMP_RET_KILL_PROCESS == 0x80000000 && STATX_MTIME == 0x40 && MSG_PEEK == 2 && EPOLLIN == 1 && EPOLL_CLOEXEC == 02000000 && CLONE_NEWUSER == 0x10000000, "macros");
_Static_assert(__NR_openat == 257 || __NR_openat == 56, "calls");
_Static_assert(HZ == CONFIG_HZ && USER_HZ == 100, "time");
${program("return 0;")}`);
  });

  it.each([
    [
      "a member behind another",
      "struct e { u64 ECHO, B50; };",
      "struct e e = { .ECHO = 1, .B50 = 2 }; return e.ECHO + e.B50;",
    ],
    ["a variable behind another", "", "int EPERM = 5, ENOENT = 6; return EPERM + ENOENT;"],
    ["an enumerator", "enum mine { ENOENT = 77 };", "return ENOENT;"],
    ["a parameter behind a pointer", "static int f(u64 *ECHO) { return *ECHO; }", "u64 a = 1; return f(&a);"],
    ["a macro", '#define HZ 9\n_Static_assert(HZ == 9, "mine");', "return HZ;"],
  ])("leave %s by a constant's name to the text", (_, before, body) => {
    render(`${before}\n${program(body)}`);
  });

  it("are there for headers of the user's own, in code and in conditions", () => {
    writeFileSync(
      join(folder, "own.h"),
      "#ifndef AF_INET\n#define AF_INET 99\n#endif\n#if EPOLLET == 0\n#error EPOLLET is not known\n#endif\nstatic inline int flags(void) { return O_CREAT | O_EXCL; }\n",
    );
    const text = `#include "own.h"\n_Static_assert(AF_INET == 2, "as with the kernel's headers");\n${program("return flags();")}`;
    expect(render(text)).toContain("#define O_CREAT 0x40");
    expect(buildUnit({ text, name: "<text>", folder }, [], tools).bytes.length).toBeGreaterThan(0);
    writeFileSync(
      join(folder, "own.h"),
      '#ifndef O_PATH\n#error "it is a flag"\n#endif\n#ifdef STATX_MODE\nstatic inline int flags(void) { return 1; }\n#endif\n',
    );
    expect(
      buildUnit({ text: `#include "own.h"\n${program("return flags();")}`, name: "<text>", folder }, [], tools).bytes
        .length,
    ).toBeGreaterThan(0);
  });

  it("give way to a flag of the script's", () => {
    renderUnit(
      { text: `_Static_assert(EPERM == 7, "flag");\n${program("return EPERM;")}`, name: "<text>" },
      ["-DEPERM=7"],
      tools,
    );
  });

  it("load what stands behind kernel pointers", () => {
    const unit = render(
      "int kprobe__f(struct pt_regs *ctx, struct request *rq, struct bio *bio) {\n  return req_op(rq) + bio_op(bio) + rq_data_dir(rq) + bio_data_dir(bio) + blk_rq_bytes(rq) + blk_rq_sectors(rq) + blk_rq_pos(rq) + bio_sectors(bio) + ktime_to_us(rq->start_time_ns);\n}\n",
    );
    expect(unit).not.toMatch(/[^(]\((?:rq|bio)\)->/);
    expect(unit).toMatch(/bpfts_read_\w+\(\(rq\)->__data_len\)/);
  });
});
