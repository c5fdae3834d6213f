import { createHash } from "node:crypto";
import { ANSWER_MARK } from "../../../sdk/wire/protocol.ts";
import type { MapReply } from "../../../sdk/wire/protocol.ts";

/** Calls that a replay makes itself: they ask nothing of the kernel or the machine. */
export const liveCalls: ReadonlySet<string> = new Set([
  "write",
  "write_error",
  "exit",
  "render_stack",
  "record_stack",
  "record_histogram",
  "record_packet",
  "record_output",
  "lazy_module",
  "split_columns",
  "parse_url",
  "change_url",
]);

/** Calls that wait: time passes in them, and what a script is told differs before and after. */
export const waitingCalls: ReadonlySet<string> = new Set(["wait", "poll", "trace_read"]);

/** Names calls so that the same question has the same name in another run of the script. */
export interface CallNames {
  /** The name of a call with what it asks, but for its bytes' size as they are. */
  name(call: string, argument: string, bytes: Uint8Array): string;
  /** Learns the numbers that an answer hands out. */
  learn(call: string, argument: string, answer: string | Uint8Array): void;
  /** A map as the script calls it. */
  findMap(map: number): MapReply | undefined;
}

/** Longer bytes are named by a hash. */
const PLAIN_BYTES = 48;

/** Opens the names of one run: maps and buffers go by their names, since numbers depend on the order of calls. */
export function openCallNames(): CallNames {
  const maps = new Map<number, { readonly name: string; readonly reply: MapReply }>();
  const rings = new Map<number, string>();
  const counts = new Map<string, number>();

  const addMap = (reply: MapReply, name: string): void => {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    maps.set(reply.map, { name: count === 1 ? name : `${name} ${count}`, reply });
  };
  const nameMap = (map: unknown): unknown => maps.get(map as number)?.name ?? map;

  return {
    name(call, argument, bytes) {
      if (call === "build") return `${call} ${argument}`;
      const given: unknown = JSON.parse(argument);
      const fields = typeof given === "object" && given !== null ? (given as Record<string, unknown>) : {};
      // How a buffer is read and printed is the script's own affair.
      if (call === "ring_open") return `${call} ${String(nameMap(fields["map"]))} ${String(fields["kind"])}`;
      const shown = {
        ...fields,
        ...("map" in fields && { map: nameMap(fields["map"]) }),
        ...("ring" in fields && { ring: rings.get(fields["ring"] as number) ?? fields["ring"] }),
      };
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const tail =
        text.length === 0
          ? ""
          : text.length <= PLAIN_BYTES
            ? ` ${text.toString("hex")}`
            : ` ${createHash("sha256").update(text).digest("hex")}`;
      return `${call} ${JSON.stringify(shown)}${tail}`;
    },
    learn(call, argument, answer) {
      if (typeof answer !== "string" || !answer.startsWith(ANSWER_MARK)) return;
      if (call === "build") {
        const { maps: made } = JSON.parse(answer.slice(1)) as { readonly maps: readonly MapReply[] };
        for (const reply of made) addMap(reply, reply.name);
      } else if (call === "inner_map_create" || call === "inner_map_open") {
        const reply = JSON.parse(answer.slice(1)) as MapReply | null;
        if (reply !== null && !maps.has(reply.map)) addMap(reply, `${reply.name} inside`);
      } else if (call === "ring_open") {
        rings.set(Number(answer.slice(1)), (JSON.parse(argument) as { readonly name: string }).name);
      }
    },
    findMap: (map) => maps.get(map)?.reply,
  };
}
