import type { Readable, Writable } from "node:stream";
import { constants } from "node:os";
import type { RunningVm, VmSpec } from "./start-vm.ts";
import { startVm } from "./start-vm.ts";

/** Where a guest's command reads from and writes to. */
export interface VmStreams {
  /** Absent: the command reads an end of file. */
  readonly stdin?: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** Where signals come from: the process, or a test. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  removeListener(signal: NodeJS.Signals, listener: () => void): unknown;
}

/** After a signal that asks for the end, the guest has so long to obey. */
const graceMs = 5000;

/**
 * Boots a machine, connects its command to streams and signals, and answers the command's status once the machine is gone.
 * Ctrl-C goes to the command, the third one ends the machine. SIGTERM and SIGHUP go to the command too, which then has five
 * seconds. A signal before the command runs ends the machine at once.
 * A status of 128 and a signal's number tells that the signal ended it.
 * @throws VmError, VmTimeoutError, ToolchainError
 */
export async function runInVm(spec: VmSpec, streams: VmStreams, signals: SignalSource = process): Promise<number> {
  let vm: RunningVm | undefined;
  let isReady = false;
  let endedBy: NodeJS.Signals | undefined;
  let interrupts = 0;
  let grace: NodeJS.Timeout | undefined;
  let brokenPipe = false;

  const end = (name: NodeJS.Signals): void => {
    endedBy ??= name;
    vm?.close();
  };
  const forward: readonly (readonly [NodeJS.Signals, () => void])[] = [
    ["SIGINT", () => (isReady && ++interrupts < 3 ? vm?.signal("INT") : end("SIGINT"))],
    ...(["SIGTERM", "SIGHUP"] as const).map(
      (name) =>
        [
          name,
          () => {
            if (!isReady || grace !== undefined) return end(name);
            vm?.signal(name.slice(3));
            grace = setTimeout(end, graceMs, name);
          },
        ] as const,
    ),
  ];
  for (const [name, listener] of forward) signals.on(name, listener);
  const stopListening = (): void => {
    for (const [name, listener] of forward) signals.removeListener(name, listener);
  };
  // Listening comes first: a signal that finds nobody ends this process, and may come as soon as qemu is there.
  try {
    vm = startVm(spec);
  } catch (error) {
    stopListening();
    throw error;
  }
  const { stdout, stderr, stdin } = vm;
  // Whoever reads our output has gone (`| head`): nobody needs the rest.
  const onBroken = (): void => {
    brokenPipe = true;
    vm?.close();
    // What nobody takes out of qemu's sockets keeps them open, and the machine counts as there.
    stdout.resume();
    stderr.resume();
  };
  const outputs = [streams.stdout, streams.stderr];
  for (const output of outputs) output.once("error", onBroken);

  connectStreams(vm, streams);
  try {
    await vm.ready;
    isReady = true;
    return await vm.exit;
  } catch (error) {
    const signal = brokenPipe ? "SIGPIPE" : endedBy;
    if (signal !== undefined) return 128 + constants.signals[signal];
    throw error;
  } finally {
    clearTimeout(grace);
    stopListening();
    streams.stdin?.unpipe(stdin);
    streams.stdin?.pause();
    for (const output of outputs) output.removeListener("error", onBroken);
    vm.close();
  }
}

function connectStreams(vm: RunningVm, streams: VmStreams): void {
  if (streams.stdin === undefined) vm.stdin.end();
  else streams.stdin.pipe(vm.stdin);
  vm.stdout.pipe(streams.stdout, { end: false });
  vm.stderr.pipe(streams.stderr, { end: false });
}
