/** What was there of each kind. */
export type Stock = readonly {
  readonly kind: string;
  readonly things: ReadonlyMap<string | number, { readonly description: string; readonly pids: readonly number[] }>;
}[];

export declare const runMark: string;
export declare function takeStock(touchesKernel?: boolean): Stock;
export declare function findLeaks(before: Stock, mark: string, patienceMs?: number): Promise<readonly string[]>;
