/** The page's style sheet; it follows the browser's dark and light. */
export const pageStyle = `
:root { color-scheme: light dark; --ink: #1c1f24; --soft: #6b7280; --line: #d8dce2; --paper: #fbfbf9; --bar: #3b7dd8; --mark: #d65fd6; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e3; --soft: #9aa3b2; --line: #3a3f47; --paper: #17191d; --bar: #5b9df0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 13px/1.45 system-ui, sans-serif; }
header { position: sticky; top: 0; z-index: 1; display: flex; gap: 1em; align-items: baseline; padding: 0.6em 1.2em; background: var(--paper); border-bottom: 1px solid var(--line); }
h1 { margin: 0; font-size: 15px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
#state { color: var(--soft); white-space: nowrap; }
#state.live::before { content: "\\25cf "; color: #2e9e4f; }
main { display: flex; flex-wrap: wrap; gap: 1.2em; padding: 1.2em; align-items: flex-start; }
section { border: 1px solid var(--line); border-radius: 6px; padding: 0.7em 0.9em; max-width: 100%; overflow: auto; }
section.flame, section.text { flex-basis: 100%; }
section.flame { order: -2; }
section.hist { order: -1; }
section.text { order: 1; }
h2 { margin: 0 0 0.5em; font-size: 13px; }
h2 small { color: var(--soft); font-weight: normal; margin-left: 0.6em; }
table { border-collapse: collapse; font: 12px/1.4 ui-monospace, monospace; }
section.rows > div { max-height: 26em; overflow: auto; }
th { position: sticky; top: 0; background: var(--paper); text-align: left; color: var(--soft); font-weight: normal; }
th, td { padding: 0.1em 0.8em 0.1em 0; white-space: pre; }
td.number { text-align: right; }
td.bar { width: 18em; padding: 0; }
td.bar span { display: block; height: 1em; background: var(--bar); border-radius: 2px; }
pre { margin: 0; max-height: 20em; overflow: auto; font: 12px/1.4 ui-monospace, monospace; }
canvas { display: block; margin-top: 0.6em; }
svg { display: block; width: 100%; font: 11px ui-monospace, monospace; }
svg rect { stroke: var(--paper); stroke-width: 0.5; cursor: pointer; }
svg rect.match { fill: var(--mark); }
svg text { fill: #111; pointer-events: none; }
.detail { min-height: 1.5em; color: var(--soft); font: 12px ui-monospace, monospace; overflow: hidden; white-space: nowrap; }
input { font: inherit; margin-left: 1em; padding: 0.1em 0.4em; }
#empty { color: var(--soft); }
`;
