/**
 * Where the dialect puts tables of struct_ops. libbpf makes a map of every table in its own section as soon as an object is opened; in this one it
 * leaves them alone until the script attaches them.
 */
export const structOpsSection = ".struct_ops.off";
