/** A script's regular expression for names of functions and tracepoints. */
export interface NamePattern {
  test(name: string): boolean;
}
