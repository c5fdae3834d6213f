import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { needFeature } from "../support/need-feature.ts";
import { buildProgram } from "../support/own-program.ts";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const program = buildProgram("values.c", join(folder, "values"));

/** What a one-liner prints about `values.c`, a line each. */
async function trace(text: string, ...options: readonly string[]): Promise<string[]> {
  const result = await runCli(["-e", text, "-c", program, ...options]);
  expect({ status: result.status, stderr: result.stderr }).toEqual({
    status: 0,
    stderr: expect.stringMatching(/^Attached \d probes?\.\n$/) as string,
  });
  return result.stdout.trimEnd().split("\n");
}

describe("tables hold the numbers that they are given", () => {
  const give = `uprobe:${program}:give`;

  it("keeps the sign of what was set", async () => {
    const text = `${give} { kept.set(tid, (int)arg1); }
      uretprobe:${program}:give { sum(kept.get(tid)); min(kept.get(tid)); lhist(kept.get(tid), -10, 10, 5); count(kept.take(tid)); }`;
    expect(await trace(text)).toEqual([
      ...["sum: 1", "", "min: -1", ""],
      "lhist:",
      "     value               : count     distribution",
      `        -5 -> -1         : 1        |${"*".repeat(40)}|`,
      `         0 -> 4          : 1        |${"*".repeat(40)}|`,
      ...["", "count:", "-1  1", "2   1"],
    ]);
  });

  it("has room for the widest value, through other tables too", async () => {
    const text = `${give} { x.set(1, (u8)1); x.set(1, 1000); y.set(1, z.get(1)); z.set(1, x.get(1) + 70000); print("%d\\n", x.get(1)); }`;
    expect(await trace(text)).toEqual(["1000", "1000", "x:", "1  1000", "", "y:", "1  71000", "", "z:", "1  71000"]);
  });

  it("takes 0 for a time as well as nsecs", async () => {
    const text = `${give} { x.set(1, 0); x.set(1, nsecs); print("%d\\n", x.get(1) <= nsecs && nsecs - x.get(1) < 1000000000); }`;
    expect((await trace(text)).slice(0, 2)).toEqual(["1", "1"]);
  });

  it("tells -1 and 4294967295 apart", async () => {
    const text = `${give} { k.count((u32)arg1); k.count((int)arg1); max((u32)arg1); max((int)arg1); }`;
    expect(await trace(text)).toEqual(["k:", "-1          1", "4294967295  1", "2           2", "", "max: 4294967295"]);
  });

  it("counts enumerators by their numbers", async () => {
    const text = `enum sign { LESS = -1, MORE = 2 }; enum wide { WIDE = 0x100000005ULL };
      ${give} { enum sign x = LESS; enum wide w = WIDE; count(x); wide.count(w); print("%d %llu\\n", x, w); }`;
    const line = "-1 4294967301";
    expect(await trace(text)).toEqual([line, line, "count:", "-1  2", "", "wide:", "4294967301  2"]);
  });
});

describe("arguments of system calls have the sign that C gives them", () => {
  it("in a one-liner", async () => {
    const text = `tracepoint:syscalls:sys_enter_kill if (pid == cpid && args->pid < 0) { print("%d %d\\n", args->pid, args->sig); count(args->pid); }
      tracepoint:syscalls:sys_enter_lseek if (pid == cpid && (int)args->fd == -1) { seeks.count(args->offset, args->fd); seeks_by.hist(args->offset); }`;
    expect(await trace(text)).toEqual([
      ...["-999999 0", "count:", "-999999  1", "", "seeks:", "-5, 4294967295  1", "", "seeks_by:"],
      "     value               : count     distribution",
      `           <  0          : 1        |${"*".repeat(40)}|`,
    ]);
  });

  it("in a script, where the struct keeps its layout", async () => {
    const script = writeScript(
      folder,
      "arguments.ts",
      `import { BPF, command, Interrupt, print, sleep } from "bpfts";
      const b = new BPF({ text: /* c */ \`
        BPF_HASH(found, u32, s64);
        BPF_ARRAY(target, u32, 1);
        TRACEPOINT_PROBE(syscalls, sys_enter_kill) {
          u32 zero = 0, *wanted = target.lookup(&zero);
          if (!wanted || *wanted != bpf_get_current_pid_tgid() >> 32) return 0;
          s64 pid = args->pid, below = args->pid < 0, size = sizeof(*args);
          u32 keys[] = {0, 1, 2};
          found.update(&keys[0], &pid);
          found.update(&keys[1], &below);
          found.update(&keys[2], &size);
          return 0;
        }\` });
      b.tables.target.set(0, command?.root_pid ?? 0);
      try { sleep(60); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
      for (const key of [0, 1, 2]) print(b.tables.found.get(key));`,
    );
    const result = await runCli(["run", "-c", program, script]);
    expect({ stderr: result.stderr, lines: result.stdout.trim().split("\n") }).toEqual({
      stderr: "",
      lines: ["-999999", "1", "32"],
    });
  });
});

