/** A handle, or a negative errno. */
export type Handle = number;
/** 0 or a positive answer, or a negative errno. */
export type Status = number;
