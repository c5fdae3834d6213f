/** Names are BCC's, with the host's spelling; the host's `AttachRequest` has the same rows. */
export type AttachArgument =
  | {
      readonly kind: "kprobe" | "kretprobe";
      readonly fnName: string;
      readonly event?: string;
      readonly eventRe?: string;
      readonly eventOff?: number;
      readonly maxactive?: number;
      /** Entry and return as one. */
      readonly session?: boolean;
      readonly limit?: number;
    }
  | {
      readonly kind: "tracepoint";
      readonly fnName: string;
      readonly tp?: string;
      readonly tpRe?: string;
      readonly limit?: number;
    }
  | { readonly kind: "raw_tracepoint"; readonly fnName: string; readonly tp: string }
  | { readonly kind: "kfunc" | "kretfunc" | "fmod_ret" | "lsm"; readonly fnName: string }
  | {
      readonly kind: "uprobe" | "uretprobe";
      readonly fnName: string;
      readonly name: string;
      readonly sym?: string;
      readonly symRe?: string;
      readonly addr?: string;
      readonly symOff?: number;
      readonly pid?: number;
      readonly limit?: number;
    }
  | {
      readonly kind: "usdt";
      readonly fnName: string;
      readonly path: string;
      readonly provider: string;
      readonly probe: string;
      readonly pid?: number;
      readonly ignorePid?: boolean;
    }
  | {
      readonly kind: "freplace";
      readonly fnName: string;
      /** The program whose function is replaced: a loaded function of a script's program, an id, a path below bpffs. */
      readonly target:
        | { readonly program: number; readonly name: string }
        | { readonly id: number }
        | { readonly pin: string };
      /** Absent where the section names it. */
      readonly func?: string;
    }
  | {
      readonly kind: "func";
      readonly fnName: string;
      readonly attachType: number;
      /** Exactly one of the two: the path of a cgroup, the name of a map. */
      readonly cgroup?: string;
      readonly map?: string;
    }
  | PerfEventArgument;

/** A perf event. Names are those of struct perf_event_attr. */
export interface PerfEventArgument {
  readonly kind: "perf_event";
  readonly fnName: string;
  readonly evType: number;
  /** In decimal: raw events have 64 bits. */
  readonly evConfig: string;
  readonly samplePeriod?: number;
  readonly sampleFreq?: number;
  readonly pid?: number;
  readonly cpu?: number;
  readonly config1?: string;
  readonly config2?: string;
  readonly bpType?: number;
  readonly preciseIp?: number;
  readonly flags?: Readonly<Partial<Record<PerfFlag, boolean>>>;
}

/** A bit of an event that is on or off. */
export type PerfFlag =
  | "inherit"
  | "pinned"
  | "exclusive"
  | "excludeUser"
  | "excludeKernel"
  | "excludeHv"
  | "excludeIdle"
  | "excludeHost"
  | "excludeGuest";
