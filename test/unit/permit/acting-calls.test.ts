import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { findAction } from "../../../runtime/permit/acting-calls.ts";
import { findProgramAction } from "../../../runtime/permit/acting-programs.ts";
import { permissions } from "../../../runtime/permit/permissions.ts";
import { root } from "../../support/run-cli.ts";

const call = { section: "x", instruction: 0 };
const needs = (kernelFunction: string): string | undefined => findAction({ ...call, kernelFunction })?.permission;

describe("calls that act", () => {
  it.each([
    [36, "write-user"],
    [58, "override"],
    [109, "signal"],
    [117, "signal"],
    [6, undefined],
    [112, undefined],
    [113, undefined],
  ])("helper %i needs %s", (helper, permission) => {
    expect(findAction({ ...call, helper })?.permission).toBe(permission);
  });

  it.each([
    ["bpf_send_signal_task", "signal"],
    ["bpf_send_signal_task___old", "signal"],
    ["bpf_sock_destroy", "sockets"],
    ["tcp_reno_cong_avoid", "struct-ops"],
    ["scx_bpf_dsq_insert", "struct-ops"],
    ["crash_kexec", "all"],
    ["bpf_listener_kill", "all"],
    ["bpf_strange", "all"],
    ["bpf_strncasecmp", undefined],
    ["bpf_strcspn", undefined],
    ["toString", "all"],
    ["", "all"],
    ["bpf_dynptr_from_skb", undefined],
    ["bpf_task_from_pid", undefined],
    ["bpf_task_kill", "all"],
    ["bpf_iter_task_new", undefined],
    ["bpf_rcu_read_lock", undefined],
    ["__bpf_trap", undefined],
  ])("the kernel function %s needs %s", (name, permission) => {
    expect(needs(name)).toBe(permission);
  });
});

describe("programs that act by their kind", () => {
  const none = new Uint8Array();
  const find = (section: string, type?: number, attachType?: number): string | undefined =>
    findProgramAction(none, { name: "f", section, type, attachType })?.permission;

  it.each([
    ["fmod_ret/f", "override"],
    ["?fmod_ret.s/f", "override"],
    ["lsm_cgroup/f", "override"],
    ["raw_tp.w/f", "override"],
    ["raw_tracepoint.w/f", "override"],
    ["freplace/f", "all"],
    ["fentry/f", undefined],
    ["raw_tp/f", undefined],
    ["lsmod", undefined],
  ])("the section %s needs %s", (section, permission) => {
    expect(find(section)).toBe(permission);
  });

  it("what a function is loaded as counts more than its section", () => {
    expect(find("fentry/f", 26, 26)).toBe("override");
    expect(find("fmod_ret/f", 2, 0)).toBeUndefined();
  });
});

it("SECURITY.md lists every flag", () => {
  const text = readFileSync(`${root}/SECURITY.md`, "utf8");
  expect(permissions.map(({ flag }) => flag).filter((flag) => !text.includes(`\`${flag}\``))).toEqual([]);
});
