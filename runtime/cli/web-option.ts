import type { Command } from "commander";
import { openStderrLog } from "../base/log.ts";
import { findPackageFile } from "../session/build/package-files.ts";
import type { RecordSink } from "../session/bridge/bridge-state.ts";

/** The option that `addWebOption` adds. */
export interface WebFlags {
  readonly web?: string | true;
}

/** What a run takes whose output is shown on a page. */
export interface Shown {
  readonly records?: RecordSink;
}

/** Adds the option by which a run shows its output on a page. */
export function addWebOption(command: Command): Command {
  return command.option(
    "--web [address]",
    "show tables, histograms, heat maps and stacks on one live page of this machine, at an address that is printed; 127.0.0.1:0 unless given",
  );
}

/** Does a run that is shown on a page, if the flags say so. The page's address, with its token, goes to standard error. */
export async function runWithPage(
  { web }: WebFlags,
  title: string,
  run: (shown: Shown) => Promise<number>,
): Promise<number> {
  if (web === undefined) return run({});
  const { openPage, PAGE_STEP_MS } = await import("../web/open-page.ts");
  const { parsePageAddress } = await import("../web/parse-address.ts");
  const address = parsePageAddress(web === true ? "127.0.0.1:0" : web);
  const page = await openPage(findPackageFile("dist", "page.cjs"), { ...address, title });
  try {
    openStderrLog({ verbose: true }).info(`page: ${page.url}`);
    return await run({ records: { everyMs: PAGE_STEP_MS, take: page.take, takeText: page.takeText } });
  } finally {
    await page.close();
  }
}
