import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { openUserSpace } from "../../runtime/kernel/user/user-space.ts";
import type { UserSpace } from "../../runtime/kernel/user/user-space.ts";
import { countFds } from "../support/live-object.ts";
import { buildProgram, runTool, startProgram } from "../support/own-program.ts";
import type { OwnProgram } from "../support/own-program.ts";
import { makeFolder } from "../support/run-cli.ts";

const folder = makeFolder();
const file = (name: string): string => join(folder, name);
let space: UserSpace;

beforeAll(() => {
  buildProgram("places.c", file("pie"), "-fPIE", "-pie", "-Wl,--build-id");
  space = openUserSpace(openAddon());
});
afterAll(() => space.close());

/** `name+offset module`, as tests compare it. */
function name(address: bigint, pid: number, demangle = true, at = space): string | undefined {
  const found = at.symbols.find(address, pid, demangle);
  return found === undefined ? undefined : `${found.name}+${found.offset} ${basename(found.module)}`;
}

const own = ["add_up", "inner", "middle", "outer", "main"];

/** Names every function of the program at its first byte and three bytes in. */
function nameAll({ addresses, pid }: OwnProgram, at = space): (string | undefined)[] {
  return own.flatMap((symbol) => [
    name(addresses[symbol]!, pid, true, at),
    name(addresses[symbol]! + 3n, pid, true, at),
  ]);
}

const nameAllAs = (module: string): string[] =>
  own.flatMap((symbol) => [`${symbol}+0 ${module}`, `${symbol}+3 ${module}`]);

async function withProgram<T>(start: Promise<OwnProgram>, use: (program: OwnProgram) => T | Promise<T>): Promise<T> {
  const program = await start;
  try {
    return await use(program);
  } finally {
    await program.end();
  }
}

