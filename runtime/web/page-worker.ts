import { parentPort, workerData } from "node:worker_threads";
import type { PageMessage, PageReply, PageSettings } from "./page-messages.ts";
import { openPageServer } from "./page-server.ts";
import { PageState } from "./page-state.ts";

// The thread that serves the page of a run: the run's own thread waits in the kernel, or for the script, and serves nobody.
const { host, port, title, stepMs, waiting } = workerData as PageSettings;
const state = new PageState(() => Date.now());
const reply = (message: PageReply): void => parentPort!.postMessage(message);

openPageServer({ host, port, title, stepMs, state }).then(
  (server) => {
    parentPort!.on("message", (message: PageMessage) => {
      Atomics.sub(waiting, 0, 1);
      if (message.kind === "end") state.dropped += message.dropped;
      if (message.kind === "records") state.add(message.lines);
      else if (message.kind === "text") state.addText(message.text);
      else void server.end().then(() => parentPort!.close());
    });
    reply({ kind: "open", url: server.url });
  },
  (error: NodeJS.ErrnoException) => {
    reply({ kind: "failed", reason: error.code ?? error.message });
    parentPort!.close();
  },
);
