import { MAX, requireAddress, requireFunction, requireInteger, requireOptions } from "../checks/check-options.ts";
import { makeCodec } from "../codec/codec.ts";
import { makeArgumentError } from "../wire/errors.ts";
import { callHost } from "../wire/host.ts";
import { findFieldUse, listMemberNames } from "../codec/field-use.ts";
import { bindBytesWalk, compileSteps, compileWalk, openShortNote, stepThroughBytes } from "../codec/record-walk.ts";
import type { RecordSection, RecordSteps, RecordWalk } from "../codec/record-walk.ts";
import { requireFields } from "./event-options.ts";
import type { EventOptions, FieldOptions } from "./event-options.ts";
import { EventStream } from "./event-stream.ts";
import { closeRing, countLost, dropFetched, explainLoss, openRing } from "./rings.ts";
import type { EventCallback, OpenRing } from "./rings.ts";
import type { LossReply } from "../wire/loss-reply.ts";
import type { Layout } from "../wire/layout.ts";
import { eprint, writeOutput } from "../print/output.ts";
import { is_json_output } from "../print/row-printer.ts";
import type { RowPrinter } from "../print/row-printer.ts";
import { compileRow } from "../print/row-text.ts";
import { addRecord, areRecordsWanted } from "../print/output-records.ts";
import { addToJson, haveAddedColumns, readAddedColumns, renderAddedColumns } from "../print/added-columns.ts";
import { haveRowFilter, isEventWanted } from "../print/row-choice.ts";
import { haveEventLimit, limitCallback } from "../print/shown-events.ts";
import { markEvents, refuseSort } from "../print/sorted-rows.ts";
import type { MapReply, RingKind } from "../wire/protocol.ts";
import type { RowFormat } from "../wire/row-format.ts";
import { TableBase } from "../tables/table-base.ts";
import type { TableOwner } from "../tables/table-base.ts";

/**
 * What `open_perf_buffer` takes besides the callback.
 *
 * @example
 * import { eprint, print, type PerfBufferOptions } from "bpfts";
 * const options: PerfBufferOptions = { page_cnt: 64, lost_cb: (lost) => eprint(`lost ${lost} events`) };
 * print(options.page_cnt); // 64
 */
export interface PerfBufferOptions extends Pick<EventOptions, "by_time"> {
  /** Pages of each CPU's buffer, a power of two. */
  readonly page_cnt?: number | undefined;
  /** Told how many events were lost since it was last told. */
  readonly lost_cb?: ((lost: number) => void) | undefined;
}

const DEFAULT_PAGES = 64;

/** How a buffer is opened, where it is not as usual. */
interface Opening {
  readonly pages?: number;
  readonly lostCallback?: ((lost: number) => void) | undefined;
  readonly closeCallback?: (() => void) | undefined;
  readonly byTime?: boolean;
  readonly rows?: RowFormat | null;
}

/**
 * Events from a program: a perf buffer (`BPF_PERF_OUTPUT`) or a ring buffer (`BPF_RINGBUF_OUTPUT`).
 * Events are decoded by the struct that the program submits; where the C text does not tell, they are bytes.
 *
 * @example
 * import { BPF, poll_events, printf } from "bpfts";
 * const b = new BPF({
 *   text: `
 * struct data_t { u32 pid; char comm[16]; };
 * BPF_RINGBUF_OUTPUT(events, 8);
 * TRACEPOINT_PROBE(sched, sched_process_exec) {
 *     struct data_t data = { .pid = bpf_get_current_pid_tgid() >> 32 };
 *     bpf_get_current_comm(&data.comm, sizeof(data.comm));
 *     events.ringbuf_output(&data, sizeof(data), 0);
 *     return 0;
 * }`,
 * });
 * b.tables.events.open_ring_buffer(({ pid, comm }) => printf("%d %s\n", pid, comm));
 * poll_events(1);
 */
export class EventTable<Event = unknown> extends TableBase {
  private readonly kind: RingKind;
  private ring: OpenRing | undefined;
  /** While it was open before. */
  private lostBefore = 0;

  constructor(info: MapReply, owner: TableOwner, kind: RingKind) {
    super(info, owner);
    this.kind = kind;
  }

  protected override get usage(): string {
    return `open_${this.kind === "ring" ? "ring" : "perf"}_buffer(callback) hands its events over, and so does: for (const event of b.events(${JSON.stringify(this.name)}))`;
  }

  /** How many events were lost until now: the kernel is asked. Closing the buffer keeps the number, opening it again goes on from there. */
  get lost(): number {
    return this.lostBefore + (this.ring === undefined ? 0 : countLost(this.ring));
  }

