/**
 * What a flame graph does in a browser: a click zooms, a search marks. It stands in the picture's CDATA section, so it has no end of one. Names reach it by the
 * picture's attributes alone, and it writes them as text.
 */
export const flameScript = `
(function () {
  "use strict";
  var script = document.currentScript;
  var svg = script.closest ? script.closest("svg") : document.documentElement;
  var width = Number(svg.getAttribute("data-width"));
  var frames = Array.prototype.map.call(svg.querySelectorAll(".frame"), function (node) {
    return {
      node: node,
      rect: node.querySelector("rect"),
      text: node.querySelector("text"),
      name: node.getAttribute("data-name"),
      start: Number(node.getAttribute("data-start")),
      value: Number(node.getAttribute("data-value")),
      depth: Number(node.getAttribute("data-depth"))
    };
  });
  var total = frames[0].value;
  var zoomed = frames[0];
  var wanted = null;
  function find(id) { return svg.querySelector("." + id); }
  function label(frame, room) {
    var letters = Math.floor((room - 6) / 7);
    if (letters < 3) return "";
    return frame.name.length <= letters ? frame.name : frame.name.slice(0, letters - 2) + "..";
  }
  function zoom(to) {
    zoomed = to;
    var scale = width / to.value;
    frames.forEach(function (frame) {
      var isBelow = frame.depth < to.depth && frame.start <= to.start && frame.start + frame.value >= to.start + to.value;
      var isAbove = frame.depth >= to.depth && frame.start >= to.start && frame.start + frame.value <= to.start + to.value;
      frame.node.setAttribute("display", isBelow || isAbove ? "inline" : "none");
      if (!isBelow && !isAbove) return;
      var x = isBelow ? 0 : (frame.start - to.start) * scale;
      var room = isBelow ? width : frame.value * scale;
      frame.node.setAttribute("opacity", isBelow ? "0.5" : "1");
      frame.rect.setAttribute("x", String(10 + x));
      frame.rect.setAttribute("width", String(room));
      frame.text.setAttribute("x", String(13 + x));
      frame.text.textContent = label(frame, room);
    });
    find("reset").setAttribute("visibility", to === frames[0] ? "hidden" : "visible");
  }
  function search(text) {
    var pattern = null;
    if (text) {
      try { pattern = new RegExp(text, "i"); } catch (_error) { pattern = null; }
    }
    wanted = text || null;
    var end = -1;
    var sum = 0;
    var marked = [];
    frames.forEach(function (frame) {
      var isMatch = wanted !== null && (pattern === null ? frame.name.indexOf(text) >= 0 : pattern.test(frame.name));
      frame.rect.setAttribute("class", isMatch ? "match" : "");
      if (isMatch) marked.push(frame);
    });
    marked.sort(function (a, b) { return a.start - b.start || b.value - a.value; });
    marked.forEach(function (frame) {
      if (frame.start < end) return;
      sum += frame.value;
      end = frame.start + frame.value;
    });
    find("matched").textContent = wanted === null ? "" : "Matched: " + ((100 * sum) / total).toFixed(2) + "%";
    find("search").textContent = wanted === null ? "Search" : "Reset search";
  }
  function ask() {
    if (wanted !== null) return search("");
    var text = window.prompt("Search for functions (a regular expression, such as ^tcp_)", "");
    if (text !== null) search(text);
  }
  svg.addEventListener("click", function (event) {
    var node = event.target;
    while (node && node !== svg) {
      var name = node.getAttribute("class") || "";
      if (name === "search") return ask();
      if (name === "reset") return zoom(frames[0]);
      if (name.indexOf("frame") === 0) {
        for (var at = 0; at < frames.length; at++) if (frames[at].node === node) return zoom(frames[at]);
      }
      node = node.parentNode;
    }
  });
  svg.addEventListener("mouseover", function (event) {
    var node = event.target;
    while (node && node !== svg && (node.getAttribute("class") || "").indexOf("frame") !== 0) node = node.parentNode;
    var title = node && node !== svg ? node.querySelector("title") : null;
    find("details").textContent = title ? title.textContent : "";
  });
  window.addEventListener("keydown", function (event) {
    if (event.key === "/" || (event.key === "f" && (event.ctrlKey || event.metaKey))) {
      event.preventDefault();
      ask();
    } else if (event.key === "Escape") {
      if (wanted !== null) search("");
      else if (zoomed !== frames[0]) zoom(frames[0]);
    }
  });
  find("search").setAttribute("visibility", "visible");
})();
`;
