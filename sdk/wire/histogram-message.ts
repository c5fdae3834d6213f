/** A row of a histogram as it crosses to the host: its ends and its count, decimal. The lowest and the highest row may have one end only. */
export type HistogramRow = readonly [from: string | null, to: string | null, count: string];

/** What a script has counted since it last showed the same histograms, as it crosses to the host. */
export interface HistogramMessage {
  /** Tells the histograms of one table from those of another: times are measured between those of one. */
  readonly series: string;
  /** What is counted: "usecs". */
  readonly unit: string;
  /** One for each thing that is told apart, named "disk = sda"; one without a name where nothing is. */
  readonly sections: readonly { readonly name: string; readonly rows: readonly HistogramRow[] }[];
}
