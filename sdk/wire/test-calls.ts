/** What the host reads of a script besides its text: records of what it shows, and what a file of tests comes to. */
export interface TestCalls {
  /** Records of what the script shows, a JSON object a line: `OutputRecord`. */
  record_output: { readonly kind: "json"; readonly argument: string; readonly reply: null };
  /** Tells of a test. Answers whether the file is to go on with it. */
  note_test: { readonly kind: "json"; readonly argument: TestNote; readonly reply: TestAnswer };
  /** Runs a script on a recording in a process of its own. Paths are taken from the folder of the file of tests. */
  replay_script: { readonly kind: "json"; readonly argument: ReplayArgument; readonly reply: ReplayReply };
}

/** How the answers of these calls cross. */
export const testCallKinds: { readonly [Name in keyof TestCalls]: TestCalls[Name]["kind"] } = {
  record_output: "json",
  note_test: "json",
  replay_script: "json",
};

/** A moment of a test. */
export type TestNote =
  /** It is there. `stack` is where it was declared; `root` says that it needs root. */
  | {
      readonly kind: "declare";
      readonly name: string;
      readonly stack: string;
      readonly skip: string | null;
      readonly root: boolean;
    }
  | { readonly kind: "begin"; readonly test: number }
  | { readonly kind: "end"; readonly test: number; readonly failure: TestFailure | null };

/** Why a test failed. */
export interface TestFailure {
  readonly message: string;
  /** Its frames in the script's files, one a line. */
  readonly stack: string;
  /** The place that the error itself names, of a line of C for example. */
  readonly location: { readonly file: string; readonly line: number; readonly column?: number } | null;
  readonly hint: string | null;
  /** What was expected and what was there, a line each with "-", "+" or " " before it; empty for an error that is no comparison. */
  readonly diff: readonly string[];
  /** Whether a signal, or the end of the test's time, is the reason. */
  readonly isInterrupt: boolean;
}

/** What is to become of a test that was declared or is to begin. */
export interface TestAnswer {
  /** Its number, from 1. */
  readonly test: number;
  readonly runs: boolean;
}

/** What `replay` takes. */
export interface ReplayArgument {
  readonly recording: string;
  readonly script: string | null;
  readonly args: readonly string[] | null;
}

/** What a replay came to. */
export interface ReplayReply {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
  /** A JSON object a line. */
  readonly records: string;
}
