import { ArgumentError, BPF, read_file } from "bpfts";
import { refuse } from "./usage.ts";

/** The type of an argument that names a folder of pins. */
export function parse_pin_name(text: string): string {
  if (/^\w[\w-]{0,62}$/.test(text)) return text;
  throw new Error(`invalid name: '${text}' (letters, digits, "-" and "_", as web)`);
}

/** The argument of a script that pins its tables. */
export const pin_option = {
  flags: ["--pin"],
  type: parse_pin_name,
  optional: true,
  metavar: "NAME",
  help: "keep the tables below /sys/fs/bpf/bpfts/NAME, where conntrack, netlist and monitor read them; they stay after the script",
} as const;

/** The argument of a script that reads the tables of others. */
export const pinned_option = {
  flags: ["--pin"],
  type: parse_pin_name,
  metavar: "NAME",
  default: "net",
  help: "whose tables: the NAME of their --pin (default %(default)s)",
} as const;

/** The folder of a name. */
export function find_pins(name: string): string {
  return `/sys/fs/bpf/bpfts/${name}`;
}

/** When a process began, by the kernel's clock: two of one number began at other times. Undefined when there is none. Source: proc_pid_stat(5) */
function read_process(pid: number | "self"): { readonly pid: number; readonly started: bigint } | undefined {
  try {
    const text = read_file(`/proc/${pid}/stat`);
    const rest = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { pid: Number.parseInt(text, 10), started: BigInt(rest[19]!) };
  } catch {
    return undefined;
  }
}

/** Makes this process the one that writes, or reads, certain tables of a name. Ends the script when another one does. */
export function claim_pins(tool: string, name: string, role: "policy" | "service" | "overlay" | "monitor"): void {
  const b = new BPF({
    text: /* c */ `
struct owner_key { char role[16]; };
struct owner { u64 started; u32 pid, unused; };
BPF_HASH(owners, struct owner_key, struct owner, 64);
`,
    pins: { owners: `${find_pins(name)}/owners` },
  });
  const { owners } = b.tables;
  const known = owners.get({ role });
  if (known !== undefined && known.started === read_process(known.pid)?.started)
    refuse(
      tool,
      role === "monitor"
        ? `the events of "${name}" are read by process ${known.pid} already: each event has one reader`
        : `the tables of "${name}" are written by ${role === "overlay" ? "an" : "a"} ${role} already, process ${known.pid}: give another --pin`,
    );
  const own = read_process("self");
  if (own !== undefined) owners.set({ role }, { ...own, unused: 0 });
}

/** Opens what may be there. Answers undefined where nothing is pinned. */
export function open_if_pinned<Program>(open: () => Program): Program | undefined {
  try {
    return open();
  } catch (error) {
    if (/nothing is pinned at/.test((error as Error).message)) return undefined;
    throw error;
  }
}

/** Ends a script whose name has no tables. */
export function refuse_unpinned(tool: string, name: string): never {
  return refuse(
    tool,
    `there are no tables at ${find_pins(name)}: start policy, service or overlay with --pin ${name} first`,
  );
}

/** A text that fits into a room of so many bytes with its end; whole characters only. */
export function cut_text(text: string, room: number): string {
  if (room < 1) throw new ArgumentError("BPFTS_ARGUMENT", "a text needs room for its end");
  let cut = text;
  while (new TextEncoder().encode(cut).length >= room) cut = [...cut].slice(0, -1).join("");
  return cut;
}
