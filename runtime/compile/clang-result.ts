/** What a run of clang left behind. */
export interface ClangResult {
  readonly ok: boolean;
  readonly stdout: Buffer;
  readonly stderr: string;
}
