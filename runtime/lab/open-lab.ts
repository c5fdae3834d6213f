import { join } from "node:path";
import { BpftsError, InterruptedError, PrivilegeError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { openAddon } from "../kernel/door/addon.ts";
import { readCapabilities } from "../kernel/machine/capabilities.ts";
import {
  describeTakenCgroup,
  findLabCgroup,
  makeLabCgroup,
  removeLabCgroups,
  removeUnusedCgroup,
} from "./lab-cgroups.ts";
import type { LabFile } from "./lab-file.ts";
import {
  claimLab,
  findLabState,
  findOwnProcess,
  forgetLab,
  identifyPart,
  isOwnPart,
  isStale,
  listLabNames,
  noteMaking,
  notePart,
  restoreStates,
  takeOverLab,
} from "./lab-state.ts";
import type { LabState } from "./lab-state.ts";
import { planLab } from "./plan-lab.ts";
import { describeFailure, findNamespaceFile, runStep, runTool } from "./run-step.ts";

/**
 * Makes a lab: namespaces, veth pairs, addresses, cgroups. What was made is taken back when one step fails, or a signal comes.
 * Owner: this process, until `keepLab`; whoever opened it closes it by `takeDown`.
 *
 * @throws UsageError, PrivilegeError, ToolchainError, UnsupportedFeatureError, ResourceError, InterruptedError
 */
export function openLab(file: LabFile, path: string, name: string): LabState {
  const plan = planLab(file, name);
  requireRights();
  let state: LabState = {
    name,
    file: path,
    source: file.source,
    namespaces: plan.namespaces,
    places: plan.places,
    cgroup: findLabCgroup(plan.cgroup),
    owner: findOwnProcess(),
    parts: {},
    making: null,
  };
  catchSignals((stopIfSignalled) => {
    claimLab(state);
    const makePart = (part: string, make: () => void, describeTaken: () => BpftsError): void => {
      // What is there already must never look like what this process began to make.
      if (identifyPart(part) !== undefined) throw describeTaken();
      state = noteMaking(state, part);
      make();
      state = notePart(state, part);
      stopIfSignalled();
    };
    try {
      for (const namespace of plan.namespaces)
        makePart(
          findNamespaceFile(namespace),
          () => addNamespace(namespace),
          () => describeFailure(`netns add ${namespace}`, "ip", "Cannot create namespace file: File exists"),
        );
      for (const step of plan.steps) {
        runStep(step);
        stopIfSignalled();
      }
      makePart(
        state.cgroup,
        () => makeLabCgroup(state.cgroup),
        () => describeTakenCgroup(state.cgroup),
      );
      for (const place of listPlaceCgroups(state)) makeLabCgroup(place);
      stopIfSignalled();
    } catch (error) {
      removeParts(state);
      forgetLab(name);
      // A terminal's Ctrl-C ends the programs that make the lab, too: that is why they failed.
      stopIfSignalled();
      throw error;
    }
  });
  return state;
}

/** Takes a lab down: ends the processes that were started in it, removes its cgroups and namespaces, with what is in these. @throws ResourceError when something stays */
export function takeDown(state: LabState, folder?: string): void {
  removeParts(state);
  forgetLab(state.name, folder);
}

/** Removes what the lab has made. What has the name of a part, but is not the part that was made, is another's. */
function removeParts(state: LabState): void {
  const { cgroup, making, namespaces } = state;
  if (isOwnPart(state, cgroup)) removeLabCgroups([cgroup, ...listPlaceCgroups(state)]);
  else if (making === cgroup) removeUnusedCgroup(cgroup);
  for (const namespace of [...namespaces].reverse()) {
    const file = findNamespaceFile(namespace);
    if (!isOwnPart(state, file) && !(making === file && identifyPart(file) !== undefined)) continue;
    const said = runTool(["ip", "netns", "delete", namespace]);
    // Two of us may take it down at once.
    if (said !== undefined && !said.includes("No such file"))
      throw describeFailure(`netns delete ${namespace}`, "ip", said, "take down");
  }
}

function listPlaceCgroups({ cgroup, places }: LabState): readonly string[] {
  return places.map(({ name }) => join(cgroup, name));
}

/** Takes down what processes that were killed have left. What cannot be taken down is told, and stays. @throws PrivilegeError, ResourceError */
export function sweepLabs(log: Log, folder?: string): void {
  restoreStates(folder);
  for (const name of listLabNames(folder))
    try {
      sweepLab(name, log, folder);
    } catch (error) {
      if (!(error instanceof BpftsError)) throw error;
      log.warn(`${error.message}; ${error.hint ?? `try again: bpfts lab down ${name}`}`);
    }
}

function sweepLab(name: string, log: Log, folder?: string): void {
  const stale = findLabState(name, folder);
  if (stale === undefined || !isStale(stale)) return;
  const state = takeOverLab(name, folder);
  if (state === undefined) return;
  takeDown(state, folder);
  log.warn(`Took down the lab "${name}": the process ${stale.owner?.pid} that it belonged to was killed`);
}

function addNamespace(namespace: string): void {
  const said = runTool(["ip", "netns", "add", namespace]);
  if (said !== undefined) throw describeFailure(`netns add ${namespace}`, "ip", said);
}

/** @throws PrivilegeError that names what is missing */
function requireRights(): void {
  const have = readCapabilities();
  const missing = ["CAP_SYS_ADMIN", "CAP_NET_ADMIN"].filter((name) => !have.has(name));
  if (missing.length > 0)
    throw new PrivilegeError(`Cannot make a lab without ${missing.join(" and ")}`, {
      hint: "namespaces and devices take these rights: run it as root",
    });
}

/** Signals must not end the process in the middle, with half a lab made. */
function catchSignals(work: (stopIfSignalled: () => void) => void): void {
  const port = openAddon();
  port.signalsCatch();
  const stopIfSignalled = (): void => {
    if (port.signalTake() !== 0) throw new InterruptedError("A signal came before the lab was up");
  };
  try {
    work(stopIfSignalled);
  } finally {
    port.signalsRelease();
  }
}
