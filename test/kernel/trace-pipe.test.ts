import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { nameUnknownTasks, openTracePipe } from "../../runtime/kernel/machine/trace-pipe.ts";
import {
  haveTracepoint,
  listTracepoints,
  readTracepointFormat,
  requireTracefs,
} from "../../runtime/kernel/machine/tracefs.ts";
import { callMkdir, countFds, loadBpf, port, requireBytes, setTarget } from "../support/live-object.ts";

const printer = `
SEC("tracepoint/syscalls/sys_enter_mkdir") int on_mkdir(void *ctx) {
  if (is_target()) bpf_printk("hello %d", 42);
  return 0;
}
`;

let instances: string;
beforeAll(() => void (instances = `${requireTracefs(port)}/instances`));
const listOwn = (): string[] => readdirSync(instances).filter((name) => name.includes(`-${process.pid}-`));

const opened: number[] = [];
afterEach(() => {
  for (const object of opened.splice(0)) port.objectClose(object);
});

function attachPrinter(): number {
  const object = loadBpf(printer);
  opened.push(object);
  expect(
    port.attachTracepoint(port.programHandle(object, "on_mkdir"), "syscalls", "sys_enter_mkdir", 0n),
  ).toBeGreaterThan(0);
  return object;
}

/** Everybody's lines come out of a trace pipe: those of one process and of the program here are picked out. */
function readLines(file: number, pid: number): string[] {
  const text = Buffer.from(requireBytes(port.fileRead(file, 1 << 20))).toString();
  return text.split("\n").filter((line) => line.includes(`-${pid} `) && line.includes("hello 42"));
}

describe("a trace pipe", () => {
  it("has every line, with the name of the task", () => {
    const pipe = openTracePipe(port);
    expect([pipe.isPrivate, listOwn().length]).toEqual([true, 1]);
    attachPrinter();
    callMkdir(100);
    const lines = readLines(pipe.file, process.pid).map((line) => nameUnknownTasks(line, (bytes) => bytes.toString()));
    expect(lines.length).toBe(100);
    // "task-pid  [cpu] flags  seconds.micros: event: text"
    for (const line of lines) expect(line).toMatch(/^ *\S.*-\d+ +\[\d{3}\] \S+ +\d+\.\d+: bpf_trace_printk: hello 42$/);
    expect(lines.filter((line) => line.includes("<...>"))).toEqual([]);
    pipe.close();
    pipe.close();
    expect(listOwn()).toEqual([]);
  });

  it("leaves the global pipe to others, and two of our own do not steal from each other", () => {
    const first = openTracePipe(port);
    const second = openTracePipe(port);
    const global = port.fileOpen(`${instances}/../trace_pipe`);
    port.fileRead(global, 1 << 24);
    attachPrinter();
    callMkdir(10);
    expect([first.file, second.file, global].map((file) => readLines(file, process.pid).length)).toEqual([10, 10, 10]);
    port.fileClose(global);
    first.close();
    second.close();
  });

  it("wakes a wait when a single line comes", () => {
    const pipe = openTracePipe(port);
    const object = attachPrinter();
    const child = port.processSpawn(
      [
        "python3",
        "-c",
        "import os, time\ntime.sleep(0.1)\ntry: os.mkdir('/proc/self/nowhere/nothing')\nexcept OSError: pass\nwhile True: pass",
      ],
      [],
      "",
      "",
    );
    setTarget(object, port.processPid(child));
    port.fileRead(pipe.file, 1 << 20);
    port.processRelease(child);
    // Lines of others may wake it before: only the time until ours is asked for.
    const deadline = performance.now() + 30_000;
    let lines: string[] = [];
    while (lines.length === 0 && performance.now() < deadline) {
      // The end of another child interrupts a wait, too: it answers 0 then.
      expect(port.wait(30_000, 2)).toBeGreaterThanOrEqual(0);
      lines = readLines(pipe.file, port.processPid(child));
    }
    // The kernel learns a task's name when it is next scheduled out: a quick reader sees `<...>`.
    expect(lines).toEqual([expect.stringMatching(/^ *(?:python3|<\.\.\.>)-\d+ /)]);
    const writtenAt = Number(/ (\d+\.\d+): bpf_trace_printk/.exec(lines[0]!)![1]);
    // Both clocks count from the boot, within what performance.timeOrigin leaves open: hrtime is CLOCK_MONOTONIC.
    // A wait that nobody wakes takes 30 s.
    expect(Number(process.hrtime.bigint()) / 1e9 - writtenAt).toBeLessThan(10);
    port.processClose(child);
    pipe.close();
  });

  it("sweeps away what a dead run left, and nothing else", () => {
    const probe = openTracePipe(port);
    const prefix = /^(bpfts-\d+-)/.exec(listOwn()[0]!)![1]!;
    probe.close();
    const stale = `${instances}/${prefix}4194305-1`;
    const others = [
      `${instances}/bpfts-1-4194305-1`,
      `${instances}/${prefix}1-1`,
      `${instances}/other-${process.pid}-x`,
    ];
    for (const path of [stale, ...others]) mkdirSync(path);
    try {
      writeFileSync(`${stale}/events/bpf_trace/bpf_trace_printk/enable`, "1");
      openTracePipe(port).close();
      expect([stale, ...others].map((path) => existsSync(path))).toEqual([false, true, true, true]);
    } finally {
      for (const path of [stale, ...others]) if (existsSync(path)) rmdirSync(path);
    }
  });

  it("gives its descriptors back", () => {
    openTracePipe(port).close();
    const before = countFds();
    openTracePipe(port).close();
    expect(countFds()).toBe(before);
  });
});

describe("tracefs", () => {
  it("tells which tracepoints there are, and their fields", () => {
    const names = listTracepoints();
    expect(names).toContain("syscalls:sys_enter_openat");
    expect(names).toEqual([...names].sort());
    expect(readTracepointFormat("syscalls", "sys_enter_openat")).toMatch(
      /field:const char \* ?filename;\toffset:24;\tsize:8;/,
    );
    expect([haveTracepoint("sched", "sched_switch"), haveTracepoint("sched", "sched_swtich")]).toEqual([true, false]);
    expect([
      readTracepointFormat("sched", "sched_swtich"),
      readTracepointFormat("..", "sched"),
      readTracepointFormat("sched/sched_switch", ".."),
    ]).toEqual([undefined, undefined, undefined]);
  });
});
