// Makes the pages of the tools out of their first comments, their --help, facts.json and the examples. Build first; names on the command line make those pages alone.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { renderIndex, renderPage } from "./render-pages.mjs";

const folder = import.meta.dirname;
const { tools: facts, others } = JSON.parse(readFileSync(join(folder, "facts.json"), "utf8"));
const names = readdirSync(join(folder, "..")).flatMap((file) => /^([\w-]+)\.ts$/.exec(file)?.[1] ?? []);
const tools = names.map((name) => ({
  name,
  source: readFileSync(join(folder, "..", `${name}.ts`), "utf8"),
  facts: facts[name] ?? fail(`facts.json has no "${name}"`),
}));
const wanted = process.argv.slice(2);
for (const { name, source, facts: own } of tools.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const { status, stdout, stderr } = spawnSync("node", [resolve(folder, "../../../dist/bpfts.cjs"), name, "--help"], {
    encoding: "utf8",
  });
  if (status !== 0) fail(`${name} --help: ${stderr}`);
  const example = join(folder, "examples", `${name}.txt`);
  const text = existsSync(example) ? readFileSync(example, "utf8") : undefined;
  writeFileSync(join(folder, `${name}.md`), renderPage(name, source, stdout, text, own));
}
writeFileSync(join(folder, "../README.md"), renderIndex(tools, others));

function fail(message) {
  console.error(message);
  process.exit(1);
}
