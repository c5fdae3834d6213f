/** Something that a script can name and its host can open for the length of a call. */
export type KernelObject =
  | { readonly kind: "map"; readonly map: number }
  | { readonly kind: "function"; readonly program: number; readonly name: string }
  | { readonly kind: "cgroup" | "file"; readonly path: string }
  | { readonly kind: "process"; readonly pid: number }
  /** A descriptor of another process. */
  | { readonly kind: "socket"; readonly pid: number; readonly fd: number };
