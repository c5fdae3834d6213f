import { BPFProgType } from "../../../sdk/abi/program-types.ts";
import { describeHolders, renderHolders } from "../objects/describe-holders.ts";
import type { HolderRow } from "../objects/describe-holders.ts";
import { renderTarget } from "../objects/describe-target.ts";
import type { LiveObjects } from "../objects/live-objects.ts";
import { renderColumns, renderFacts } from "../objects/render-columns.ts";
import { readLiveNotes } from "../../kernel/live/live-object.ts";
import type { ProgramInfo } from "../../kernel/live/program-info.ts";
import { systemFiles } from "../../kernel/door/system-files.ts";

/** A program as `--json` prints it; what bpftool prints too has its name there. */
export interface ProgramRow {
  readonly id: number;
  readonly type: string;
  readonly name: string;
  readonly tag: string;
  readonly gpl_compatible: boolean;
  readonly uid: number;
  /** Units: seconds since 1970. */
  readonly loaded_at: number;
  readonly bytes_xlated: number;
  readonly jited: boolean;
  readonly bytes_jited: number;
  readonly bytes_memlock?: number;
  readonly map_ids: readonly number[];
  readonly btf_id?: number;
  readonly verified_insns?: number;
  readonly run_time_ns: bigint;
  readonly run_cnt: bigint;
  readonly recursion_misses: bigint;
  readonly attached: readonly AttachedRow[];
  readonly pids: readonly HolderRow[];
  readonly pinned: readonly string[];
}

/** A link of a program. */
export interface AttachedRow {
  readonly link_id: number;
  readonly to: string;
}

/** The name of a program's type in the kernel's words; a number for one of a newer kernel. */
export function nameProgramType(type: number): string {
  const found = Object.entries(BPFProgType).find(([, number]) => number === type);
  return found === undefined ? `type ${type}` : found[0].toLowerCase();
}

/** Describes programs: what they are, who has them and where they are attached. */
export function describePrograms(objects: LiveObjects, programs: readonly ProgramInfo[]): readonly ProgramRow[] {
  const bootSeconds = readBootSeconds();
  return programs.map((program) => ({
    id: program.id,
    type: nameProgramType(program.type),
    name: objects.nameProgram(program),
    tag: program.tag,
    gpl_compatible: program.isGpl,
    uid: program.uid,
    loaded_at: Math.floor(bootSeconds + Number(program.loadTimeNs) / 1e9),
    bytes_xlated: program.xlatedBytes,
    jited: program.jitedBytes > 0,
    bytes_jited: program.jitedBytes,
    ...readMemory(objects, program.id),
    map_ids: program.mapIds,
    ...(program.btfId > 0 && { btf_id: program.btfId }),
    ...(program.verifiedInstructions > 0 && { verified_insns: program.verifiedInstructions }),
    run_time_ns: program.runTimeNs,
    run_cnt: program.runCount,
    recursion_misses: program.recursionMisses,
    attached: objects
      .listLinks()
      .filter(({ programId }) => programId === program.id)
      .map((link) => ({ link_id: link.id, to: renderTarget(objects, link) })),
    pids: describeHolders(objects.listHolders("program", program.id)),
    pinned: objects.listPins("program", program.id),
  }));
}

/** Renders a table of programs. */
export function renderPrograms(rows: readonly ProgramRow[]): string {
  return renderColumns(
    ["ID", "TYPE", "NAME", "ATTACHED TO", "HELD BY"],
    rows.map(({ id, type, name, attached, pids, pinned }) => [
      id,
      type,
      name,
      attached.length === 0 ? "-" : attached.map(({ to }) => to).join(", "),
      renderHolders(pids, pinned),
    ]),
  );
}

/** Renders all that is known of one program. */
export function renderProgram(objects: LiveObjects, row: ProgramRow): string {
  const maps = row.map_ids.map((id) => {
    const map = objects.findMap(id);
    return map === undefined || map.name === "" ? String(id) : `${id} ${map.name}`;
  });
  const list = (texts: readonly string[]): string | undefined => (texts.length === 0 ? undefined : texts.join(", "));
  return `program ${row.id}  ${row.type}  ${row.name}\n${renderFacts({
    tag: row.tag,
    loaded: `${new Date(row.loaded_at * 1000).toISOString().replace(".000Z", "Z")} by uid ${row.uid}`,
    license: row.gpl_compatible ? "compatible with the GPL" : "not compatible with the GPL",
    size: `${row.bytes_xlated} bytes (${row.bytes_xlated / 8} instructions), ${
      row.jited ? `${row.bytes_jited} bytes of machine code` : "interpreted"
    }${row.bytes_memlock === undefined ? "" : `, ${row.bytes_memlock} bytes of memory`}`,
    verified: row.verified_insns === undefined ? undefined : `${row.verified_insns} steps of the verifier`,
    maps: list(maps),
    types: row.btf_id === undefined ? "none: no names of lines and functions" : `BTF ${row.btf_id}`,
    runs: row.run_cnt === 0n ? undefined : `${row.run_cnt}, ${row.run_time_ns} ns in all`,
    missed: row.recursion_misses === 0n ? undefined : `${row.recursion_misses} runs, within itself`,
    attached: list(row.attached.map(({ link_id, to }) => `${to} (link ${link_id})`)),
    "held by": list(
      row.pids.map(
        ({ pid, comm, cgroup, container }) => `${comm} (pid ${pid}, ${container ?? `cgroup ${cgroup || "unknown"}`})`,
      ),
    ),
    pinned: list(row.pinned),
  })}`;
}

/** Absent when the program is gone. */
function readMemory(objects: LiveObjects, id: number): Pick<ProgramRow, "bytes_memlock"> {
  const memory = readLiveNotes(objects.port, "program", id).get("memlock");
  return memory === undefined ? {} : { bytes_memlock: Number(memory) };
}

/** When the machine began to run. Units: seconds since 1970. */
function readBootSeconds(): number {
  return Date.now() / 1000 - Number(systemFiles.readText("/proc/uptime", "latin1").split(" ")[0]);
}
