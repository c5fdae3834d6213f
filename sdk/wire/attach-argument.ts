/** Names are BCC's, with the host's spelling; the host's `AttachRequest` has the same rows. */
export type AttachArgument =
  | {
      readonly kind: "kprobe" | "kretprobe";
      readonly fnName: string;
      readonly event?: string;
      readonly eventRe?: string;
      readonly eventOff?: number;
      readonly maxactive?: number;
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
      readonly kind: "func";
      readonly fnName: string;
      readonly attachType: number;
      /** Exactly one of the two: the path of a cgroup, the name of a map. */
      readonly cgroup?: string;
      readonly map?: string;
    }
  | {
      readonly kind: "perf_event";
      readonly fnName: string;
      readonly evType: number;
      readonly evConfig: number;
      readonly samplePeriod?: number;
      readonly sampleFreq?: number;
      readonly pid?: number;
      readonly cpu?: number;
    };
