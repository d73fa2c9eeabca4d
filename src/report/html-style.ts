/** The look of the page: light and dark by the reader's own setting, from a phone's width to a desktop's. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --line: #e1e4ea; --text: #1b2130; --soft: #5a6478;
  --good: #15683c; --good-soft: #e3f5eb; --bad: #b3242d; --bad-soft: #fdeaeb; --warn: #8a5a00; --warn-soft: #fdf3dc;
  --one: #2f6fdb; --two: #9aa6bd; --track: #eceff4;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #10141c; --card: #181e29; --line: #2a3342; --text: #e6eaf2; --soft: #9aa5b8;
    --good: #4cc38a; --good-soft: #14301f; --bad: #ff7a82; --bad-soft: #3a1a1e; --warn: #f0c05a; --warn-soft: #33280f;
    --one: #6ea2ff; --two: #5c6880; --track: #232b38;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: clamp(1rem, 4vw, 2.5rem) clamp(.75rem, 4vw, 2rem); display: grid; gap: 1.25rem; }
section, header { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: clamp(1rem, 3vw, 1.5rem); min-width: 0; }
h1 { font-size: clamp(1.3rem, 4vw, 1.75rem); line-height: 1.2; margin: .5rem 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 0 0 .25rem; }
p { margin: .25rem 0; overflow-wrap: anywhere; }
.soft { color: var(--soft); font-size: .9rem; }
code, pre { font-family: var(--mono); font-size: .85em; }
code { overflow-wrap: anywhere; }
.badge { display: inline-block; padding: .15rem .7rem; border-radius: 99px; font-weight: 600; font-size: .9rem; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
.badge.good { background: var(--good-soft); } .badge.bad { background: var(--bad-soft); } .badge.warn { background: var(--warn-soft); }
.callout { border-left: .25rem solid var(--bad); background: var(--bad-soft); border-radius: .4rem; padding: .6rem .9rem; margin-top: 1rem; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(8.25rem, 100%), 1fr)); gap: .75rem 1rem; margin: 1.1rem 0 0; }
dt { color: var(--soft); font-size: .8rem; } dd { margin: 0; overflow-wrap: anywhere; }
.rows { list-style: none; margin: .75rem 0 0; padding: 0; display: grid; gap: .45rem; }
.rows li { display: grid; grid-template-columns: 5.5rem 1fr 5.5rem; gap: .75rem; align-items: center; }
.rows .time { text-align: right; font-variant-numeric: tabular-nums; color: var(--soft); font-size: .9rem; }
.track { background: var(--track); border-radius: .3rem; height: 1rem; display: flex; overflow: hidden; }
.track i { background: var(--one); border-radius: .3rem; min-width: 3px; } .track i.bad { background: var(--bad); }
.chart { display: flex; align-items: flex-end; gap: 2px; height: 9rem; margin-top: .75rem; border-bottom: 1px solid var(--line); }
.chart span { flex: 1 1 0; min-width: 1px; display: flex; flex-direction: column; justify-content: flex-end; height: 100%; }
.chart i { display: block; min-height: 1px; } .chart i:first-child { border-radius: 2px 2px 0 0; }
.one { background: var(--one); } .two { background: var(--two); } .fail { background: var(--bad); }
.axis { display: flex; justify-content: space-between; color: var(--soft); font-size: .8rem; font-variant-numeric: tabular-nums; }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .85rem; margin-top: .6rem; padding: 0; list-style: none; }
.key i { display: inline-block; width: .75rem; height: .75rem; border-radius: 2px; margin-right: .4rem; vertical-align: -1px; }
.probes { margin-top: .9rem; }
.strip { display: flex; gap: 2px; height: 1.1rem; margin-top: .3rem; }
.strip i { flex: 1 1 0; min-width: 1px; max-width: 1.2rem; border-radius: 2px; background: var(--good); opacity: .85; } .strip i.wait { background: var(--warn); } .strip i.bad { background: var(--bad); opacity: 1; } .strip b { flex: 0 0 2px; background: var(--soft); margin: 0 4px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; margin-top: .6rem; }
th { text-align: left; color: var(--soft); font-weight: 500; } th, td { padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
td:first-child, td:first-child code { overflow-wrap: normal; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
del { color: var(--bad); text-decoration: none; } ins { color: var(--good); text-decoration: none; }
pre { background: var(--page); border: 1px solid var(--line); border-radius: .5rem; padding: .8rem; overflow: auto; max-height: 32rem; margin: .6rem 0 0; white-space: pre; line-height: 1.4; }
summary { cursor: pointer; color: var(--soft); font-size: .9rem; margin-top: .75rem; }
ul.plain { margin: .5rem 0 0; padding-left: 1.1rem; }
footer { color: var(--soft); font-size: .85rem; text-align: center; }
@media (max-width: 30rem) { .changes { min-width: 26rem; } .rows li { grid-template-columns: 4rem 1fr 4.5rem; gap: .5rem; } }
@media print { body { background: #fff; } section, header { break-inside: avoid; } pre { max-height: none; white-space: pre-wrap; } }
`;
