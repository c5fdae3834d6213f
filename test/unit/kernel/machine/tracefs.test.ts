import { existsSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { PrivilegeError, UnsupportedFeatureError } from "../../../../runtime/base/errors.ts";
import {
  findTracefs,
  haveTracepoint,
  listTracepoints,
  mountTracefs,
  readTracepointFormat,
  requireTracefs,
} from "../../../../runtime/kernel/machine/tracefs.ts";
import { openFakeKernel } from "../../../support/fake-kernel.ts";

vi.mock("node:fs", () => ({
  existsSync: vi.fn(() => false),
  readFileSync: vi.fn(() => "sched:sched_switch\nbpf_trace:bpf_trace_printk\n"),
}));

const mounted = vi.mocked(existsSync);
afterEach(() => void mounted.mockImplementation(() => false));

describe("tracefs", () => {
  it("that is mounted is left alone", () => {
    mounted.mockImplementation((path) => path === "/sys/kernel/debug/tracing/events");
    const kernel = openFakeKernel();
    expect([requireTracefs(kernel.port), kernel.calls]).toEqual(["/sys/kernel/debug/tracing", []]);
    expect(listTracepoints()).toEqual(["bpf_trace:bpf_trace_printk", "sched:sched_switch"]);
  });

  it("that is not mounted is mounted", () => {
    const kernel = openFakeKernel({
      mount: () => {
        mounted.mockImplementation((path) => String(path).startsWith("/sys/kernel/tracing"));
        return 0;
      },
    });
    expect([requireTracefs(kernel.port), mountTracefs(kernel.port)]).toEqual(["/sys/kernel/tracing", 0]);
    expect(kernel.argsOf("mount")).toEqual([["tracefs", "/sys/kernel/tracing", "tracefs"]]);
  });

  it.each([
    [-1, PrivilegeError, "EPERM"],
    [-16, PrivilegeError, "EBUSY"],
    [0, PrivilegeError, "EACCES"],
    [-19, UnsupportedFeatureError, "ENODEV"],
    [-2, UnsupportedFeatureError, "ENOENT"],
  ])("whose mount answers %i stops with the reason", (status, kind, name) => {
    const { port } = openFakeKernel({ mount: () => status });
    expect(() => requireTracefs(port)).toThrow(kind);
    expect(() => requireTracefs(port)).toThrow(`Cannot mount tracefs on "/sys/kernel/tracing": ${name}, `);
  });

  it("that cannot be had knows no tracepoint and says that it does not know", () => {
    expect([
      findTracefs(),
      listTracepoints(),
      readTracepointFormat("sched", "sched_switch"),
      haveTracepoint("sched", "sched_switch"),
    ]).toEqual([undefined, [], undefined, undefined]);
  });
});
