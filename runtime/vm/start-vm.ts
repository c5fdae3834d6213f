import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { performance } from "node:perf_hooks";
import { ToolchainError, VmError, VmTimeoutError } from "../base/errors.ts";
import type { Closable } from "../base/scope.ts";
import { hostClangVariable } from "../base/host-clang.ts";
import type { GuestJob } from "./guest-scripts.ts";
import { consoleMark, guestPorts, renderGuestJob } from "./guest-scripts.ts";
import { serveClang } from "./host-compiler.ts";
import type { QemuSpec } from "./qemu-command.ts";
import { portDescriptors, renderQemuArguments } from "./qemu-command.ts";
import { MarkStripper } from "./strip-mark.ts";
import { requireQemu } from "./vm-tools.ts";

/** One boot and one command in it. */
export interface VmSpec {
  /** The kernel's name for messages. */
  readonly name: string;
  readonly qemu: QemuSpec;
  readonly job: GuestJob;
  /** Whether clang runs here for the guest. */
  readonly servesClang: boolean;
  /** How long the kernel may take until the command starts. */
  readonly bootTimeoutMs: number;
  /** How long the command may take; none when absent. */
  readonly timeoutMs?: number;
}

/** A virtual machine that was started. Owner: the caller; closing ends qemu at once. */
export interface RunningVm extends Closable {
  /** qemu's process. */
  readonly pid: number;
  readonly stdin: Writable;
  /** Must be read, as must `stderr`: the machine waits for whoever reads. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Milliseconds from the start of qemu to the start of the command. Rejects as `exit` does. */
  readonly ready: Promise<number>;
  /** The command's exit status; 128 and the number when a signal ended it. qemu is gone by then. Rejects with VmError or VmTimeoutError. */
  readonly exit: Promise<number>;
  /** Sends a signal to the command's process group: "INT". */
  signal(name: string): void;
}

/** A guest's pulse comes every five seconds; so many checks without one make a hang. */
const missedPulses = 18;
const pulseMs = 5000;
/** Enough of the console for a panic with its stack. */
const consoleBytes = 1 << 16;

