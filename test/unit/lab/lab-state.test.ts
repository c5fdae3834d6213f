import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ResourceError, UsageError } from "../../../runtime/base/errors.ts";
import type { Log } from "../../../runtime/base/log.ts";
import { makeLabCgroup } from "../../../runtime/lab/lab-cgroups.ts";
import {
  claimLab,
  findLabState,
  findOwnProcess,
  identifyPart,
  keepLab,
  listLabNames,
  listLabStates,
  takeOverLab,
} from "../../../runtime/lab/lab-state.ts";
import type { LabState } from "../../../runtime/lab/lab-state.ts";
import { sweepLabs } from "../../../runtime/lab/open-lab.ts";
import { makeFolder } from "../../support/run-cli.ts";

const folder = makeFolder();
const gone = { pid: process.pid, startTicks: 1 };

/** A lab without namespaces, whose cgroup is an ordinary folder. */
function makeState(at: string, name: string, more: Partial<LabState> = {}): LabState {
  const cgroup = join(at, `bpfts.${name}`);
  const parts = { parts: {}, making: null };
  return { name, file: "x.json", source: "{}", namespaces: [], places: [], cgroup, owner: gone, ...parts, ...more };
}

function makeStates(name: string, ...states: readonly LabState[]): string {
  const at = join(folder, name);
  mkdirSync(at);
  for (const state of states) claimLab(state, at);
  return at;
}

describe("the state of a lab", () => {
  it("is claimed once, kept and left whole", () => {
    const state = makeState(folder, "whole", { owner: findOwnProcess() });
    const at = makeStates("whole", state);
    expect(() => claimLab(state, at)).toThrow(UsageError);
    keepLab(state, at);
    expect(findLabState("whole", at)).toEqual({ ...state, owner: null });
    expect(readdirSync(at)).toEqual(["whole.json"]);
  });

  it("is read below its folder alone", () => {
    const at = makeStates("below");
    writeFileSync(join(folder, "evil.json"), JSON.stringify(makeState(folder, "../evil")));
    expect(findLabState("../evil", at)).toBeUndefined();
    expect(findLabState("no-such-lab", at)).toBeUndefined();
    expect(listLabNames(join(at, "no-such-folder"))).toEqual([]);
  });

  it.each<[string, string]>([
    ["cut short", '{"name":"bad","na'],
    ["empty", ""],
    ["of no object", "null"],
    ["with another's cgroup", JSON.stringify(makeState(folder, "bad", { cgroup: "/sys/fs/cgroup/system.slice" }))],
    ["with another's namespace", JSON.stringify(makeState(folder, "bad", { namespaces: ["bpfts.other.pod1"] }))],
    ["without its parts", JSON.stringify({ ...makeState(folder, "bad"), parts: undefined })],
    ["with a place outside", JSON.stringify({ ...makeState(folder, "bad"), places: [{ name: "../system.slice" }] })],
  ])("is damaged when it is %s, which other labs do not suffer from", (what, text) => {
    const at = makeStates(what, makeState(folder, "good", { owner: null }));
    writeFileSync(join(at, "bad.json"), text);
    expect(() => findLabState("bad", at)).toThrow(ResourceError);
    expect(() => findLabState("bad", at)).toThrow('The state of the lab "bad" is damaged');
    expect(listLabStates(at).map(({ name }) => name)).toEqual(["good"]);
  });

  it("says more than that there is none when it cannot be read", () => {
    const at = makeStates("unreadable");
    mkdirSync(join(at, "folder.json"));
    expect(() => findLabState("folder", at)).toThrow("Cannot read the labs below");
    const file = join(at, "file");
    writeFileSync(file, "");
    expect(() => listLabNames(file)).toThrow("Cannot read the labs below");
  });

  it("is taken over from an owner that has ended, by one process and from no other owner", () => {
    const at = makeStates("stale", makeState(folder, "stale"));
    expect(takeOverLab("stale", at)?.owner).toEqual(findOwnProcess());
    // As for a second sweep, which has seen the lab before it was taken down and made anew.
    expect(takeOverLab("stale", at)).toBeUndefined();
    expect(findLabState("stale", at)?.owner).toEqual(findOwnProcess());
    expect(takeOverLab("no-such-lab", at)).toBeUndefined();
    expect(readdirSync(at)).toEqual(["stale.json"]);
  });
});

