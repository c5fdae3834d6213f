import { escapeXml } from "./escape-xml.ts";
import type { HeatCell, Heatmap, HeatPanel, HeatRow } from "./histogram-store.ts";
import { renderPage } from "./render-page.ts";

/** Units: pixels. */
const WIDTH = 1000;
const LEFT = 190;
/** Has room for half of the last time's label, which stands in the middle of its tick: six letters of 08:15:30.250. */
const RIGHT = 56;
const HEAD = 44;
const FOOT = 34;
const PANEL_HEAD = 26;
const AXIS = 26;
const ROW = 18;
/** Rows get lower where there are many. */
const MOST_ROWS_HEIGHT = 600;
const LEAST_ROW = 2;
const LETTER_HEIGHT = 14;
const TICK = 100;

const style = `text { font: 12px monospace; fill: #111; }
.heading { font-size: 16px; text-anchor: middle; }
.row-name, .note { text-anchor: end; }
.time { text-anchor: middle; }
.plot { fill: #fff; stroke: #b8b8b0; }
.cell:hover { stroke: #000; }`;

/** A heat map as one SVG file: time goes to the right, values go up, and a cell is the darker the more was counted. */
export function renderHeatmapSvg(map: Heatmap, title: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${renderSvg(map, title)}\n`;
}

/** The same picture as a page. */
export function renderHeatmapHtml(map: Heatmap, title: string): string {
  return renderPage(renderSvg(map, title), title);
}

function renderSvg(map: Heatmap, title: string): string {
  const most = map.panels.reduce(
    (found, { cells }) => cells.reduce((high, { count }) => (count > high ? count : high), found),
    1n,
  );
  let y = HEAD;
  const panels: string[] = [];
  for (const panel of map.panels) {
    panels.push(renderPanel(panel, y, map, most));
    y += PANEL_HEAD + panel.rows.length * rowHeight(panel) + AXIS;
  }
  const height = y + FOOT;
  const total = LEFT + WIDTH + RIGHT;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${total}" height="${height}" viewBox="0 0 ${total} ${height}">
<style>${style}</style>
<rect width="100%" height="100%" fill="#fafaf4"/>
<text class="heading" x="${LEFT + WIDTH / 2}" y="24">${escapeXml(title)}</text>
${panels.join("\n")}
${renderLegend(most, height)}
</svg>`;
}

function rowHeight({ rows }: HeatPanel): number {
  return Math.max(LEAST_ROW, Math.min(ROW, Math.floor(MOST_ROWS_HEIGHT / rows.length)));
}

function renderPanel(panel: HeatPanel, top: number, map: Heatmap, most: bigint): string {
  const { name, unit, rows, cells } = panel;
  const rowPixels = rowHeight(panel);
  const plotTop = top + PANEL_HEAD;
  const plotHeight = rows.length * rowPixels;
  const rowTop = (row: number): number => plotTop + (rows.length - 1 - row) * rowPixels;
  // Labels that would stand on each other are left out.
  const labelStep = Math.ceil(LETTER_HEIGHT / rowPixels);
  const labels = rows.flatMap((row, index) =>
    index % labelStep === 0
      ? [`<text class="row-name" x="${LEFT - 8}" y="${rowTop(index) + rowPixels / 2 + 4}">${nameRow(row)}</text>`]
      : [],
  );
  const heading = name === "" ? unit : `${name}, ${unit}`;
  return [
    `<g class="panel" data-name="${escapeXml(name)}" data-unit="${escapeXml(unit)}">`,
    `<text x="${LEFT}" y="${top + 16}">${escapeXml(heading)}</text>`,
    `<rect class="plot" x="${LEFT}" y="${plotTop}" width="${WIDTH}" height="${plotHeight}"/>`,
    ...labels,
    ...cells.map((cell) => renderCell(cell, rows[cell.row]!, unit, rowTop(cell.row), rowPixels, map, most)),
    ...renderTimes(map, plotTop + plotHeight),
    "</g>",
  ].join("\n");
}

function renderCell(
  { startMs, endMs, count }: HeatCell,
  row: HeatRow,
  unit: string,
  y: number,
  height: number,
  { beganMs, endMs: lastMs }: Heatmap,
  most: bigint,
): string {
  const scale = WIDTH / Math.max(1, lastMs);
  const width = Math.max(0.5, (endMs - startMs) * scale);
  const gap = width > 4 && height > 4 ? 1 : 0;
  const title = `${renderTime(beganMs + startMs, true)} to ${renderTime(beganMs + endMs, true)}: ${count} of ${nameRow(row)} ${escapeXml(unit)}`;
  return (
    `<rect class="cell" data-from="${row.from ?? ""}" data-to="${row.to ?? ""}" data-count="${count}"` +
    ` x="${(LEFT + startMs * scale).toFixed(1)}" y="${y}" width="${(width - gap).toFixed(1)}" height="${height - gap}"` +
    ` fill="${chooseColour(count, most)}"><title>${title}</title></rect>`
  );
}

/** What ends of rows look like, in XML. */
function nameRow({ from, to }: HeatRow): string {
  if (from === null) return `&lt; ${(to ?? 0n) + 1n}`;
  if (to === null) return `&gt;= ${from}`;
  return from === to ? String(from) : `${from} -&gt; ${to}`;
}

function renderTimes({ beganMs, endMs }: Heatmap, y: number): string[] {
  const count = Math.floor(WIDTH / TICK);
  // In a short time the ticks would have the same second.
  const isFine = endMs / count < 1000;
  return Array.from({ length: count + 1 }, (_, tick) => {
    const x = LEFT + (tick * WIDTH) / count;
    const label = renderTime(beganMs + (endMs * tick) / count, isFine);
    return `<path d="M${x} ${y}v4" stroke="#888"/><text class="time" x="${x}" y="${y + 17}">${label}</text>`;
  });
}

/** The time of day, with milliseconds where they are asked for. */
function renderTime(ms: number, isFine: boolean): string {
  const date = new Date(ms);
  const pad = (value: number, digits: number): string => String(value).padStart(digits, "0");
  const text = [date.getHours(), date.getMinutes(), date.getSeconds()].map((value) => pad(value, 2)).join(":");
  return isFine ? `${text}.${pad(date.getMilliseconds(), 3)}` : text;
}

/** By the logarithm, since one value often has a thousand times what another has. */
function chooseColour(count: bigint, most: bigint): string {
  const strength = most === 1n ? 1 : Math.log(Number(count) + 1) / Math.log(Number(most) + 1);
  return `hsl(${Math.round(50 - 45 * strength)}, 90%, ${Math.round(88 - 53 * strength)}%)`;
}

function renderLegend(most: bigint, height: number): string {
  const steps = 20;
  const y = height - 20;
  const boxes = Array.from({ length: steps }, (_, step) => {
    const count = BigInt(Math.max(1, Math.round((Number(most) + 1) ** ((step + 1) / steps) - 1)));
    return `<rect x="${LEFT + step * 12}" y="${y}" width="12" height="12" fill="${chooseColour(count, most)}"/>`;
  });
  return [
    `<text class="note" x="${LEFT - 8}" y="${y + 10}">1</text>`,
    ...boxes,
    `<text x="${LEFT + steps * 12 + 8}" y="${y + 10}">${most}</text>`,
  ].join("\n");
}