  /**
   * Opens a buffer for each CPU; `perf_buffer_poll` then calls `callback` for each event.
   *
   * @throws BpfError when this is a ring buffer, or it is open already
   */
  open_perf_buffer(callback: EventCallback<Event>, options: PerfBufferOptions = {}): void {
    this.requireKind("perf", "open_perf_buffer", "open_ring_buffer");
    requireOptions("open_perf_buffer()", options, ["page_cnt", "lost_cb", "by_time"]);
    if (options.lost_cb !== undefined) requireFunction("open_perf_buffer()", "lost_cb", options.lost_cb);
    const pages = options.page_cnt ?? DEFAULT_PAGES;
    if (!Number.isInteger(pages) || pages < 1 || (pages & (pages - 1)) !== 0) {
      throw makeArgumentError(
        `Cannot open perf buffer "${this.name}" with ${pages} pages: page_cnt must be a power of two`,
      );
    }
    this.open(callback, { pages, lostCallback: options.lost_cb, byTime: options.by_time === true });
  }

  /** Opens the ring buffer; `ring_buffer_poll` then calls `callback` for each event. @throws BpfError when this is a perf buffer, or it is open already */
  open_ring_buffer(callback: EventCallback<Event>): void {
    this.requireKind("ring", "open_ring_buffer", "open_perf_buffer");
    this.open(callback);
  }

  /**
   * Its events as an iterator, for `for … of` and `for await … of`: what `b.events("name")` answers. Opens the buffer.
   *
   * @throws BpfError when it is open already
   */
  events(options: EventOptions = {}): EventStream<Event> {
    return new EventStream(this, options);
  }

  /** @internal Opens it and hands every event to `callback`. */
  subscribe(callback: EventCallback<Event>, options: Pick<EventOptions, "by_time"> = {}): void {
    this.open(callback, { byTime: options.by_time === true });
  }

  /** @internal Opens it, hands what is fetched to `take` as it is, and tells `closeCallback` when no more will come. */
  open_sections(take: (section: RecordSection) => void, options: EventOptions, closeCallback: () => void): void {
    const bindWalk = (buffer: ArrayBuffer): RecordWalk => {
      return (cursor) => {
        take({ buffer, at: cursor.at, end: cursor.end });
        cursor.at = cursor.end;
      };
    };
    this.openRing(bindWalk, () => undefined, { byTime: options.by_time === true, closeCallback });
  }

  /** @internal Makes what reads events out of sections, one when it is asked for the next. */
  compile_steps(options: EventOptions & FieldOptions<string>): RecordSteps<Event> {
    requireOptions("events()", options, ["by_time", "fields", "reuse", "signal", "timeout_ms"]);
    const { event } = this.info;
    const only = options.fields && requireFields(this.name, event, options.fields);
    if (event === null) return stepThroughBytes as unknown as RecordSteps<Event>;
    const use =
      options.reuse === true && event.kind === "struct"
        ? { fields: only ?? new Set(listMemberNames(event)), takesCpu: false }
        : undefined;
    return compileSteps<Event>(event, { use, only, noteShort: this.noteShort(event) });
  }

  /**
   * Opens it and has every event printed as a row: `events.printf("%-6d %-16s %s\n", "pid", "comm", "fname")`. The same as a
   * callback with `printf`, and several times as fast, since the rows are written outside of the script. `"cpu"` is
   * the CPU that an event comes from. With `json_output()` the rows are JSON objects of the fields.
   *
   * @throws BpfError when a field is not there or does not fit its conversion
   */
  printf(format: string, ...fields: readonly ((keyof Event & string) | "cpu")[]): void {
    this.printFields(format, fields);
  }

  private printFields(format: string, fields: readonly string[], zeros: readonly (string | null)[] = []): void {
    refuseSort();
    const byScript = haveEventLimit() || haveRowFilter() || haveAddedColumns() || areRecordsWanted();
    const row: RowFormat = { format, fields, zeros, json: is_json_output(), byScript };
    if (!byScript) return this.open(() => undefined, { rows: row });
    // Who counts or chooses rows has to see each of them.
    const write = compileRow(row);
    const show = (event: unknown, cpu: number): void => {
      if (!isEventWanted(event, cpu)) return;
      const text = write(event, cpu);
      addRecord(() => ({
        type: "event",
        name: this.name,
        data: {
          ...readAddedColumns(event),
          ...Object.fromEntries(
            fields.map((field) => [field, field === "cpu" ? cpu : (event as Record<string, unknown>)[field]]),
          ),
        },
      }));
      writeOutput(row.json ? addToJson(text, event) : renderAddedColumns(event) + text);
    };
    this.open(show, { rows: row });
  }

