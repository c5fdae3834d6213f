/** The container of a process. */
export interface ContainerReply {
  readonly name: string;
  /** NAMESPACE/POD; null where it is in none. */
  readonly pod: string | null;
}
