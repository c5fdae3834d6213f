import { constants } from "node:os";
import { realpathSync } from "node:fs";
import { basename } from "node:path";
import { readClock } from "../base/clock.ts";
import type { TableRecord } from "../session/load/kept-tables.ts";
import { holdTables } from "./held-tables.ts";
import type { HeldTables } from "./held-tables.ts";
import { renderSwap } from "./render-swap.ts";
import type { VersionMessage } from "./version-messages.ts";
import { startVersion } from "./version-process.ts";
import type { VersionProcess } from "./version-process.ts";
import { watchFiles } from "./watched-files.ts";

/** What `--watch` needs to know of the command line. */
export interface WatchOptions {
  readonly script: string;
  /** Whether each version begins with empty tables. */
  readonly isFresh: boolean;
  /** Writes one line for the user. */
  say(line: string): void;
}

/** A version that was told to end like at Ctrl-C has so long; scripts that take the signal and go on are ended. Units: milliseconds. */
const END_MS = 2000;
/** These say that no change of the script would help. */
const hopeless: ReadonlySet<number> = new Set([2, 3]);

/**
 * Runs a script in a process of its own, and each time that one of its files has changed the changed script in another one. The new version is loaded
 * and attached before the old one ends; one that fails leaves the old one running. Answers the exit status when Ctrl-C has ended all.
 */
export function watchScript(options: WatchOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    new Supervisor(options, resolve, reject).start();
  });
}

class Supervisor {
  private readonly files = watchFiles((paths) => this.reload(paths));
  private current: VersionProcess | undefined;
  /** The version that is to take the place of the current one. */
  private next: VersionProcess | undefined;
  /** A process that has started already and waits to become the next version. */
  private spare: VersionProcess | undefined;
  private tables: readonly TableRecord[] = [];
  private held: HeldTables | undefined;
  private isStopping = false;
  private haveRun = false;

  constructor(
    private readonly options: WatchOptions,
    private readonly resolve: (status: number) => void,
    private readonly reject: (error: unknown) => void,
  ) {}

  start(): void {
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => this.stop(name));
    this.files.add(realpathSync(this.options.script), Infinity);
    this.begin([]);
  }

  private reload(paths: readonly string[]): void {
    if (this.isStopping) return;
    // What was read before the last change is nobody's version.
    this.next?.signal("SIGKILL");
    try {
      this.begin(paths);
    } catch (error) {
      this.fail(error);
    }
  }

  private begin(paths: readonly string[]): void {
    const startedAt = readClock();
    const since = Date.now();
    const version = this.spare?.isRunning === true ? this.spare : startVersion(constants.signals);
    this.spare = undefined;
    this.next = version;
    version.onMessage = (message) => {
      if (message.kind === "file") this.addFile(message.path, since);
      else void this.swap(version, message, startedAt, paths);
    };
    version.order({
      kind: "begin",
      isFirst: !this.haveRun,
      tables: this.options.isFresh ? [] : this.tables,
    });
    void version.ended.then((status) => this.noteEnd(version, status));
  }

  private addFile(path: string, since: number): void {
    if (path.includes("/node_modules/")) return;
    try {
      this.files.add(path, since);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Ends the version before, then lets the new one go on. */
  private async swap(
    version: VersionProcess,
    ready: Extract<VersionMessage, { kind: "ready" }>,
    startedAt: number,
    paths: readonly string[],
  ): Promise<void> {
    if (version !== this.next || this.isStopping) return;
    const old = this.current;
    const isFirst = !this.haveRun;
    this.current = version;
    this.next = undefined;
    this.haveRun = true;
    this.held?.close();
    this.held = holdTables(ready.tables);
    const before = this.tables;
    this.tables = ready.tables;
    if (old !== undefined) await endVersion(old);
    if (!isFirst)
      this.options.say(
        renderSwap({
          files: paths.map((path) => basename(path)),
          durationMs: readClock() - startedAt,
          kept: ready.kept,
          left: this.options.isFresh ? [] : ready.left,
          before: before.map(({ name }) => name),
          now: ready.tables.map(({ name }) => name),
        }),
      );
    version.order({ kind: "go" });
    if (!this.isStopping) this.spare ??= startVersion(constants.signals);
  }

  private noteEnd(version: VersionProcess, status: number): void {
    if (version === this.next) {
      this.next = undefined;
      if (this.isStopping) this.finish(status);
      else if (!this.haveRun && hopeless.has(status)) this.finish(status);
      else
        this.options.say(
          this.current === undefined
            ? "no version of the script runs; it starts again when a file of it is saved"
            : "the version before runs on",
        );
    } else if (version === this.current) {
      this.current = undefined;
      if (this.isStopping) this.finish(status);
      else if (this.next === undefined)
        this.options.say(`the script has ended with status ${status}; it starts again when a file of it is saved`);
    }
  }

  private stop(name: NodeJS.Signals): void {
    this.isStopping = true;
    this.spare?.signal("SIGKILL");
    if (this.current !== undefined) {
      this.next?.signal("SIGKILL");
      this.current.signal(name);
    } else if (this.next !== undefined) this.next.signal(name);
    else this.finish(0);
  }

  private fail(error: unknown): void {
    this.isStopping = true;
    for (const version of [this.spare, this.next, this.current]) version?.signal("SIGTERM");
    this.held?.close();
    this.files.close();
    this.reject(error);
  }

  private finish(status: number): void {
    this.spare?.signal("SIGKILL");
    this.held?.close();
    this.files.close();
    this.resolve(status);
  }
}

/** Ends a version like Ctrl-C, and one that goes on all the same like the second one. */
async function endVersion(version: VersionProcess): Promise<void> {
  version.signal("SIGINT");
  const again = setTimeout(() => version.signal("SIGTERM"), END_MS);
  const last = setTimeout(() => version.signal("SIGKILL"), 2 * END_MS);
  void version.ended.then(() => {
    clearTimeout(again);
    clearTimeout(last);
  });
  await version.left;
}
