import { read_file } from "bpfts";
import { parse_services } from "./services.ts";
import type { Service } from "./services.ts";

/** The file of services that the user named, which is looked at again while a script runs. */
export class ServicesFile {
  /** What it had when its services were taken over or refused; undefined when it was gone. */
  private taken: string | undefined;
  private seen: string | undefined;

  constructor(
    private readonly path: string,
    private readonly parse: (text: string, path: string) => readonly Service[] = parse_services,
  ) {}

  /** Reads the services for the first time. @throws ArgumentError */
  read(): readonly Service[] {
    const text = read_file(this.path);
    this.taken = text;
    this.seen = text;
    return this.parse(text, this.path);
  }

  /**
   * Answers the services of a file that has changed and is the same as at the look before: an editor may still be writing it. Answers undefined when there are no
   * new ones.
   *
   * @throws ArgumentError for a file with a mistake and for one that is gone, once for each change
   */
  look_again(): readonly Service[] | undefined {
    const now = this.try_read();
    const is_settled = now === this.seen;
    this.seen = now;
    if (!is_settled || now === this.taken) return undefined;
    this.taken = now;
    return this.parse(now ?? read_file(this.path), this.path);
  }

  /** Editors put a new file in the place of the old one. */
  private try_read(): string | undefined {
    try {
      return read_file(this.path);
    } catch {
      return undefined;
    }
  }
}
