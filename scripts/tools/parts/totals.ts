import { is_json_output, print, printf } from "bpfts";
import type { BPF } from "bpfts";

/** C text that defines `add_total(value)`, for the average of a histogram that tools print with `-e`. */
export const totals = `
struct total_t {
    u64 total;
    u64 count;
};
BPF_HASH(extension, u32, struct total_t, 1);

static inline void add_total(u64 value) {
    u32 only = 0;
    struct total_t zero = {}, *sum = extension.lookup_or_try_init(&only, &zero);
    if (sum) {
        lock_xadd(&sum->total, value);
        lock_xadd(&sum->count, 1);
    }
}
`;

/** Prints average, sum and number of what was added since the last time, if anything was. What was added is divided to come to the unit. */
export function print_totals(b: BPF, unit: string, divisor = 1n): void {
  const rows = b.table<number, { total: bigint; count: bigint }>("extension").items_lookup_and_delete_batch();
  for (const [, { total: sum, count }] of rows) {
    const total = sum / divisor;
    const average = total / count;
    if (is_json_output())
      print(JSON.stringify({ average: Number(average), total: Number(total), count: Number(count) }));
    else printf("\navg = %d %s, total: %d %s, count: %d\n\n", average, unit, total, unit, count);
  }
}