describe("symbols of binaries", () => {
  it("names functions of a position-independent program, static ones too", async () => {
    expect(await withProgram(startProgram(file("pie")), nameAll)).toEqual(nameAllAs("pie"));
  });

  it.each([
    ["a program at a fixed address", ["-no-pie", "-fno-pie"]],
    ["a program without shared libraries", ["-static-pie", "-fPIE"]],
    ["a program whose segments do not start at a page of the file", ["-Wl,-z,noseparate-code"]],
    ["a program linked with big pages", ["-Wl,-z,max-page-size=0x200000"]],
  ])("names functions of %s", async (_, flags) => {
    buildProgram("places.c", file("flags"), ...flags);
    expect(await withProgram(startProgram(file("flags")), nameAll)).toEqual(nameAllAs("flags"));
  });

  it("names functions of a library that the program was linked with", async () => {
    buildProgram("library.c", file("libown.so"), "-shared", "-fPIC");
    buildProgram("places.c", file("linked"), "-Wl,--no-as-needed", "-L", folder, "-lown", `-Wl,-rpath,${folder}`);
    await withProgram(startProgram(file("linked")), ({ addresses, pid }) => {
      expect(name(addresses["in_library"]! + 4n, pid)).toBe("in_library+4 libown.so");
      expect(name(addresses["outer"]!, pid)).toBe("outer+0 linked");
    });
  });

  it("names functions of a library that is loaded after the process was first seen", async () => {
    buildProgram("library.c", file("liblate.so"), "-shared", "-fPIC");
    await withProgram(startProgram(file("pie"), [file("liblate.so")]), async ({ addresses, pid, turn }) => {
      expect(name(addresses["outer"]!, pid)).toBe("outer+0 pie");
      const loaded = BigInt((await turn())[0]!);
      expect(name(loaded + 2n, pid)).toBe("in_library+2 liblate.so");
    });
  });

  it("names functions of a library that was built anew and loaded again by what it is now, though its file's number and its place are the same", async () => {
    const [before, now] = ["in_library_hidden", "in_library_renamed"].map((hidden) =>
      readFileSync(
        buildProgram("library.c", file(`${hidden}.so`), "-shared", "-fPIC", `-Din_library_hidden=${hidden}`),
      ),
    );
    const [hidden, shown] = [" in_library_hidden", " in_library"].map((end) =>
      parseInt(
        runTool("nm", file("in_library_hidden.so"))
          .split("\n")
          .find((line) => line.endsWith(end))!,
        16,
      ),
    );
    writeFileSync(file("again.so"), before!);
    await withProgram(startProgram(file("pie"), [file("again.so"), "again"]), async ({ pid, turn }) => {
      const nameHidden = async (): Promise<string | undefined> =>
        name(BigInt((await turn())[0]!) - BigInt(shown! - hidden!), pid);
      expect(await nameHidden()).toBe("in_library_hidden+0 again.so");
      await turn();
      writeFileSync(file("again.so"), now!);
      // Longer than what is known of a process is taken for fresh.
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(await nameHidden()).toBe("in_library_renamed+0 again.so");
    });
  });

  it("names nothing between functions, and what has no size up to the next one", async () => {
    await withProgram(startProgram(file("pie")), ({ addresses, pid }) => {
      const sized = addresses["sized_asm"]!;
      expect(name(sized + 7n, pid)).toBe("sized_asm+7 pie");
      expect(name(sized + 8n, pid)).toBe("[unknown]+0 pie");
      expect(name(sized + 31n, pid)).toBe("[unknown]+0 pie");
      expect(name(addresses["unsized_asm"]! + 7n, pid)).toBe("unsized_asm+7 pie");
      expect(name(addresses["next_asm"]!, pid)).toBe("next_asm+0 pie");
      expect(name(addresses["next_asm"]! + 1n, pid)).toBe("[unknown]+0 pie");
    });
  });

  it("of two names for one address takes the one that people know", async () => {
    await withProgram(startProgram(file("pie")), ({ addresses, pid }) =>
      expect(name(addresses["known_name"]!, pid)).toBe("known_name+0 pie"),
    );
  });

  it("names nothing where no code is mapped, nor in a process that never was", async () => {
    await withProgram(startProgram(file("pie")), ({ pid }) => {
      expect(name(16n, pid)).toBeUndefined();
      expect(name(0xffff800000000000n, pid)).toBeUndefined();
    });
    expect(name(0x400000n, 2 ** 22 + 1)).toBeUndefined();
  });
});

