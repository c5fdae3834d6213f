/** What is known of a tool besides its file. */
export interface ToolFacts {
  readonly question: string;
  readonly cost: string;
  readonly needs: string;
}
export function readHeader(source: string): { summary: string; subject: string; uses: string[]; note: string };
export function renderPage(
  name: string,
  source: string,
  help: string,
  example: string | undefined,
  facts: ToolFacts,
): string;
export function renderIndex(
  tools: readonly { readonly name: string; readonly source: string; readonly facts: ToolFacts }[],
  others: Readonly<Record<string, string>>,
): string;
