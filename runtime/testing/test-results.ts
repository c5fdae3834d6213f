import type { SourceLocation } from "../base/location.ts";

/** What became of a test. */
export interface TestResult {
  readonly name: string;
  readonly status: "passed" | "failed" | "skipped";
  /** Units: milliseconds. */
  readonly durationMs: number;
  /** Why it was skipped. */
  readonly reason?: string;
  readonly failure?: Failure;
}

/** Why a test, or a file, failed. */
export interface Failure {
  readonly message: string;
  readonly hint?: string;
  readonly location?: SourceLocation;
  /** Lines with "-", "+" or " " before them. */
  readonly diff: readonly string[];
}

/** What became of the tests of a file. */
export interface FileResult {
  /** Absolute path. */
  readonly file: string;
  readonly results: readonly TestResult[];
  /** Where the file itself failed: it cannot be read, throws outside of tests, or has none. */
  readonly failure?: Failure;
  /** Tests that -t does not choose. */
  readonly unchosen: number;
  /** Whether Ctrl-C ended it. */
  readonly isInterrupted: boolean;
}
