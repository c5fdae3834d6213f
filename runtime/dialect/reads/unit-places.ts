import type { AstFiles } from "./ast-files.ts";
import type { AstNode } from "./ast.ts";
import { TextPlaces } from "./places.ts";

/** The places of a text, and of the headers of the user's own that it includes. */
export class UnitPlaces {
  readonly main: TextPlaces;
  private readonly headers: readonly (readonly [path: string, places: TextPlaces])[];

  /** `headers` are texts by the path that clang knows them by. */
  constructor(text: string, files: AstFiles, mainFile: string, headers: ReadonlyMap<string, string>) {
    this.main = new TextPlaces(text, files, mainFile);
    this.headers = [...headers].map(([path, header]) => [path, new TextPlaces(header, files, path)]);
  }

  /** The file that has the text of a node in one piece; `header` is undefined for the text itself. */
  findPlaces(node: AstNode): { readonly places: TextPlaces; readonly header?: string } | undefined {
    if (this.main.findRange(node) !== undefined) return { places: this.main };
    const found = this.headers.find(([, places]) => places.findRange(node) !== undefined);
    return found === undefined ? undefined : { places: found[1], header: found[0] };
  }

  /** Whether a declaration or a cast is written with `__user`. */
  readonly isUserMarked = (node: AstNode): boolean =>
    this.main.isUserMarked(node) || this.headers.some(([, places]) => places.isUserMarked(node));
}