describe("sweepLabs", () => {
  it("goes on after a lab that it cannot take down", () => {
    const at = makeStates("sweep");
    const stuck = join(at, "bpfts.a-stuck");
    mkdirSync(stuck);
    claimLab(makeState(at, "a-stuck", { parts: { [stuck]: identifyPart(stuck)! } }), at);
    claimLab(makeState(at, "b-gone"), at);
    writeFileSync(join(at, "bpfts.a-stuck", "file"), "");
    const said: string[] = [];
    sweepLabs({ warn: (message: string) => said.push(message) } as unknown as Log, at);
    expect(said).toEqual([
      expect.stringMatching(/^Cannot remove the cgroup ".*bpfts\.a-stuck": .*; try again: bpfts lab down a-stuck$/),
      expect.stringContaining('Took down the lab "b-gone"'),
    ]);
    expect(listLabNames(at)).toEqual(["a-stuck"]);
  });

  it("removes what the lab has made, and nothing else at its path", () => {
    const at = makeStates("parts");
    const sweep = (name: string, more: (cgroup: string) => Partial<LabState>): boolean => {
      const cgroup = join(at, `bpfts.${name}`);
      mkdirSync(cgroup);
      claimLab(makeState(at, name, more(cgroup)), at);
      sweepLabs({ warn: () => undefined } as unknown as Log, at);
      return existsSync(cgroup);
    };
    expect(sweep("made", (cgroup) => ({ parts: { [cgroup]: identifyPart(cgroup)! } }))).toBe(false);
    expect(sweep("begun", (cgroup) => ({ making: cgroup }))).toBe(false);
    expect(sweep("before", () => ({}))).toBe(true);
    expect(sweep("again", (cgroup) => ({ parts: { [cgroup]: `${identifyPart(cgroup)!}1` } }))).toBe(true);
    expect(
      sweep("begun-by-another", (cgroup) => {
        writeFileSync(join(cgroup, "file"), "");
        return { making: cgroup };
      }),
    ).toBe(true);
    expect(listLabNames(at)).toEqual([]);
  });

  it("puts back a state that a killed sweep has moved aside", () => {
    const at = makeStates("aside", makeState(folder, "up", { owner: null }));
    const write = (file: string, state: LabState): void => writeFileSync(join(at, file), JSON.stringify(state));
    const { pid, startTicks } = findOwnProcess();
    write(`stale.json.taken.${pid}.1`, makeState(at, "stale"));
    write(`kept.12.json.taken.${pid}.1`, makeState(at, "kept.12", { owner: null }));
    write(`up.json.taken.${pid}.1`, makeState(at, "up"));
    write(`moving.json.taken.${pid}.${startTicks}`, makeState(at, "moving"));
    writeFileSync(join(at, `up.new.${pid}.1`), '{"na');
    writeFileSync(join(at, `up.new.${pid}.${startTicks}`), '{"na');
    const said: string[] = [];
    sweepLabs({ warn: (message: string) => said.push(message) } as unknown as Log, at);
    expect(said).toEqual([expect.stringContaining('Took down the lab "stale"')]);
    expect(listLabNames(at)).toEqual(["kept.12", "up"]);
    expect(readdirSync(at).filter((file) => !file.endsWith(".json"))).toEqual([
      `moving.json.taken.${pid}.${startTicks}`,
      `up.json.taken.${pid}.1`,
      `up.new.${pid}.${startTicks}`,
    ]);
  });
});

describe("makeLabCgroup", () => {
  it("says that there is one", () => {
    const lab = join(folder, "bpfts.taken");
    makeLabCgroup(lab);
    expect(() => makeLabCgroup(lab)).toThrow(`Cannot make the cgroup "${lab}": there is one`);
    expect(() => makeLabCgroup(join(lab, "none", "pod1"))).toThrow(ResourceError);
  });
});
