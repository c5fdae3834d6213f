import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach } from "vitest";
import type { OwnLab } from "./own-lab.ts";
import { openLines } from "./read-lines.ts";

/** Frames of a device as tshark reads them. */
export interface OwnCapture {
  /** Ends the capture. */
  stop(): Promise<void>;
  /** Fields of the frames that a display filter lets through, a row a frame; those of several layers with a comma between. Checksums are checked. */
  read(filter: string, ...fields: readonly string[]): readonly (readonly string[])[];
}

const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
});

/** Begins to capture what passes by a device of a lab. */
export async function startCapture(lab: OwnLab, folder: string, place: string, device: string): Promise<OwnCapture> {
  const path = join(folder, `${lab.name}.${place}.${device}.pcapng`);
  const child = spawn(
    "nsenter",
    [`--net=/run/netns/bpfts.${lab.name}.${place}`, "dumpcap", "-q", "-w", path, "-i", device],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  running.add(child);
  child.on("exit", () => running.delete(child));
  const ended = once(child, "exit");
  const nextLine = openLines(child.stderr);
  while (!(await nextLine()).startsWith("File:"));
  return {
    async stop() {
      // What has passed is in the file soon.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      child.kill("SIGINT");
      await ended;
    },
    read: (filter, ...fields) => readFrames(path, filter, fields),
  };
}

/** Fields of the frames of a file, as tshark reads them. */
export function readFrames(path: string, filter: string, fields: readonly string[]): readonly (readonly string[])[] {
  const checks = ["ip", "tcp", "udp"].flatMap((layer) => ["-o", `${layer}.check_checksum:TRUE`]);
  const columns = fields.flatMap((field) => ["-e", field]);
  const format = ["-T", "fields", "-E", "separator=|", "-E", "aggregator=,", ...columns];
  const ports = ["-d", "udp.port==8472,vxlan"];
  const text = execFileSync("tshark", ["-n", "-r", path, ...checks, ...ports, "-Y", filter, ...format], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("|"));
}
