/** What the page does in a browser. Whatever comes from the run is written as text: `textContent`, and attributes that are numbers. */
export const pageScript = `
"use strict";
const parts = document.getElementById("parts");
const stateText = document.getElementById("state");
const sections = new Map();
const began = Date.now();

function make(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function renderValue(value) {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function openSection(part) {
  let section = sections.get(part.id);
  if (section) return section;
  const empty = document.getElementById("empty");
  if (empty) empty.remove();
  const node = make("section", part.kind);
  const head = make("h2", "", part.kind === "text" ? "output" : part.name);
  const note = make("small");
  head.append(note);
  node.append(head);
  section = { node, head, note };
  sections.set(part.id, section);
  parts.append(node);
  return section;
}

function showRows(section, part) {
  const shown = part.rows.length;
  section.note.textContent = part.total > shown ? shown + " of " + part.total : String(part.total);
  if (!section.box) section.node.append((section.box = make("div")));
  const table = make("table");
  const heads = table.createTHead().insertRow();
  for (const column of part.columns) heads.append(make("th", "", column === "" ? "key" : column));
  const body = table.createTBody();
  for (const row of part.rows) {
    const line = body.insertRow();
    for (const value of row) line.append(make("td", typeof value === "number" ? "number" : "", renderValue(value)));
  }
  const top = section.box.scrollTop;
  section.box.replaceChildren(table);
  section.box.scrollTop = top;
}

function nameBucket(bucket) {
  if (bucket[0] === "") return "< " + (BigInt(bucket[1]) + 1n);
  if (bucket[1] === "") return ">= " + bucket[0];
  return bucket[0] === bucket[1] ? bucket[0] : bucket[0] + " -> " + bucket[1];
}

function showHistogram(section, part) {
  section.note.textContent = part.label;
  if (!section.box) section.node.append((section.box = make("div")));
  const table = make("table");
  const most = Math.max(1, ...part.buckets.map((bucket) => bucket[2]));
  for (const bucket of part.buckets) {
    const line = table.insertRow();
    line.append(make("td", "number", nameBucket(bucket)), make("td", "number", String(bucket[2])));
    const cell = make("td", "bar");
    const bar = make("span");
    bar.style.width = (100 * bucket[2]) / most + "%";
    cell.append(bar);
    line.append(cell);
  }
  section.box.replaceChildren(table);
  showHeat(section, part);
}

/** Seconds from left to right, buckets from below; the darker, the more. */
function showHeat(section, part) {
  if (part.heat.length < 2) return;
  const seconds = 120, cell = 4, row = 9;
  if (!section.canvas) section.node.append((section.canvas = make("canvas")));
  const canvas = section.canvas;
  canvas.width = seconds * cell;
  canvas.height = Math.max(1, part.buckets.length) * row;
  const context = canvas.getContext("2d");
  const last = part.heat[part.heat.length - 1][0];
  const places = new Map(part.buckets.map((bucket, at) => [bucket[0] + "-" + bucket[1], at]));
  let most = 1;
  for (const column of part.heat) for (const count of Object.values(column[1])) most = Math.max(most, count);
  for (const column of part.heat)
    for (const [bucket, count] of Object.entries(column[1])) {
      const place = places.get(bucket);
      if (place === undefined) continue;
      const strength = Math.log1p(count) / Math.log1p(most);
      context.fillStyle = "hsl(" + (220 - 200 * strength) + " 75% 55% / " + (0.25 + 0.75 * strength) + ")";
      context.fillRect((seconds - 1 - (last - column[0])) * cell, canvas.height - (place + 1) * row, cell - 0.5, row - 0.5);
    }
  canvas.title = "the last " + seconds + " seconds";
}

function buildTree(stacks) {
  const root = { name: "all", value: 0, children: new Map(), depth: 0 };
  for (const [frames, value] of stacks) {
    let node = root;
    root.value += value;
    for (const name of frames) {
      let child = node.children.get(name);
      if (!child) node.children.set(name, (child = { name, value: 0, children: new Map(), depth: node.depth + 1 }));
      child.value += value;
      node = child;
    }
  }
  return root;
}

const SVG = "http://www.w3.org/2000/svg";

function colour(name) {
  let hash = 0;
  for (let at = 0; at < name.length; at++) hash = (hash * 31 + name.charCodeAt(at)) >>> 0;
  return "hsl(" + (15 + (hash % 40)) + " " + (70 + ((hash >> 8) % 20)) + "% " + (58 + ((hash >> 16) % 12)) + "%)";
}

function showFlame(section, part) {
  section.part = part;
  section.note.textContent = part.total + " in all; a click zooms, all zooms out";
  if (!section.svg) {
    const search = make("input");
    search.placeholder = "search";
    search.addEventListener("input", () => drawFlame(section));
    section.head.append(search);
    section.search = search;
    section.svg = document.createElementNS(SVG, "svg");
    section.detail = make("div", "detail");
    section.node.append(section.svg, section.detail);
    section.path = [];
  }
  drawFlame(section);
}

function drawFlame(section) {
  const root = buildTree(section.part.stacks);
  let zoomed = root;
  const above = [root];
  for (const name of section.path) {
    const next = zoomed.children.get(name);
    if (!next) break;
    above.push((zoomed = next));
  }
  const width = Math.max(300, section.node.clientWidth - 26), row = 17;
  const boxes = [];
  const place = (node, x, path) => {
    const wide = (node.value / zoomed.value) * width;
    if (wide < 0.7) return;
    boxes.push({ node, x, wide, path });
    let at = x;
    for (const child of [...node.children.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      place(child, at, [...path, child.name]);
      at += (child.value / zoomed.value) * width;
    }
  };
  above.slice(0, -1).forEach((node, depth) => boxes.push({ node, x: 0, wide: width, path: section.path.slice(0, depth) }));
  if (zoomed.value > 0) place(zoomed, 0, section.path.slice(0, above.length - 1));
  const depth = boxes.reduce((most, box) => Math.max(most, box.node.depth), 0);
  const text = section.search.value;
  section.svg.setAttribute("height", String((depth + 1) * row));
  section.svg.replaceChildren(
    ...boxes.map(({ node, x, wide, path }) => {
      const group = document.createElementNS(SVG, "g");
      const rect = document.createElementNS(SVG, "rect");
      const y = (depth - node.depth) * row;
      for (const [name, value] of [["x", x], ["y", y], ["width", wide], ["height", row - 1]]) rect.setAttribute(name, String(value));
      rect.setAttribute("fill", colour(node.name));
      if (text !== "" && node.name.includes(text)) rect.setAttribute("class", "match");
      rect.addEventListener("click", () => { section.path = path; drawFlame(section); });
      rect.addEventListener("mouseover", () => {
        section.detail.textContent = node.name + ": " + node.value + ", " + ((100 * node.value) / root.value).toFixed(2) + " %";
      });
      group.append(rect);
      const letters = Math.floor((wide - 6) / 6.7);
      if (letters >= 3) {
        const label = document.createElementNS(SVG, "text");
        label.setAttribute("x", String(x + 3));
        label.setAttribute("y", String(y + 12));
        label.textContent = node.name.length <= letters ? node.name : node.name.slice(0, letters - 2) + "..";
        group.append(label);
      }
      return group;
    })
  );
}

function showText(section, part) {
  if (!section.box) section.node.append((section.box = make("pre")));
  const box = section.box;
  const isAtEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 4;
  box.textContent = part.lines.join("\\n");
  if (isAtEnd) box.scrollTop = box.scrollHeight;
}

const shows = { rows: showRows, hist: showHistogram, flame: showFlame, text: showText };
const source = new EventSource("events");
let hasEnded = false;

function tellState(className, text) {
  stateText.className = className;
  stateText.textContent = text;
}

source.addEventListener("parts", (event) => {
  for (const part of JSON.parse(event.data)) shows[part.kind](openSection(part), part);
  tellState("live", "live, " + Math.round((Date.now() - began) / 1000) + " s");
});
source.addEventListener("end", (event) => {
  hasEnded = true;
  source.close();
  const { dropped } = JSON.parse(event.data);
  tellState("", "the run has ended" + (dropped > 0 ? "; " + dropped + " records had no room here" : ""));
});
source.addEventListener("error", () => {
  if (!hasEnded) tellState("", "the run has ended, or cannot be reached");
});
window.addEventListener("resize", () => {
  for (const section of sections.values()) if (section.svg) drawFlame(section);
});
`;
