declare const __BPFTS_BUILD__: string | undefined;

/** Changes with every build of the host's code, so that no cache outlives what filled it; `source` when it runs from its sources. */
export const buildId: string = typeof __BPFTS_BUILD__ === "string" ? __BPFTS_BUILD__ : "source";
