/** The parts of a tool's first comment. */
export function readHeader(source) {
  const lines = /^(?:\/\/.*\n)*/.exec(source)[0].trimEnd().split("\n");
  const text = lines.map((line) => line.replace(/^\/\/ ?/, ""));
  const note = text.join("\n").split(/^Source: /m)[1] ?? "";
  return {
    summary: text[0],
    subject: /^Subject: (.*)$/m.exec(text.join("\n"))?.[1] ?? "other",
    uses: text.filter((line) => /^ {2}bpfts /.test(line)),
    note: note.replaceAll("\n", " "),
  };
}

/** The page of a tool. `example` is a command line behind "# " and what it printed. */
export function renderPage(name, source, help, example, { question, cost, needs }) {
  const { summary, uses, note } = readHeader(source);
  const parts = [
    `# ${name}\n\n${summary}\n\nIt answers: ${question}`,
    fence(uses.map((line) => line.slice(2)).join("\n")),
    example === undefined ? undefined : `## Example\n\n${fence(example.trimEnd())}`,
    `## Options\n\n${fence(help.trimEnd())}`,
    `## Cost\n\n${capitalize(cost)}.`,
    `## What it needs\n\n${capitalize(needs)}.`,
    `## Source\n\n${note}`,
  ];
  return `${parts.filter((part) => part !== undefined).join("\n\n")}\n`;
}

/** The page of all tools: an index by question, and BCC's tools that there are not. `tools` are `{ name, source, facts }`. */
export function renderIndex(tools, others) {
  const subjects = new Map();
  for (const { name, source, facts } of tools) {
    const { subject } = readHeader(source);
    subjects.set(subject, [
      ...(subjects.get(subject) ?? []),
      `- ${capitalize(facts.question)} [${name}](pages/${name}.md)`,
    ]);
  }
  const index = [...subjects].sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  return `# Tools by question

\`bpfts NAME\` runs one, \`bpfts NAME --help\` shows its options, \`bpfts tools --where NAME\` its file, to copy and change. With \`bpfts -c 'COMMAND' NAME\`
it follows a command and all that it starts, and ends with it. \`--container NAME\` shows what one container does, \`--filter 'ret<0,comm~^ba'\` some rows and \`--fields comm,pid\` some columns. \`--columns +time,+container,+pod,+user\` adds columns. \`--max-events N\` ends a tool that prints events after N of them,
\`--output FILE\` writes what it prints into a file, \`--utc\` prints times in UTC. The pages are made by \`node scripts/tools/pages/make-pages.mjs\`.

${index.map(([subject, lines]) => `## ${capitalize(subject)}\n\n${lines.join("\n")}`).join("\n\n")}

## BCC's other tools

${table([["BCC's tool", "state"], ...Object.entries(others)])}
`;
}

const fence = (text) => `\`\`\`\n${text}\n\`\`\``;
const capitalize = (text) => text[0].toUpperCase() + text.slice(1);

function table(rows) {
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`;
  return [rows[0], widths.map((width) => "-".repeat(width)), ...rows.slice(1)].map(line).join("\n");
}
