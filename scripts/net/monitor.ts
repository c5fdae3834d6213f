// Tells what becomes of each packet that policy, service and overlay see: let through, dropped and by which rule, led to which backend or node.
// Subject: networking
//
//   bpfts monitor --pin net
//   bpfts monitor -t drop -o json | jq .rule
//
// Source: the lines of `cilium monitor`, the fields of Hubble's flows.
import { Interrupt, eprint, parse_args, pcap, poll_events, print, tool_options } from "bpfts";
import { NoticeNames } from "./parts/notice-names.ts";
import {
  describe_capture,
  describe_flow,
  notice_types,
  open_notices,
  read_notice,
  render_compact,
  render_line,
  render_verbose,
} from "./parts/notices.ts";
import type { NoticeHead } from "./parts/notices.ts";
import { open_pinned } from "./parts/pinned-tables.ts";
import { claim_pins, pinned_option } from "./parts/pins.ts";
import { refuse } from "./parts/usage.ts";

const args = parse_args({
  description: "Tell what becomes of each packet that policy, service and overlay --pin see",
  examples: `
examples:
    bpfts monitor                          # events of --pin net, in the lines of cilium monitor
    bpfts monitor -t drop -t policy-verdict
    bpfts monitor --related-to pod2 -vv    # with every layer of each packet
    bpfts monitor -o json | jq 'select(.verdict == "DROPPED") | .rule'
    bpfts monitor -o compact               # in the lines of hubble observe
    bpfts monitor -t drop --pcap drops.pcapng    # the packets for Wireshark, each with its verdict; lines with -v and -o only
    bpfts monitor --pcap - | tshark -r - -Y 'frame.verdict.ebpf_tc == 2'

It may begin before or behind the scripts that it listens to, once their tables are there. One monitor listens to a name at a time.`,
  arguments: {
    pin: pinned_option,
    type: {
      flags: ["-t", "--type"],
      choices: [...notice_types.keys()],
      repeat: true,
      help: "only these: drop, trace, policy-verdict; may be given more than once",
    },
    related_to: {
      flags: ["--related-to"],
      type: "string",
      metavar: "ENDPOINT",
      help: "only what this endpoint sends and takes in, by its name or number",
    },
    numeric: { flags: ["-n", "--numeric"], help: "identities and devices by their numbers" },
    verbose: { flags: ["-v", "--verbose"], help: "a line of what was decided and one of the packet" },
    very_verbose: { flags: ["-vv", "--very-verbose"], help: "with each layer of the packet" },
    output: { flags: ["-o", "--output"], choices: ["compact", "json"], help: "lines of hubble observe, or its JSON" },
    duration: tool_options.duration,
  },
});

const pinned = open_pinned("monitor", args.pin);
const VERDICT = notice_types.get("policy-verdict")!;
const types = new Set(args.type.map((word) => notice_types.get(word)!));
const find_related = (word: string): number => {
  const found = pinned.endpoints.find(({ name, id }) => name === word || String(id) === word);
  if (found !== undefined) return found.id;
  const known = pinned.endpoints.map(({ name }) => name).join(", ");
  return refuse("monitor", `there is no endpoint "${word}"; ${args.pin} has ${known || "none"}`);
};
const related_to = args.related_to === undefined ? undefined : find_related(args.related_to);
claim_pins("monitor", args.pin, "monitor");
const names = new NoticeNames(pinned);

let events = 0;
let lost = 0;
let untold = 0;

function tell_lost(): void {
  if (untold === 0) return;
  if (args.output === "json")
    print(JSON.stringify({ lost_events: { source: "PERF_EVENT_RING_BUFFER", num_events_lost: untold } }));
  else print(`Lost ${untold} events`);
  untold = 0;
}

function show(event: { readonly head: NoticeHead; readonly packet: Uint8Array }, cpu: number): void {
  events++;
  const { type, endpoint } = event.head;
  if (types.size > 0 && !types.has(type)) return;
  if (related_to !== undefined && endpoint !== related_to) return;
  const notice = read_notice(event, cpu, names, args.numeric);
  // A verdict is about the packet that is told of next, too.
  if (pcap.wanted && (type !== VERDICT || types.has(VERDICT)))
    pcap.write(describe_capture(notice, event.packet.subarray(0, event.head.captured)));
  if (args.output === "json") print(JSON.stringify(describe_flow(notice)));
  else if (args.output === "compact") print(render_compact(notice));
  else if (args.verbose || args.very_verbose) print(render_verbose(notice, args.very_verbose));
  else if (!pcap.wanted) print(render_line(notice));
}

open_notices(args.pin)
  .table<never, never>("notices")
  .open_perf_buffer((event: unknown, cpu: number) => show(event as Parameters<typeof show>[0], cpu), {
    by_time: true,
    page_cnt: 256,
    lost_cb: (count) => {
      lost += count;
      untold += count;
    },
  });
eprint(`Listening for events of ${args.pin}. Ctrl-C to end.`);
/** A line for each loss would be of no use. Units: seconds. */
const TELL_LOST = 1;
const end = args.duration === undefined ? Number.POSITIVE_INFINITY : Date.now() + args.duration * 1000;
try {
  for (;;) {
    const left = (end - Date.now()) / 1000;
    if (left <= 0) break;
    poll_events(Math.min(TELL_LOST, left));
    tell_lost();
  }
} catch (error) {
  if (!(error instanceof Interrupt)) throw error;
}
tell_lost();
eprint(`${events} events, ${lost} lost.`);
