import { spawn } from "node:child_process";
import { createRequire } from "node:module";

/** A place in a file as TypeScript's server counts. Units: 1-based line and column. */
export interface ServerPlace {
  readonly line: number;
  readonly offset: number;
}

interface ServerMessage {
  readonly type: "response" | "event";
  readonly request_seq?: number;
  readonly event?: string;
  readonly success?: boolean;
  readonly message?: string;
  readonly body?: unknown;
}

/** TypeScript's server, as editors talk to it. */
export interface TsServer {
  /** Answers the body of the response. */
  request<T>(command: string, args: object): Promise<T>;
  /** Waits for an event that a test takes. */
  waitFor<T>(event: string, takes: (body: T) => boolean): Promise<T>;
  /** Asks for a file's diagnostics and waits for the semantic ones. */
  diagnose(file: string): Promise<
    readonly {
      readonly text: string;
      readonly start: ServerPlace;
      readonly end: ServerPlace;
      readonly source?: string;
    }[]
  >;
  close(): Promise<void>;
}

/** Starts TypeScript's server with the plugins of the workspace. Owner: the caller closes it. */
export function openTsServer(folder: string): TsServer {
  const program = createRequire(import.meta.url).resolve("typescript/lib/tsserver.js");
  const child = spawn(process.execPath, [program, "--allowLocalPluginLoads", "--disableAutomaticTypingAcquisition"], {
    cwd: folder,
    stdio: ["pipe", "pipe", "inherit"],
  });
  let count = 0;
  let received = "";
  const answers = new Map<number, (message: ServerMessage) => void>();
  const listeners = new Set<(message: ServerMessage) => void>();
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    received += chunk;
    const lines = received.split("\n");
    received = lines.pop()!;
    for (const line of lines.filter((each) => each.startsWith("{"))) {
      const message = JSON.parse(line) as ServerMessage;
      if (message.type === "response") answers.get(message.request_seq!)?.(message);
      else for (const listener of [...listeners]) listener(message);
    }
  });
  const send = (command: string, args: object): number => {
    const seq = ++count;
    child.stdin.write(`${JSON.stringify({ seq, type: "request", command, arguments: args })}\n`);
    return seq;
  };
  const waitFor = <T>(event: string, takes: (body: T) => boolean): Promise<T> =>
    new Promise((resolve) => {
      const listen = (message: ServerMessage): void => {
        if (message.event !== event || !takes(message.body as T)) return;
        listeners.delete(listen);
        resolve(message.body as T);
      };
      listeners.add(listen);
    });
  return {
    request: (command, args) =>
      new Promise((resolve, reject) => {
        const seq = send(command, args);
        answers.set(seq, ({ success, message, body }) => {
          answers.delete(seq);
          if (success === false) reject(new Error(`${command}: ${message}`));
          else resolve(body as never);
        });
      }),
    waitFor,
    async diagnose(file) {
      const came = waitFor<{ file: string; diagnostics: never[] }>("semanticDiag", (body) => body.file === file);
      send("geterr", { files: [file], delay: 0 });
      return (await came).diagnostics;
    },
    close: () =>
      new Promise((resolve) => {
        child.on("exit", () => resolve());
        child.stdin.end();
      }),
  };
}