describe("stripped binaries", () => {
  /** Takes the symbols out of a copy and puts them into a file of their own. */
  function splitProgram(output: string, debug: string, ...objcopy: readonly string[]): void {
    runTool("objcopy", "--only-keep-debug", file("pie"), debug);
    runTool("objcopy", "--strip-all", ...objcopy, file("pie"), output);
  }

  it("are named by the file of their .gnu_debuglink", async () => {
    splitProgram(file("split"), file("split.debug"), `--add-gnu-debuglink=${file("pie")}`);
    runTool("objcopy", "--only-keep-debug", file("pie"), file("linked.debug"));
    splitProgram(file("split"), file("other.debug"), `--add-gnu-debuglink=${file("linked.debug")}`);
    expect(await withProgram(startProgram(file("split")), nameAll)).toEqual(nameAllAs("split"));
  });

  it("are named by it when a symbolic link elsewhere led to them first", async () => {
    runTool("objcopy", "--only-keep-debug", file("pie"), file("behind.debug"));
    runTool("objcopy", "--strip-all", `--add-gnu-debuglink=${file("behind.debug")}`, file("pie"), file("behind"));
    mkdirSync(file("links"));
    symlinkSync("../behind", file("links/behind"));
    const fresh = openUserSpace(openAddon());
    expect(
      fresh.binaries.find(file("links/behind"), file("links/behind"), [""])?.symbols.findByName("inner"),
    ).toBeDefined();
    expect(await withProgram(startProgram(file("behind")), (program) => nameAll(program, fresh))).toEqual(
      nameAllAs("behind"),
    );
    fresh.close();
  });

  it("are named by it without build ids, by its checksum", async () => {
    buildProgram("places.c", file("noid"), "-Wl,--build-id=none");
    runTool("objcopy", "--only-keep-debug", file("noid"), file("noid.debug"));
    runTool("objcopy", "--strip-all", `--add-gnu-debuglink=${file("noid.debug")}`, file("noid"), file("noid-split"));
    expect(await withProgram(startProgram(file("noid-split")), nameAll)).toEqual(nameAllAs("noid-split"));
    // Another build's file under that name says nothing about this one.
    writeFileSync(file("noid.debug"), Buffer.concat([readFileSync(file("noid.debug")), Buffer.from("x")]));
    const fresh = openUserSpace(openAddon());
    const names = await withProgram(startProgram(file("noid-split")), (program) => nameAll(program, fresh));
    fresh.close();
    expect(new Set(names)).toEqual(new Set(["[unknown]+0 noid-split"]));
  });

  it("are not named by the file of another build", async () => {
    buildProgram("places.c", file("changed"), "-DOTHER", "-O2", "-Wl,--build-id");
    runTool("objcopy", "--only-keep-debug", file("changed"), file("wrong.debug"));
    runTool("objcopy", "--strip-all", `--add-gnu-debuglink=${file("wrong.debug")}`, file("pie"), file("misled"));
    const names = await withProgram(startProgram(file("misled")), nameAll);
    expect(new Set(names)).toEqual(new Set(["[unknown]+0 misled"]));
  });

  it("are named by the symbols that are packed into them", async () => {
    runTool("objcopy", "--only-keep-debug", file("pie"), file("mini"));
    runTool("objcopy", "--strip-debug", file("mini"));
    runTool("xz", "--force", file("mini"));
    runTool("objcopy", "--strip-all", `--add-section=.gnu_debugdata=${file("mini.xz")}`, file("pie"), file("packed"));
    expect(await withProgram(startProgram(file("packed")), nameAll)).toEqual(nameAllAs("packed"));
    // What cannot be unpacked says nothing, and does no harm.
    const whole = readFileSync(file("mini.xz"));
    for (const [index, bytes] of [
      whole.subarray(0, whole.length / 2),
      Buffer.concat([whole.subarray(0, 100), Buffer.from("x"), whole.subarray(101)]),
      Buffer.from("no xz at all"),
    ].entries()) {
      writeFileSync(file("damaged.xz"), bytes);
      runTool(
        "objcopy",
        "--strip-all",
        `--add-section=.gnu_debugdata=${file("damaged.xz")}`,
        file("pie"),
        file(`damaged-${index}`),
      );
      const names = await withProgram(startProgram(file(`damaged-${index}`)), nameAll);
      expect(new Set(names)).toEqual(new Set([`[unknown]+0 damaged-${index}`]));
    }
  });

  it("have the names of their exported functions, and no others, without such a file", async () => {
    runTool("objcopy", "--strip-all", file("pie"), file("bare"));
    const names = await withProgram(startProgram(file("bare")), nameAll);
    expect(new Set(names)).toEqual(new Set(["[unknown]+0 bare"]));
    buildProgram("library.c", file("libbare.so"), "-shared", "-fPIC", "-s");
    await withProgram(startProgram(file("pie"), [file("libbare.so")]), async ({ pid, turn }) => {
      const loaded = BigInt((await turn())[0]!);
      expect(name(loaded + 2n, pid)).toBe("in_library+2 libbare.so");
      // The static function before it: no name is better than its neighbour's.
      expect(name(loaded - 4n, pid)).toBe("[unknown]+0 libbare.so");
    });
  });
});

