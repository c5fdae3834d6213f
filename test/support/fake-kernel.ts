import { errno } from "../../runtime/kernel/door/errno.ts";
import type { KernelPort } from "../../runtime/kernel/door/port.ts";

/** One call that the code under test made. */
export interface KernelCall {
  readonly name: keyof KernelPort;
  readonly args: readonly unknown[];
}

/** A kernel that answers what the test says and keeps what it was asked. */
export interface FakeKernel {
  readonly port: KernelPort;
  /** Every call, in order. */
  readonly calls: readonly KernelCall[];
  /** The arguments of each call of one method, in order. */
  argsOf(name: keyof KernelPort): readonly (readonly unknown[])[];
}

/** What the fake is told: a function for each method that the test needs. */
export type KernelScript = Partial<KernelPort>;

const enosys = -38;

/** Answers of methods whose answer is no status, so that no code under test meets a number where the port promises something else. */
const quiet: KernelScript = {
  objectMaps: () => [],
  objectPrograms: () => [],
  objectLoad: () => ({ status: enosys, log: "", programLogs: {} }),
  lastLog: () => "",
  signalPending: () => 0,
  signalTake: () => 0,
  signalFd: () => -1,
  signalsFinish: () => 0,
  runGuarded: (run) => (run(), 0),
  guardDeadline: () => 0,
  guardHeed: () => 0,
  guardPause: () => 0,
  ringLost: () => 0,
  demangle: (name) => name,
  libbpfVersion: () => "0.0",
};

/** The port's methods, each once: a method that is added to the port and not here does not compile. */
const methods: Readonly<Record<keyof KernelPort, true>> = {
  objectOpen: true,
  objectMaps: true,
  objectPrograms: true,
  programSetAutoload: true,
  programSetType: true,
  programSetAttachTarget: true,
  programSetFlags: true,
  mapSetMaxEntries: true,
  mapSetFlags: true,
  mapSetPinPath: true,
  mapSetAutocreate: true,
  mapReuse: true,
  mapSetInnerMap: true,
  objectLoad: true,
  objectClose: true,
  lastLog: true,
  programHandle: true,
  programInfo: true,
  programRun: true,
  programTest: true,
  programPin: true,
  mapHandle: true,
  mapCreate: true,
  mapOpenPinned: true,
  mapOpenId: true,
  mapInfo: true,
  mapClose: true,
  mapPin: true,
  mapLookup: true,
  mapLookupAndDelete: true,
  mapUpdate: true,
  mapDelete: true,
  mapNextKey: true,
  mapReadAll: true,
  mapUpdateAll: true,
  mapDeleteAll: true,
  possibleCpus: true,
  attachAuto: true,
  attachTracepoint: true,
  attachRawTracepoint: true,
  attachKprobe: true,
  attachUprobeMulti: true,
  attachKprobeMulti: true,
  attachUprobe: true,
  attachUsdt: true,
  attachPerfEvent: true,
  attachTarget: true,
  attachFreplace: true,
  attachMap: true,
  attachStructOps: true,
  perfCounterOpen: true,
  linkClose: true,
  detachProbes: true,
  linkCreate: true,
  linkPin: true,
  linkUpdate: true,
  linkDescribe: true,
  filterAttach: true,
  rawSocketAttach: true,
  netlinkDump: true,
  programQuery: true,
  programQueryOf: true,
  iteratorOpen: true,
  iteratorRead: true,
  iteratorClose: true,
  mappedCodeOpen: true,
  mappedCodeRead: true,
  mappedCodeLost: true,
  mappedCodeClose: true,
  liveNextId: true,
  liveOpen: true,
  liveInfo: true,
  pinOpen: true,
  statsEnable: true,
  descriptorOpen: true,
  descriptorPath: true,
  descriptorPut: true,
  descriptorClose: true,
  perfBufferOpen: true,
  ringBufferOpen: true,
  ringRead: true,
  ringLost: true,
  ringClose: true,
  userRingOpen: true,
  userRingWrite: true,
  wait: true,
  fileOpen: true,
  fileRead: true,
  fileClose: true,
  write: true,
  signalsCatch: true,
  signalPending: true,
  signalAfter: true,
  signalTake: true,
  signalFd: true,
  signalsFinish: true,
  signalsRelease: true,
  runGuarded: true,
  guardDeadline: true,
  guardHeed: true,
  guardPause: true,
  processSpawn: true,
  processPid: true,
  processRelease: true,
  processState: true,
  processReap: true,
  processClose: true,
  pidfdOpen: true,
  pidfdSignal: true,
  pidfdCopy: true,
  elfDescribe: true,
  elfSymbols: true,
  elfFindObject: true,
  elfUsdtNotes: true,
  fileCrc32: true,
  demangle: true,
  btfDumpC: true,
  btfListNames: true,
  btfSelectC: true,
  mount: true,
  probeProgramType: true,
  probeMapType: true,
  probeHelper: true,
  libbpfVersion: true,
};

/** Makes a kernel out of a script. What the script does not name answers -ENOSYS. */
export function openFakeKernel(script: KernelScript = {}): FakeKernel {
  const calls: KernelCall[] = [];
  const names = Object.keys(methods) as (keyof KernelPort)[];
  const entries = names.map((name) => {
    const answer = (script[name] ?? quiet[name] ?? (() => enosys)) as (...args: readonly unknown[]) => unknown;
    const call = (...args: readonly unknown[]): unknown => {
      calls.push({ name, args });
      return answer(...args);
    };
    return [name, call] as const;
  });
  return {
    port: Object.fromEntries(entries) as unknown as KernelPort,
    calls,
    argsOf: (name) => calls.filter((call) => call.name === name).map(({ args }) => args),
  };
}

/** A `ringRead` that answers one batch after the other, each in one piece, and then none. */
export function answerBatches(batches: Uint8Array[]): KernelPort["ringRead"] {
  return (_, room, timed) => {
    if (batches.length === 0) return 0;
    const batch = timed ? addTimes(batches[0]!) : batches[0]!;
    if (batch.length > room.length) return errno.EMSGSIZE;
    batches.shift();
    room.set(batch);
    return batch.length;
  };
}

/** Puts a time before the bytes of each record, as a perf buffer has it: they come in the order that they have. */
function addTimes(batch: Uint8Array): Uint8Array {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < batch.length; ) {
    const size = view.getUint32(at, true);
    const head = new DataView(new ArrayBuffer(16));
    head.setUint32(0, size + 8, true);
    head.setUint32(4, view.getUint32(at + 4, true), true);
    head.setBigUint64(8, BigInt(parts.length), true);
    const end = at + 8 + ((size + 7) & ~7);
    parts.push(new Uint8Array(head.buffer), batch.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(parts);
}
