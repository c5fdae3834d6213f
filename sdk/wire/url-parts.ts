/** The parts of an address. Source: the URL standard */
export const urlParts = [
  "href",
  "origin",
  "protocol",
  "username",
  "password",
  "host",
  "hostname",
  "port",
  "pathname",
  "search",
  "hash",
] as const;

/** The parts of an address, as text. */
export type UrlParts = Readonly<Record<(typeof urlParts)[number], string>>;
