/** Colours as in the app (src-renderer/styles/tokens.css), here by media query: the page stands alone. Curves differ in dashes, too: printed in grey they can still be told apart. */
const light = { paper: '#ffffff', ink: '#15191d', soft: '#47515b', faint: '#5d6772', line: '#dde2e6', sunken: '#f3f5f6', bad: '#b3221b', series: ['#15191d', '#0069a8', '#b34700', '#00755a', '#8e2f86', '#8a6a00', '#4b4fc4', '#5d6772'] }
const dark = { paper: '#101315', ink: '#e9edf0', soft: '#b6bfc8', faint: '#97a2ad', line: '#2a3036', sunken: '#1a1f23', bad: '#ff8f85', series: ['#e9edf0', '#62b6f0', '#ffa05c', '#3fd0a4', '#e59add', '#e3c44f', '#a3a8ff', '#97a2ad'] }
const dashes = ['none', '7 3', '2 4', '9 3 2 3', '4 2', '12 4', '1 4', '9 3 2 3 2 3'] as const

const variables = ({ series, ...rest }: typeof light): string => [...Object.entries(rest), ...series.map((colour, i) => [`s${i}`, colour])].map(([name, value]) => `--${name}:${value}`).join(';')
const seriesRules = dashes.map((dash, i) => `.s${i}{stroke:var(--s${i});stroke-dasharray:${dash}}.dot.s${i},.area.s${i}{fill:var(--s${i})}`).join('')

/** The whole style sheet of a report page. Nothing in it is loaded from anywhere. */
export const reportStyle = [
  `:root{color-scheme:light dark;${variables(light)}}`,
  `@media (prefers-color-scheme:dark){:root{${variables(dark)}}}`,
  'body{margin:0 auto;max-width:1180px;padding:24px;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}',
  'h1{font-size:26px;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:19px;margin:36px 0 10px;padding-top:12px;border-top:1px solid var(--line)}h3{font-size:16px;margin:20px 0 6px}',
  'p{margin:6px 0;max-width:80ch}.soft{color:var(--soft)}.bad{color:var(--bad);font-weight:600}ul{margin:6px 0;padding-left:22px}li{max-width:90ch;overflow-wrap:anywhere}',
  'table{border-collapse:collapse;margin:8px 0;font-variant-numeric:tabular-nums;font-size:14px}th,td{padding:4px 12px 4px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);overflow-wrap:anywhere}th{color:var(--soft);font-weight:600}',
  'thead th{border-bottom:2px solid var(--line)}tbody th{min-width:16ch}.scroll{overflow-x:auto}pre{background:var(--sunken);padding:12px;overflow-x:auto;font-size:12px;white-space:pre-wrap;overflow-wrap:anywhere}',
  '.plots{display:flex;flex-wrap:wrap;align-items:flex-start;gap:16px 24px}.plot{max-width:100%;height:auto;font:12px system-ui,sans-serif}.plot .title{font-weight:600;fill:var(--ink)}.plot .tick{fill:var(--soft);font-size:11px}.plot .label{fill:var(--soft)}',
  '.plot .frame{fill:none;stroke:var(--faint)}.plot .grid{stroke:var(--line)}.curve{fill:none;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}.whisker{fill:none;stroke-width:1.5;stroke-opacity:.7}.area{fill-opacity:.12}.guide{stroke:var(--faint);stroke-width:1;stroke-dasharray:1 4}',
  '.bar{fill:var(--s1);fill-opacity:.55}.count{fill:var(--faint)}.dot{stroke:none}.dot.plain{fill:var(--faint);fill-opacity:.7}',
  seriesRules,
  '.dot,.whisker{stroke-dasharray:none}',
  `@media print{:root{${variables(light)}}body{padding:0;font-size:11px;max-width:none}h2{break-after:avoid}tr,svg,li{break-inside:avoid}.scroll{overflow:visible}table{font-size:10px}pre{font-size:9px}}`,
].join('\n')
