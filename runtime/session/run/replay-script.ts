import { basename } from "node:path";
import { InternalError, UsageError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { Scope } from "../../base/scope.ts";
import { openCacheFolder } from "../../compile/cache-folder.ts";
import { openAddon } from "../../kernel/door/addon.ts";
import type { FileGrants, FileScope } from "../../script/file-scope.ts";
import { readScript } from "../../script/read-script.ts";
import type { ScriptText } from "../../script/read-script.ts";
import type { RowChoice } from "../../../sdk/wire/row-choice.ts";
import type { RecordSink } from "../bridge/bridge-state.ts";
import { openGuestLibrary } from "./guest-library.ts";
import { quoteLines } from "./quote-lines.ts";
import { redirectOutput } from "./redirect-output.ts";
import { runGuest } from "./run-guest.ts";
import { readRecording } from "../record/recording-file.ts";
import { openReplayer, requireStart } from "../record/replayer.ts";

/** One replay of a recorded run. */
export interface ReplayRequest {
  /** The path of the recording. */
  readonly recording: string;
  /** The path of the script; the run's own unless given. */
  readonly script?: string;
  /** The script's own arguments; the run's own unless given. */
  readonly args?: readonly string[];
  /** Which rows and columns the user wants to see; as in the run unless given. */
  readonly rows?: RowChoice;
  /** The file that the output goes to, by its descriptor; standard output unless given. */
  readonly output?: number;
  /** Takes records of what the script shows. */
  readonly records?: RecordSink;
  readonly utc?: boolean;
  /** Units: bytes of memory that the script may use. */
  readonly memoryBytes: number;
  readonly log: Log;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly grants: FileGrants;
}

/**
 * Runs a script on what a run has recorded: nothing is compiled, loaded or attached, and no right is needed. Answers the exit status that the script chose.
 *
 * @throws UsageError for what is no whole recording; BpftsError of any kind that a script ends with
 */
export async function replayScript(request: ReplayRequest): Promise<number> {
  const { log, recording } = request;
  const entries = readRecording(recording);
  const start = requireStart(entries, recording);
  const scope = new Scope();
  let files: FileScope | undefined;
  try {
    const library = openGuestLibrary(openCacheFolder(request.environment, log));
    const script = await readScript(request.script ?? findScript(start, recording), {
      readLibrary: library.read,
      store: library.store,
      grants: request.grants,
    });
    files = script.scope;
    const port = openAddon();
    port.signalsCatch();
    scope.defer(() => port.signalsRelease());
    process.env["TZ"] = request.utc === true ? "UTC" : requireZone(start["timeZone"], recording);
    const replayer = openReplayer(entries, recording, {
      ...(request.args && { args: request.args }),
      ...(request.rows && { rows: request.rows }),
    });
    scope.own(replayer);
    const refuse = (): never => {
      throw new InternalError("A replay came to the kernel");
    };
    return await runGuest({
      script,
      library: library.guest,
      args: request.args ?? [],
      port: redirectOutput(port, request.output),
      build: refuse,
      openTracePipe: refuse,
      log,
      memoryBytes: request.memoryBytes,
      ...(request.records && { records: request.records }),
      tape: replayer.tape,
    });
  } catch (error) {
    throw files === undefined ? error : quoteLines(error, files);
  } finally {
    scope.close();
  }
}

/** The name of a time zone, which the C library must not take for a path. @throws UsageError */
function requireZone(name: unknown, recording: string): string {
  if (typeof name === "string" && /^[A-Za-z][\w+-]*(?:\/[\w+-]+)*$/.test(name)) return name;
  throw new UsageError(`The recording "${recording}" has no time zone that this machine knows`, {
    hint: "give one: --utc",
  });
}

/**
 * The script of the run: its path, or its text where it stands in no file.
 *
 * @throws UsageError for a path that is no script's
 */
function findScript({ script, text }: Readonly<Record<string, unknown>>, recording: string): string | ScriptText {
  const path = script as string;
  // Its name is no path: a recording of somebody else's must not choose the folder that it reads.
  if (typeof text === "string") return { name: basename(path), text, sources: {} };
  // What is wrong with a script is told with the script's line, and any file would do as one.
  if (/\.(?:[cm]?[jt]sx?|c)$/.test(path)) return path;
  throw new UsageError(`The recording "${recording}" says that its script is "${path}", which is no script's name`, {
    hint: "name the script: bpfts replay RECORDING SCRIPT",
  });
}
