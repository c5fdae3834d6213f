/** Where bundles of earlier runs are kept; absent means that every run bundles anew. */
export interface BundleStore {
  find(name: string): Buffer | undefined;
  write(name: string, body: Uint8Array): void;
}