describe("values of the kernel's functions have the width and sign of their types", () => {
  // The child cannot have the lock that its parent has: -11 is EAGAIN.
  const locks = writeScript(
    folder,
    "locks.py",
    `import fcntl, os, sys
held = open(sys.argv[0] + ".lock", "w")
fcntl.lockf(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
if os.fork() == 0:
    try: fcntl.lockf(open(sys.argv[0] + ".lock", "w"), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError: os._exit(0)
    os._exit(1)
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))`,
  );

  it("at raw tracepoints", async () => {
    const text =
      "rawtracepoint:posix_lock_inode if (ppid == cpid || pid == cpid) { count(arg3); lower.count(arg3 < 0); }";
    const { status, stdout } = await runCli(["-e", text, "-c", `exec python3 ${locks}`]);
    expect(status).toBe(0);
    expect(stdout.split("\n")).toEqual(expect.arrayContaining(["-11  1", "1  1"]));
  });

  it.for(["kprobe and kretprobe", "fentry and fexit"])("at the kernel's functions by %s", async (kinds, context) => {
    const [entry, exit] = kinds.split(" and ");
    needFeature(context, openAddon(), entry as "kprobe" | "fentry");
    // The first argument is AT_FDCWD, -100, and the result -ENOENT: int, both.
    const text = `${entry}:filename_lookup if (pid == cpid) { from.count(arg1); } ${exit}:filename_lookup if (pid == cpid) { to.count(retval); }`;
    const { stdout } = await runCli(["-e", text, "-c", "exec stat /bpfts/nonexistent"]);
    expect(stdout).toMatch(/^from:\n-100 +\d+\n\nto:\n(?:0 +\d+\n)?-2 +\d+\n(?:0 +\d+\n)?$/);
  });

  it("says what is not there", async () => {
    const refuse = async (text: string): Promise<string> => (await runCli(["-e", text, "-c", "true"])).stderr;
    expect(await refuse("kprobe:vfs_read { count(arg5); }")).toContain(
      '"kprobe:vfs_read" has no "arg5": it has 4 arguments',
    );
    expect(await refuse("kretprobe:schedule { count(retval); }")).toContain('has no "retval": nothing is returned');
    expect(await refuse("kretprobe:vfs_* { count(retval); }")).toContain(
      'warning: The functions of "kretprobe:vfs_*" have values of different types for retval: it is the whole register',
    );
  });
});

it("counts behind labels: cases of a switch, and those of goto", async () => {
  const text = `uprobe:${program}:give { switch ((int)arg1) { case -1: less.count(); break; case 'a' ? 2 : 3: more.count(arg1); goto out; default: ; }
    in.count(); out: all.count(); }`;
  expect(await trace(text)).toEqual(["less: 1", "", "more:", "2  1", "", "in: 1", "", "all: 2"]);
});

