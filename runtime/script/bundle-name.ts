/** The name of the script inside the bundle's stack traces. */
export const bundleName = "bpfts-script.js";
