import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { features, findFeature } from "../../runtime/kernel/machine/features.ts";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { port } from "../support/live-object.ts";

describe("the kernel's types as C", () => {
  it("are the whole of them, with accesses that libbpf can correct", () => {
    const text = port.btfDumpC("/sys/kernel/btf/vmlinux", null);
    expect(text).toMatch(/^#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n/);
    expect(text).toContain("#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)");
    for (const type of ["task_struct", "pt_regs", "sock"]) expect(text).toContain(`\nstruct ${type} {\n`);
    expect(String(text).trimEnd().endsWith("#endif")).toBe(true);
  });

  it("are not made up where there are none", () => {
    expect(port.btfDumpC("/nowhere/nothing", null)).toBe(-2);
    expect(port.btfDumpC("/etc/passwd", null)).toBeLessThan(0);
    expect(port.btfDumpC("/sys/kernel/btf/vmlinux", "/nowhere/nothing")).toBe(-2);
  });
});

describe("the addon", () => {
  it("is opened once and knows its libbpf", () => {
    expect(openAddon()).toBe(port);
    expect(port.libbpfVersion()).toMatch(/^1\.\d+/);
    expect(port.possibleCpus()).toBeGreaterThan(0);
  });

  it("probes without leaving anything behind", () => {
    expect([port.probeProgramType(5), port.probeMapType(1), port.probeHelper(2, 1)]).toEqual([1, 1, 1]);
    expect(port.probeMapType(9999)).toBeLessThanOrEqual(0);
    expect(port.probeHelper(2, 9999)).toBe(0);
  });

  it("cannot mount what no kernel knows", () => {
    expect(port.mount("none", "/proc", "no-such-file-system")).toBe(-19);
  });
});

describe("a feature", () => {
  it.each(features.map((feature) => [feature.name, feature] as const))(
    "%s has one row and an answer on this kernel",
    (name, feature) => {
      expect(features.filter((other) => other.name === name)).toEqual([feature]);
      expect(feature.since).toMatch(/^\d+\.\d+$/);
      expect(feature.instead).not.toMatch(/\.$/);
      expect([true, false]).toContain(feature.probe(port));
    },
  );

  it("that any kernel with a ring buffer has is found", () => {
    for (const name of ["btf", "tracefs", "ringbuf", "probe_read_kernel", "batch", "uprobe"])
      expect([name, findFeature(name)?.probe(port)]).toEqual([name, true]);
    expect(findFeature("kprobe")?.probe(port)).toBe(existsSync("/sys/bus/event_source/devices/kprobe"));
  });
});
