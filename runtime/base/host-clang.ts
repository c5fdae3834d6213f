/** Names the port through which a guest asks its host to run clang: emulated, clang takes twenty times as long. */
export const hostClangVariable = "BPFTS_HOST_CLANG";

/** One run of clang that a guest asks for. Shape: a line of JSON. */
export interface HostClangRequest {
  /** Comes back with the answer: what was asked by a process that is gone may still arrive. */
  readonly id: string;
  readonly clang: string;
  readonly args: readonly string[];
  readonly input: string;
}

/** What became of it. Shape: a line of JSON. */
export interface HostClangAnswer {
  readonly id: string;
  /** clang's status; absent when the host would not, or could not, run it. */
  readonly status?: number;
  readonly stderr?: string;
  /** A file of the host's with what clang made; there until the next request. */
  readonly output?: string;
}
