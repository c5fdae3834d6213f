import type { CSource } from "../../dialect/text/unit.ts";
import type { Handle, KernelPort } from "../../kernel/door/port.ts";
import type { BuiltProgram } from "../load/program.ts";

/** Whose a process was. */
export interface EndedProcess {
  readonly cgroup: bigint;
  readonly uid: number;
}

/** What is known of processes that are gone when somebody asks about them. */
export interface EndedProcesses {
  find(pid: number): EndedProcess | undefined;
  /** Begins to take notes, once; `load` builds, loads and attaches a program. */
  start(load: (source: CSource) => Pick<BuiltProgram, "findMap">): void;
}

const table = "ended";

/** A process ends with its main thread, as far as /proc shows whose it is. */
const source: CSource = {
  name: "<ended processes>",
  folder: "/",
  text: `struct ended_t { u64 cgroup; u32 uid; };
BPF_TABLE("lru_hash", u32, struct ended_t, ${table}, 16384);
TRACEPOINT_PROBE(sched, sched_process_exit) {
    u64 id = bpf_get_current_pid_tgid();
    u32 pid = id >> 32;
    if ((u32)id != pid) return 0;
    struct ended_t data = {};
    data.cgroup = bpf_get_current_cgroup_id();
    data.uid = bpf_get_current_uid_gid();
    ${table}.update(&pid, &data);
    return 0;
}
`,
};

/** Opens the notes; nothing is noted before they are started. */
export function openEndedProcesses(port: KernelPort): EndedProcesses {
  let map: Handle | undefined;
  let isStarted = false;
  return {
    start(load) {
      if (isStarted) return;
      isStarted = true;
      map = load(source).findMap(table);
    },
    find(pid) {
      if (map === undefined) return undefined;
      const value = port.mapLookup(map, new Uint8Array(Uint32Array.of(pid).buffer), 0);
      if (typeof value === "number") return undefined;
      const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
      return { cgroup: view.getBigUint64(0, true), uid: view.getUint32(8, true) };
    },
  };
}
