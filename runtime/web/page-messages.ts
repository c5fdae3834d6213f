/** What the thread of a page is started with. */
export interface PageSettings {
  readonly host: string;
  readonly port: number;
  readonly title: string;
  /** Units: milliseconds. */
  readonly stepMs: number;
  /** One number that both threads count in: messages that were sent and not read yet. */
  readonly waiting: Int32Array;
}

/** What the run tells it. */
export type PageMessage =
  | { readonly kind: "records"; readonly lines: string }
  | { readonly kind: "text"; readonly text: string }
  /** `dropped`: records that were not sent, because too many waited. */
  | { readonly kind: "end"; readonly dropped: number };

/** What it answers. */
export type PageReply =
  | { readonly kind: "open"; readonly url: string }
  | { readonly kind: "failed"; readonly reason: string };