describe("files that are not where they were", () => {
  it("are named after the binary was deleted", async () => {
    copyFileSync(file("pie"), file("gone"));
    await withProgram(startProgram(file("gone")), (program) => {
      rmSync(file("gone"));
      expect(nameAll(program)).toEqual(nameAllAs("gone"));
    });
  });

  it("are named by what runs, not by what lies there now", async () => {
    copyFileSync(file("pie"), file("updated"));
    buildProgram("library.c", file("libnew.so"), "-shared", "-fPIC");
    await withProgram(startProgram(file("updated")), (program) => {
      renameSync(file("libnew.so"), file("updated"));
      expect(nameAll(program)).toEqual(nameAllAs("updated"));
    });
  });

  it("are found in a mount namespace of the process's own, debug files by build id too", async () => {
    const id = openAddon().elfDescribe(file("pie"));
    if (typeof id === "number") throw new Error(`elfDescribe: ${id}`);
    expect(id.buildId).toMatch(/^[0-9a-f]{40}$/);
    runTool("objcopy", "--only-keep-debug", file("pie"), file("by-id.debug"));
    runTool("objcopy", "--strip-all", file("pie"), file("by-id"));
    const store = `/mnt/usr/lib/debug/.build-id/${id.buildId.slice(0, 2)}`;
    // A tree of its own: what the process sees as / lies in a file system that nobody else has.
    const script = `
      set -e
      mount -t tmpfs none /mnt
      mkdir -p /mnt/app /mnt/lib /mnt/lib64 /mnt/usr /mnt/proc ${store}
      cp ${file("by-id")} /mnt/app/hidden
      cp ${file("by-id.debug")} ${store}/${id.buildId.slice(2)}.debug
      mount --bind /lib /mnt/lib
      test -d /lib64 && mount --bind /lib64 /mnt/lib64
      exec chroot /mnt /app/hidden`;
    await withProgram(startProgram("unshare", ["-m", "sh", "-c", script]), (program) => {
      expect(nameAll(program)).toEqual(nameAllAs("hidden"));
      expect(space.symbols.find(program.addresses["outer"]!, program.pid, true)?.module).toBe("/app/hidden");
    });
  });
});

describe("processes", () => {
  it("are remembered: one that has ended is named by what it had mapped", async () => {
    copyFileSync(file("pie"), file("short-lived"));
    const program = await startProgram(file("short-lived"));
    space.symbols.notice(program.pid);
    await program.end();
    rmSync(file("short-lived"));
    expect(nameAll(program)).toEqual(nameAllAs("short-lived"));
  });

  it("that run another program now are named by it", async () => {
    // exec keeps the pid: the shell is seen first.
    const program = startProgram("sh", ["-c", `echo pid $$; echo ready; read line; exec ${file("pie")}`]);
    await withProgram(program, async ({ pid, turn }) => {
      space.symbols.notice(pid);
      const rows = (await turn(1)).concat(await turn(12));
      const outer = rows.find((row) => row.startsWith("outer "));
      expect(name(BigInt(outer!.split(" ")[1]!), pid)).toBe("outer+0 pie");
    });
  });

  it.each([0, 6000])(
    "tell whether the kernel had room for what a process mapped: %d pieces of code",
    async (pieces) => {
      const warnings: string[] = [];
      const fresh = openUserSpace(openAddon(), {
        warn: (message) => void warnings.push(message),
        info: () => undefined,
      });
      const code = `import ctypes, os, sys
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
sys.stdin.readline()
file = os.open("${file("pie")}", os.O_RDONLY)
for turn in range(${pieces}): libc.munmap(ctypes.c_void_p(libc.mmap(None, 4096, 5, 2, file, 0)), 4096)`;
      const child = spawn("/usr/bin/python3", ["-c", code]);
      fresh.symbols.follow(child.pid!);
      const ended = once(child, "close");
      child.stdin.end("\n");
      expect((await ended)[0]).toBe(0);
      fresh.close();
      const [, lost] = /^The kernel lost (\d+) records of code/.exec(warnings.join("\n")) ?? [];
      if (pieces === 0) expect(warnings).toEqual([]);
      else expect(Number(lost)).toBeGreaterThan(pieces / 4);
    },
  );

  it("leave no file open behind", async () => {
    const before = countFds();
    const fresh = openUserSpace(openAddon());
    await withProgram(startProgram(file("pie")), (program) => {
      fresh.symbols.notice(program.pid);
      expect(nameAll(program, fresh)).toEqual(nameAllAs("pie"));
    });
    fresh.close();
    expect(countFds()).toBe(before);
  });

  it("have the kernel's own page named", async () => {
    await withProgram(startProgram(file("pie")), async ({ pid }) => {
      const row = /^([0-9a-f]+)-([0-9a-f]+) .*\[vdso\]$/m.exec(readFileSync(`/proc/${pid}/maps`, "utf8"))!;
      const [start, end] = [parseInt(row[1]!, 16), parseInt(row[2]!, 16)];
      const memory = await open(`/proc/${pid}/mem`, "r");
      const image = Buffer.alloc(end - start);
      await memory.read(image, 0, image.length, start);
      await memory.close();
      writeFileSync(file("vdso.so"), image);
      const symbols = runTool("nm", "-D", "--defined-only", file("vdso.so"))
        .trim()
        .split("\n")
        .map((line) => line.split(" "));
      const [offset, , symbol] = symbols.find(
        ([, , text]) =>
          text!.startsWith("__vdso_getcpu") ||
          text!.startsWith("__kernel_getrandom") ||
          text!.startsWith("__kernel_rt_sigreturn"),
      )!;
      // Several names may stand for one address.
      const aliases = symbols.filter(([place]) => place === offset).map(([, , text]) => text!.replace(/@.*$/, ""));
      const found = space.symbols.find(BigInt(start) + BigInt(`0x${offset}`) + 1n, pid, true)!;
      expect(aliases).toContain(found.name);
      expect(symbol).toBeDefined();
      expect(found).toMatchObject({ offset: 1, module: "[vdso]" });
    });
  });
});

