import type { AttachRequest } from "./program.ts";

/** The request whose kinds include the given one. */
export type RequestOf<Kind, Request = AttachRequest> = Request extends { kind: infer Kinds }
  ? Kind extends Kinds
    ? Request
    : never
  : never;