  /** @internal Why events were lost until now, as far as it is known. */
  explain_loss(): LossReply | undefined {
    return this.ring && explainLoss(this.ring);
  }

  /**
   * Opens it and has a printer print each event as a row: the same as a callback with `rows.print(event)`. Where every column is a field of the event, the
   * rows are written outside of the script, as by `printf`.
   *
   * @throws BpfError when it is open already
   */
  print_rows(rows: RowPrinter<Event>): void {
    const described = rows.describeRows();
    if (described === undefined) this.subscribe((event) => rows.print(event));
    else this.printFields(described.format, described.fields, described.zeros);
  }

  /** Closes the buffer: no more callbacks come. Twice is fine. */
  close_buffer(): void {
    if (this.ring === undefined) return;
    closeRing(this.ring);
    this.lostBefore += countLost(this.ring);
    this.ring = undefined;
  }

  /** `using events = b.get_table("events")` closes the buffer at the end of the block. */
  [Symbol.dispose](): void {
    this.close_buffer();
  }

  /** For `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close_buffer();
    return Promise.resolve();
  }

  /** Decodes bytes that were taken as they are. Source: BCC's table.event(data) */
  event(bytes: Uint8Array): Event {
    if (!(bytes instanceof Uint8Array))
      throw makeArgumentError(
        `Cannot read an event of "${this.name}": it takes bytes (Uint8Array)`,
        "a callback gets the event itself: (event, cpu, size) => …",
      );
    const { event } = this.info;
    return event === null ? (bytes.slice() as Event) : makeCodec<Event>(event, `event of "${this.name}"`).decode(bytes);
  }

  /**
   * Opens a counter on every CPU and puts it where the program reads it with `perf_read(cpu)` and `perf_counter_value(cpu, …)`: `ev_type` and
   * `ev_config` are of `PerfType` and `PerfSWConfig` or `PerfHWConfig`. With `pid` it counts that process only. Opening again replaces the counters. Answers how many CPUs have one.
   *
   * @throws BpfError when the event is not there on this machine, or this is no perf array
   */
  open_perf_event(ev_type: number, ev_config: number | bigint, pid = -1): number {
    requireInteger("open_perf_event()", "ev_type", ev_type ?? null, 0, MAX.u32);
    requireAddress("open_perf_event()", "ev_config", ev_config);
    requireInteger("open_perf_event()", "pid", pid, -1, MAX.i32);
    this.requireKind("perf", "open_perf_event", "open_ring_buffer");
    return callHost("perf_event_open", {
      map: this.requireOpen("open"),
      type: ev_type,
      config: String(ev_config),
      pid,
    });
  }

  /** Takes the counters out again; happens by itself at the end. */
  close_perf_event(): void {
    if (!this.owner.closed) callHost("perf_event_close", { map: this.info.map });
  }

  private open(callback: EventCallback<Event>, opening: Opening = {}): void {
    requireFunction(`open_${this.kind}_buffer()`, "the callback", callback);
    const { event } = this.info;
    const use = event?.kind === "struct" ? findFieldUse(callback, event) : undefined;
    const bindWalk = event === null ? bindBytesWalk : compileWalk(event, { use, noteShort: this.noteShort(event) });
    this.openRing(bindWalk, markEvents(limitCallback(callback as EventCallback<unknown>, dropFetched)), opening);
  }

  private noteShort(event: Layout): (size: number) => void {
    return openShortNote(this.name, event, (text) => eprint(`warning: ${text}`));
  }

  private openRing(
    bindWalk: (buffer: ArrayBuffer) => RecordWalk,
    callback: EventCallback<unknown>,
    {
      pages = this.kind === "perf" ? DEFAULT_PAGES : 0,
      lostCallback,
      closeCallback,
      byTime = false,
      rows = null,
    }: Opening,
  ): void {
    const map = this.requireOpen("open");
    if (this.ring !== undefined)
      throw makeArgumentError(
        `Cannot open "${this.name}": it is open already`,
        "one callback gets all events of a buffer",
      );
    const { kind, name } = this;
    const id = callHost("ring_open", { map, kind, pages, name, byTime: byTime && kind === "perf", rows });
    this.ring = openRing({ id, kind, table: this, bindWalk, callback, lostCallback, closeCallback, lost: undefined });
  }

  private requireKind(wanted: RingKind, called: string, right: string): void {
    if (this.kind !== wanted) {
      const is = this.kind === "ring" ? "a ring buffer (BPF_RINGBUF_OUTPUT)" : "a perf buffer (BPF_PERF_OUTPUT)";
      throw makeArgumentError(`Cannot call ${called}() on "${this.name}": it is ${is}`, `use ${right}()`);
    }
  }
}