describe("texts are read and compared by their characters", () => {
  it("takes no account of what stands behind a text's end", async () => {
    const text = `uprobe:${program}:give { char half[8] = "ab", full[4] = {'w','x','y','z'}; half[5] = (char)arg1;
      count(half, full); s.set(half, 7); k.count(s.get(half)); print("%s|%s\\n", half, full); }`;
    expect(await trace(text)).toEqual([
      "ab|wxyz",
      "ab|wxyz",
      "count:",
      "ab, wxyz  2",
      "",
      "s:",
      "ab  7",
      "",
      "k:",
      "7  2",
    ]);
  });

  const note = "struct note { char tag[8]; int number; };";

  it("reads and compares a text of the process behind a pointer", async () => {
    const text = `${note} uprobe:${program}:take { struct note *found = (void *)arg1;
      print("%s %d %d %d\\n", found->tag, found->number, found->tag == "one", "one" != found->tag); count(found->tag); }`;
    expect(await trace(text)).toEqual(["one -7 1 0", "two 7 0 1", "count:", "one  1", "two  1"]);
  });

  it("reads nothing behind the array that a text is compared with", async () => {
    const text = `struct pair { char both[2], rest[6]; }; uprobe:${program}:take { struct pair *found = (void *)arg1;
      print("%d %d %d\\n", found->both == "on", found->both == "o", "on" != found->both); }`;
    expect(await trace(text)).toEqual(["1 0 0", "0 0 1"]);
    const longer = await runCli(["-e", text.replace('"on"', '"one"'), "-c", program]);
    expect(longer.status).toBe(1);
    expect(longer.stderr).toContain('"found->both" has at most 2 characters, the text that it is compared with has 3');
  });

  it("compares a field of a tracepoint", async () => {
    const text = `tracepoint:sched:sched_process_exit if (pid == cpid && args->comm == "values") { count(); }
      tracepoint:sched:sched_process_exit if (pid == cpid && args->comm != "values") { other.count(); }`;
    expect(await trace(text)).toEqual(["count: 1"]);
  });

  it("leaves variables of the user's own alone", async () => {
    const text = `uprobe:${program}:give { u64 printed = 5, count_of = 3; print("%d\\n", printed); count(count_of, comm); }`;
    expect(await trace(text)).toEqual(["5", "5", "count:", "3, values  2"]);
  });

  it("prints escapes as C does, and a negative character as its byte", async () => {
    const text = `uprobe:${program}:give if ((int)arg1 == -1) { print("C:\\\\a\\\\1 \\x41 \\1" "2 %c|\\n", (signed char)arg1); }`;
    expect(await trace(text)).toEqual(["C:\\a\\1 A \u00012 \u00ff|"]);
  });

  it("warns of a script that compares addresses", async () => {
    const script = writeScript(
      folder,
      "compared.ts",
      `import { BPF } from "bpfts";
      new BPF({ text: /* c */ \`
        TRACEPOINT_PROBE(sched, sched_process_exit) {
          if (args->comm == "values") bpf_trace_printk("x");
          return 0;
        }\` });`,
    );
    const { stderr } = await runCli(["check", script]);
    expect(stderr).toContain("C compares addresses: compare character by character");
  });
});

it("says where a stack ends because the kernel keeps no more of it", async () => {
  const deep = buildProgram("deep.c", join(folder, "deep"));
  const show = async (depth: number): Promise<string[]> => {
    const text = `uprobe:${deep}:bottom { count(ustack); }`;
    const { stdout, stderr } = await runCli(["-e", text, "-c", `exec ${deep} ${depth}`, "--json"]);
    expect(stderr).toBe("Attached 1 probe.\n");
    const [table] = JSON.parse(`[${stdout.trim().split("\n").join()}]`) as { rows: { key: { ustack: string[] } }[] }[];
    return table!.rows[0]!.key.ustack;
  };
  const whole = await show(100);
  // At the entry of a function its caller has no frame yet.
  expect(whole.filter((frame) => frame.startsWith("dive"))).toHaveLength(100);
  expect(whole.at(-1)).not.toContain("cut after");
  const cut = await show(200);
  expect(cut).toHaveLength(128);
  expect(cut.slice(1, -1).every((frame) => frame.startsWith("dive"))).toBe(true);
  expect(cut.at(-1)).toBe("[cut after 127 functions]");
});

it("names the functions of processes that ended before anybody could look at them, children too", async () => {
  const deep = buildProgram("deep.c", join(folder, "shallow"));
  const text = `uprobe:${deep}:bottom { count(ustack); }`;
  const { stdout, stderr } = await runCli(["-e", text, "-c", `${deep} 0; (${deep} 1); exec ${deep} 2`]);
  expect(stderr).toBe("Attached 1 probe.\n");
  expect(stdout).not.toContain("unknown");
  expect(
    stdout
      .match(/^ +(?:bottom|dive|main)\+/gm)
      ?.map((line) => line.trim().slice(0, 4))
      .toSorted(),
  ).toEqual([...Array<string>(3).fill("bott"), ...Array<string>(3).fill("dive"), ...Array<string>(3).fill("main")]);
});

it("prints the tables that the text declares itself", async () => {
  const text = `BPF_HASH(mine, u32, u64); BPF_HISTOGRAM(sizes); BPF_ARRAY(one, u32, 1);
    uprobe:${program}:give { u32 key = 1, zero = 0, five = 5; mine.increment(key); sizes.increment(bpf_log2l(5)); one.update(&zero, &five); }`;
  expect(await trace(text)).toEqual([
    ...["mine:", "1  2", "", "sizes:"],
    "     value               : count     distribution",
    `         4 -> 7          : 2        |${"*".repeat(40)}|`,
    ...["", "one:", "0  5"],
  ]);
});

it("says how many values a full table did not keep", async () => {
  const text = `uprobe:${program}:give { s.set(arg1, nsecs); } uretprobe:${program}:give { if (s.has(1ULL << 40)) s.take(0); }`;
  const result = await runCli(["-e", text, "-c", `${program} many`]);
  expect(result.stderr).toBe("Attached 2 probes.\nwarning: s was full: 3 values were not kept\n");
});
