declare const __BPFTS_VERSION__: string | undefined;

/** The package's version; `0.0.0-source` when the CLI runs from its sources. */
export const version: string = typeof __BPFTS_VERSION__ === "string" ? __BPFTS_VERSION__ : "0.0.0-source";
