import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readHeader, renderIndex, renderPage } from "../../../scripts/tools/pages/render-pages.mjs";
import type { ToolFacts } from "../../../scripts/tools/pages/render-pages.mjs";
import { runScriptFile } from "../../support/guest-run.ts";
import { root } from "../../support/run-cli.ts";

const folder = join(root, "scripts/tools");
const pages = join(folder, "pages");
const { tools: facts, others } = JSON.parse(readFileSync(join(pages, "facts.json"), "utf8")) as {
  readonly tools: Readonly<Record<string, ToolFacts>>;
  readonly others: Readonly<Record<string, string>>;
};
const names = readdirSync(folder).flatMap((file) => /^([\w-]+)\.ts$/.exec(file)?.[1] ?? []);
const readSource = (name: string): string => readFileSync(join(folder, `${name}.ts`), "utf8");
const advice = "make the pages anew: node scripts/tools/pages/make-pages.mjs";

/** Those of Debian's package, and those that came since. Source: the names of the files in BCC's folder of tools. */
const bccTools =
  `argdist bashreadline bindsnoop biolatency biolatpcts biopattern biosnoop biotop bitesize bpflist btrfsdist btrfsslower cachestat
cachetop capable cobjnew compactsnoop cpudist cpuunclaimed criticalstat dbslower dbstat dcsnoop dcstat deadlock dirtop drsnoop
execsnoop exitsnoop ext4dist ext4slower f2fsslower filegone filelife fileslower filetop funccount funcinterval funclatency
funcslower gethostlatency hardirqs inject javacalls javaflow javagc javaobjnew javastat javathreads killsnoop klockstat kvmexit
llcstat mdflush memleak mountsnoop mptcpify mysqld_qslower netqtop nfsdist nfsslower nodegc nodestat numamove offcputime
offwaketime oomkill opensnoop perlcalls perlflow perlstat phpcalls phpflow phpstat pidpersec ppchcalls profile pythoncalls
pythonflow pythongc pythonstat rdmaucma readahead reset-trace rubycalls rubyflow rubygc rubyobjnew rubystat runqlat runqlen
runqslower shmsnoop slabratetop sofdsnoop softirqs solisten sslsniff stackcount statsnoop swapin syncsnoop syscount tclcalls
tclflow tclobjnew tclstat tcpaccept tcpcong tcpconnect tcpconnlat tcpdrop tcplife tcpretrans tcprtt tcpstates tcpsubnet tcpsynbl
tcptop tcptracer threadsnoop tplist trace ttysnoop vfscount vfsstat virtiostat wakeuptime wqlat xfsdist xfsslower zfsdist
zfsslower`.split(/\s+/);

describe("the pages of the tools", () => {
  it("have a row for each of BCC's tools: its page, or why there is none", () => {
    const told = new Set([...names, ...Object.keys(others).flatMap((key) => key.split(", "))]);
    expect(bccTools.filter((name) => !told.has(name))).toEqual([]);
  });

  it.each(names)("%s has a page with what it says of itself today", async (name) => {
    expect(facts[name], `a row in facts.json, then ${advice}`).toBeDefined();
    const example = join(pages, "examples", `${name}.txt`);
    const help = await runScriptFile(join(folder, `${name}.ts`), { args: ["--help"] });
    expect(help).toMatchObject({ exitCode: 0, stderr: "" });
    expect(help.stdout).toMatch(new RegExp(`^usage: ${name} \\[-h\\]`));
    expect(help.stdout).toContain("examples:\n");
    const text = existsSync(example) ? readFileSync(example, "utf8") : undefined;
    const page = renderPage(name, readSource(name), help.stdout, text, facts[name]!);
    expect(readFileSync(join(pages, `${name}.md`), "utf8"), advice).toBe(page);
  });

  it("are listed by the questions that they answer", () => {
    const tools = names.map((name) => ({ name, source: readSource(name), facts: facts[name]! }));
    expect(readFileSync(join(folder, "README.md"), "utf8"), advice).toBe(renderIndex(tools, others));
    expect(tools.filter(({ source }) => readHeader(source).uses.length === 0)).toEqual([]);
    expect(names.every((name) => facts[name]!.question.endsWith("?"))).toBe(true);
  });

  it("are of tools that there are, and have examples of those alone", () => {
    expect(Object.keys(facts)).toEqual(names.toSorted());
    const examples = readdirSync(join(pages, "examples")).map((file) => file.replace(/\.txt$/, ""));
    expect(examples.filter((name) => !names.includes(name))).toEqual([]);
    const texts = examples.map((name) => readFileSync(join(pages, "examples", `${name}.txt`), "utf8"));
    expect(texts.filter((text) => !/^# bpfts .*\n.+/.test(text))).toEqual([]);
  });
});