/** Boots a machine and gives it its command. @throws ToolchainError when qemu is missing */
export function startVm(spec: VmSpec): RunningVm {
  const mark = randomBytes(24).toString("hex");
  const child = spawn("setpriv", ["--pdeathsig", "KILL", requireQemu(), ...renderQemuArguments(spec.qemu)], {
    // A session of its own: Ctrl-C is for the guest's command, not for qemu.
    detached: true,
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe", "pipe", "pipe", "pipe", "pipe"],
  });
  const startedMs = performance.now();
  const stdio = child.stdio as readonly (Socket | null)[];
  const port = (name: keyof typeof portDescriptors): Socket => stdio[portDescriptors[name]]!;
  const control = port("control");
  const stdout = port("stdout").pipe(new MarkStripper(mark));
  const stderr = port("stderr").pipe(new MarkStripper(mark));
  let consoleText = "";
  let qemuText = "";
  let status: number | undefined;
  let failure: Error | undefined;
  let silentChecks = 0;

  let settleReady: { resolve: (bootMs: number) => void; reject: (error: Error) => void };
  const ready = new Promise<number>((resolve, reject) => (settleReady = { resolve, reject }));
  let settleExit: { resolve: (status: number) => void; reject: (error: Error) => void };
  const exit = new Promise<number>((resolve, reject) => (settleExit = { resolve, reject }));
  // Whoever waits for one of them sees the failure; the other must not end the process.
  ready.catch(() => {});
  exit.catch(() => {});

  const clang = spec.servesClang ? serveClang(port("clang")) : undefined;
  const close = (): void => {
    clang?.close();
    // Only while it is ours: a pid that was waited for may belong to somebody else.
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  };
  const fail = (error: Error): void => {
    failure ??= error;
    close();
  };
  const timers: NodeJS.Timeout[] = [
    setTimeout(
      () => fail(describeHang(spec, `did not come up within ${spec.bootTimeoutMs / 1000} s`, consoleText)),
      spec.bootTimeoutMs,
    ),
  ];
  process.once("exit", close);

  const startCommand = (): void => {
    clearTimeout(timers[0]);
    settleReady.resolve(performance.now() - startedMs);
    timers.push(
      setInterval(() => {
        silentChecks += 1;
        if (silentChecks >= missedPulses)
          fail(describeHang(spec, `gave no sign of life for ${(missedPulses * pulseMs) / 1000} s`, consoleText));
      }, pulseMs),
    );
    const { timeoutMs } = spec;
    if (timeoutMs !== undefined) {
      timers.push(
        setTimeout(
          () =>
            fail(
              new VmTimeoutError(
                `"${spec.job.command.join(" ")}" did not end within ${timeoutMs / 1000} s on kernel ${spec.name}`,
                { hint: "give it more time with --timeout", detail: consoleText },
              ),
            ),
          timeoutMs,
        ),
      );
    }
  };

  readLines(control, (line) => {
    silentChecks = 0;
    const [word, value] = line.split(" ");
    if (word === "ready") startCommand();
    else if (word === "exit") status = Number(value);
    if (status === undefined) return;
    void Promise.all([waitForEnd(stdout), waitForEnd(stderr)]).then(close);
  });
  const environment = {
    ...spec.job.environment,
    ...(spec.servesClang && { [hostClangVariable]: `/dev/vport0p${guestPorts.clang}` }),
  };
  const job = Buffer.from(renderGuestJob({ ...spec.job, environment }));
  control.write(Buffer.concat([Buffer.from(`job ${job.length} ${mark}\n`), job]));
  port("console").on(
    "data",
    (chunk: Buffer) => (consoleText = (consoleText + chunk.toString("latin1")).slice(-consoleBytes)),
  );
  child.stderr!.on("data", (chunk: Buffer) => (qemuText += chunk.toString()));
  // A socket whose qemu is gone fails on write; the exit below says why.
  for (const name of Object.keys(portDescriptors)) port(name as keyof typeof portDescriptors).on("error", () => {});

  const settle = (error: Error | undefined): void => {
    process.removeListener("exit", close);
    clang?.close();
    for (const timer of timers) clearTimeout(timer);
    // Only now may readers see a short stream: the promise above tells that it is short.
    if (error === undefined) return settleExit.resolve(status!);
    settleReady.reject(error);
    settleExit.reject(error);
  };
  child.once("error", (cause) => {
    failure ??= new ToolchainError(`Cannot start a virtual machine: ${cause.message}`, {
      cause,
      hint: "apt-get install util-linux qemu-system-x86",
    });
    settle(failure);
  });
  child.once("close", (code, signal) => {
    const isWhole = status !== undefined && stdout.isWhole && stderr.isWhole;
    settle(isWhole ? undefined : (failure ?? describeEnd(spec, code, signal, consoleText, qemuText)));
  });

  return {
    pid: child.pid ?? -1,
    stdin: port("stdin"),
    stdout,
    stderr,
    ready,
    exit,
    signal: (name) => void control.write(`signal ${name}\n`),
    close,
  };
}

function waitForEnd(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.readableEnded || stream.destroyed) resolve();
    else stream.once("end", resolve).once("close", resolve);
  });
}

function readLines(stream: Readable, take: (line: string) => void): void {
  let rest = "";
  stream.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop()!;
    lines.forEach(take);
  });
}

function describeHang(spec: VmSpec, what: string, consoleText: string): VmError {
  return new VmError(`Kernel ${spec.name} hangs: it ${what}`, {
    hint: "see what its console says with --verbose; a busy machine may need more with --boot-timeout",
    detail: consoleText,
  });
}

/** Says why qemu ended before the command did. */
function describeEnd(
  spec: VmSpec,
  code: number | null,
  signal: NodeJS.Signals | null,
  consoleText: string,
  qemuText: string,
): VmError {
  const panic = /Kernel panic - not syncing: ([^\r\n]*)/.exec(consoleText)?.[1];
  if (panic !== undefined)
    return new VmError(`Kernel ${spec.name} panicked: ${panic}`, {
      hint: "its console with the stack is shown with --verbose",
      detail: consoleText,
    });
  const mark = consoleText.indexOf(consoleMark);
  if (mark >= 0) {
    const reason = consoleText
      .slice(mark + consoleMark.length)
      .split(/[\r\n]/)[0]!
      .trim();
    return new VmError(`The guest with kernel ${spec.name} cannot start: ${reason}`, { detail: consoleText });
  }
  const complaint = qemuText
    .trim()
    .split("\n")
    .find((line) => !/warning/i.test(line))
    ?.replace(/^\S*qemu-system-x86_64: /, "");
  if (complaint !== undefined && complaint !== "")
    return new VmError(`qemu cannot run kernel ${spec.name}: ${complaint}`, { detail: qemuText });
  const how = signal === null ? `with status ${code ?? 0}` : `by ${signal}`;
  return new VmError(`The virtual machine of kernel ${spec.name} ended ${how} before its command did`, {
    detail: consoleText,
  });
}
