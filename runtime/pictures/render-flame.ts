import { escapeXml } from "./escape-xml.ts";
import { renderPage } from "./render-page.ts";
import type { StackUnit } from "../../sdk/wire/stack-message.ts";
import { flameScript } from "./flame-script.ts";
import { layOutFrames } from "./frame-layout.ts";
import type { FlameFrame } from "./frame-layout.ts";
import type { StackSums } from "./stack-store.ts";

/** Units: pixels. */
const WIDTH = 1180;
const MARGIN = 10;
const ROW = 17;
const HEAD = 44;
const FOOT = 30;
const LETTER = 7;

const unitNames: Readonly<Record<StackUnit, string>> = { count: "", us: " us", bytes: " bytes" };

const style = `text { font: 12px monospace; fill: #111; }
.heading { font-size: 16px; text-anchor: middle; }
.frame { cursor: pointer; }
.frame rect { stroke: #fff; stroke-width: 0.5; }
.frame:hover rect { stroke: #000; }
.frame rect.match { fill: #d65fd6; }
.search, .reset { cursor: pointer; fill: #1a5fb4; }
.matched, .note { text-anchor: end; }`;

/** A flame graph as one SVG file that needs nothing else: a click zooms, `/` searches. */
export function renderFlameSvg(sums: StackSums, title: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${renderSvg(sums, title)}\n`;
}

/** The same picture as a page. */
export function renderFlameHtml(sums: StackSums, title: string): string {
  return renderPage(renderSvg(sums, title), title);
}

function renderSvg({ unit, parts = 1, stacks }: StackSums, title: string): string {
  const { frames, hidden } = layOutFrames(stacks);
  const depth = frames.reduce((most, frame) => Math.max(most, frame.depth), 0);
  const height = HEAD + (depth + 1) * ROW + FOOT;
  const all = frames[0]!;
  const change = all.before === 0 ? undefined : measureChange(frames, all);
  const sayValue = (value: number): string => `${groupDigits(value / parts)}${unitNames[unit]}`;
  const boxes = frames.map((frame) =>
    renderFrame(frame, all.value, HEAD + (depth - frame.depth) * ROW, sayValue, change),
  );
  const gone = stacks.filter(({ value }) => value === 0n).length;
  const notes = [
    ...(hidden === 0 ? [] : [`${hidden} narrower ${hidden === 1 ? "box is" : "boxes are"} not drawn`]),
    ...(gone === 0 ? [] : [`${gone} ${gone === 1 ? "stack is" : "stacks are"} gone`]),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH + 2 * MARGIN}" height="${height}" viewBox="0 0 ${WIDTH + 2 * MARGIN} ${height}" data-width="${WIDTH}">
<style>${style}</style>
<rect width="100%" height="100%" fill="#fafaf4"/>
<text class="heading" x="${MARGIN + WIDTH / 2}" y="24">${escapeXml(title)}</text>
<text class="reset" x="${MARGIN}" y="24" visibility="hidden">Reset zoom</text>
<text class="search" x="${WIDTH - 85}" y="24" visibility="hidden">Search</text>
<text class="details" x="${MARGIN}" y="${height - 10}"></text>
<text class="matched" x="${MARGIN + WIDTH}" y="${height - 10}"></text>
<text class="note" x="${MARGIN + WIDTH}" y="40">${notes.join("; ")}</text>
${boxes.join("\n")}
<script><![CDATA[${flameScript}]]></script>
</svg>`;
}

/** What changed between two recordings, as parts of each whole. */
interface Change {
  find(frame: FlameFrame): number;
  /** The largest of all boxes. */
  readonly most: number;
}

function measureChange(frames: readonly FlameFrame[], all: FlameFrame): Change {
  const find = ({ value, before }: FlameFrame): number => value / all.value - before / all.before;
  return { find, most: frames.reduce((most, frame) => Math.max(most, Math.abs(find(frame))), 0) };
}

function renderFrame(
  frame: FlameFrame,
  total: number,
  y: number,
  sayValue: (value: number) => string,
  change: Change | undefined,
): string {
  const { name, depth, start, value } = frame;
  const scale = WIDTH / total;
  const x = start * scale;
  const width = value * scale;
  const label = escapeXml(cutLabel(name, width));
  const share = `${((100 * value) / total).toFixed(2)}%`;
  const since = change === undefined ? "" : `, ${renderChange(change.find(frame))}`;
  const title = escapeXml(`${name} (${sayValue(value)}, ${share}${since})`);
  return (
    `<g class="frame" data-name="${escapeXml(name)}" data-start="${start}" data-value="${value}" data-depth="${depth}">` +
    `<title>${title}</title>` +
    `<rect x="${(MARGIN + x).toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 1}" fill="${change === undefined ? chooseColour(name, depth) : colourChange(change.find(frame), change.most)}"/>` +
    `<text x="${(MARGIN + 3 + x).toFixed(1)}" y="${y + 12}">${label}</text></g>`
  );
}

function renderChange(change: number): string {
  const points = (100 * change).toFixed(2);
  if (Number(points) === 0) return "as before";
  return `${change > 0 ? "+" : ""}${points} points since before`;
}

/** Red for what takes more of the whole than before, blue for less, almost white for the same. */
function colourChange(change: number, most: number): string {
  const strength = most === 0 ? 0 : Math.abs(change) / most;
  return `hsl(${change > 0 ? 0 : 220}, 85%, ${Math.round(96 - 38 * strength)}%)`;
}

/** As toLocaleString does, which takes most of the time of a large picture. */
function groupDigits(value: number): string {
  return String(value).replace(/\B(?<!\..*)(?=(?:\d{3})+(?:\.|$))/g, ",");
}

function cutLabel(name: string, width: number): string {
  const letters = Math.floor((width - 6) / LETTER);
  if (letters < 3) return "";
  if (name.length <= letters) return name;
  // A pair of surrogates is one character.
  return `${name.slice(0, letters - 2).replace(/[\ud800-\udbff]$/, "")}..`;
}

/** The same name has the same colour in every picture; functions of the kernel that are marked have others. */
function chooseColour(name: string, depth: number): string {
  if (depth === 0) return "#d0d0c8";
  let hash = 0;
  for (let at = 0; at < name.length; at++) hash = (hash * 31 + name.charCodeAt(at)) >>> 0;
  const hue = name.endsWith("_[k]") ? 185 + (hash % 40) : 5 + (hash % 50);
  return `hsl(${hue}, ${70 + ((hash >>> 8) % 20)}%, ${62 + ((hash >>> 16) % 12)}%)`;
}