describe("names that compilers changed", () => {
  it("are C++ as it was written, or as the binary has it", async () => {
    buildProgram("names.cc", file("names"));
    await withProgram(startProgram(file("names")), ({ addresses, pid }) => {
      expect(name(addresses["Add"]!, pid)).toBe("shop::Basket::Add(int, char const*)+0 names");
      expect(name(addresses["Add"]!, pid, false)).toBe("_ZN4shop6Basket3AddEiPKc+0 names");
      expect(name(addresses["Count"]! + 1n, pid)).toBe("long shop::Basket::Count<long>(long)+1 names");
    });
  });

  it("are Rust, old and new", async () => {
    await withProgram(startProgram(file("pie")), ({ addresses, pid }) =>
      expect(name(addresses["rust_name"]!, pid)).toBe("foo::example_function+0 pie"),
    );
    expect(openAddon().demangle("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE")).toBe("core::fmt::Formatter::pad");
  });

  it.each(["main", "_Z", "_Znot_a_name", "_R", "Z3foov", "__libc_start_main", ""])(
    "are left alone where they are none: %j",
    (plain) => {
      expect(openAddon().demangle(plain)).toBe(plain);
    },
  );
});

describe("code that Node compiled", () => {
  it("is named by the list that --perf-basic-prof writes", async () => {
    const script = `
      function reckonForLong(n) { let sum = 0; for (let i = 0; i < n; i++) sum = (sum * 31 + i) | 0; return sum; }
      for (let i = 0; i < 300; i++) reckonForLong(20000);
      console.log("pid " + process.pid);
      console.log("ready");
      process.stdin.on("data", () => console.log(reckonForLong(1000)));`;
    const list = (pid: number): string => `/tmp/perf-${pid}.map`;
    const program = await startProgram(process.execPath, ["--perf-basic-prof", "-e", script]);
    try {
      const rows = readFileSync(list(program.pid), "utf8")
        .split("\n")
        .flatMap((line) => /^([0-9a-f]+) ([0-9a-f]+) (\w+:\*reckonForLong.*)$/.exec(line)?.slice(1) ?? []);
      expect(rows.length).toBeGreaterThan(0);
      const [start, size, written] = rows as [string, string, string];
      // V8 says what kind of function it is and how well it is optimised; people want its name.
      expect(written).toMatch(/^\w+:\*reckonForLong /);
      const found = space.symbols.find(BigInt(`0x${start}`) + BigInt(`0x${size}`) - 1n, program.pid, true);
      expect(found).toEqual({
        name: written.replace(/^\w+:\*/, ""),
        offset: parseInt(size, 16) - 1,
        module: list(program.pid),
      });
      // A thread's number is often at hand, and the list has the process's.
      const thread = Number(readdirSync(`/proc/${program.pid}/task`).at(-1));
      expect(thread).not.toBe(program.pid);
      expect(space.symbols.find(BigInt(`0x${start}`), thread, true)).toMatchObject({
        name: written.replace(/^\w+:\*/, ""),
        offset: 0,
      });
      // Node's own functions come from its binary.
      expect(
        name(
          BigInt(
            `0x${/^([0-9a-f]+)-.* r-xp .*\/node$/m.exec(readFileSync(`/proc/${program.pid}/maps`, "utf8"))![1]!}`,
          ) + 0x100000n,
          program.pid,
        ),
      ).toMatch(/ node$/);
    } finally {
      await program.end();
      rmSync(list(program.pid), { force: true });
    }
  });

  it("is not named by a list that was written before the process was started", async () => {
    const program = await startProgram(process.execPath, [
      "-e",
      `for (let i = 0; i < 1e6; i++) Math.hypot(i, i); console.log("ready"); setInterval(() => {}, 1000);`,
    ]);
    const list = `/tmp/perf-${program.pid}.map`;
    try {
      const start = parseInt(
        /^([0-9a-f]+)-[0-9a-f]+ r.xp \S+ 00:00 0 *$/m.exec(readFileSync(`/proc/${program.pid}/maps`, "utf8"))![1]!,
        16,
      );
      writeFileSync(list, `${start.toString(16)} 40 another\n`);
      utimesSync(list, new Date(), new Date(Date.now() - 60_000));
      expect(name(BigInt(start), program.pid)).toBeUndefined();
      utimesSync(list, new Date(), new Date());
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(name(BigInt(start), program.pid)).toBe(`another+0 perf-${program.pid}.map`);
    } finally {
      await program.end();
      rmSync(list, { force: true });
    }
  });

  it("is found where a process in a pid and mount namespace of its own writes it, under the pid that it has there", async () => {
    const script = `
      function reckonInside(n) { let sum = 0; for (let i = 0; i < n; i++) sum = (sum * 31 + i) | 0; return sum; }
      for (let i = 0; i < 300; i++) reckonInside(20000);
      const { readFileSync } = require("node:fs");
      console.log("row 0x" + readFileSync("/tmp/perf-" + process.pid + ".map", "utf8").split("\\n").find((line) => /:\\*reckonInside/.test(line)).split(" ")[0]);
      console.log("inner 0x" + process.pid.toString(16));
      console.log("ready");
      process.stdin.on("data", () => console.log("turn"));`;
    const inside = `mount -t tmpfs none /tmp; exec ${process.execPath} --perf-basic-prof -e "$SCRIPT"`;
    const program = await startProgram("unshare", ["-m", "-p", "-f", "--kill-child", "sh", "-c", inside], {
      SCRIPT: script,
    });
    try {
      const pid = Number(readFileSync(`/proc/${program.pid}/task/${program.pid}/children`, "utf8").trim());
      expect(program.addresses["inner"]).toBe(1n);
      const found = space.symbols.find(program.addresses["row"]!, pid, true);
      expect(found).toMatchObject({
        name: expect.stringMatching(/^reckonInside /) as string,
        offset: 0,
        module: "/tmp/perf-1.map",
      });
    } finally {
      await program.end();
    }
  });
});
