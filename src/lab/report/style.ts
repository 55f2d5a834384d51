/**
 * The style sheet of the reports. System fonts and no pictures, so that nothing is fetched; colours from Okabe and
 * Ito's set for all kinds of sight, darkened or lightened to stand out from their ground; series differ in width or
 * dash as well. Paper gets the light colours.
 */

const LIGHT = `--page:#f4f6f8;--card:#fff;--ink:#16202b;--soft:#51606f;--line:#d5dce3;--grid:#e4e9ee;--zero:#8b98a5;
--accent:#0a5c8f;--passed:#0b6b3a;--failed:#b3261e;--inconclusive:#8a5200;--skipped:#51606f;--limit:#b3261e;
--passed-ground:#e5f4eb;--failed-ground:#fcebea;--inconclusive-ground:#fdf1dd;--skipped-ground:#eceff2;
--s0:#0072b2;--s1:#c24e00;--s2:#00805c;--s3:#a8488a;--s4:#5b4bb3;--s5:#7a6200`

const DARK = `--page:#10161d;--card:#18212b;--ink:#e8eef4;--soft:#a9b7c5;--line:#33414f;--grid:#273340;--zero:#77879a;
--accent:#7cc4f0;--passed:#76d79c;--failed:#ff9d94;--inconclusive:#f2c063;--skipped:#a9b7c5;--limit:#ff9d94;
--passed-ground:#143324;--failed-ground:#452021;--inconclusive-ground:#3d2e12;--skipped-ground:#26323e;
--s0:#5cb8ef;--s1:#ff9a52;--s2:#3fd0a0;--s3:#e795c8;--s4:#a99cf5;--s5:#dcc34a`

const BASE = `
:root{color-scheme:light;${LIGHT}}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;${DARK}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
"Apple SD Gothic Neo","Malgun Gothic","Noto Sans KR","Noto Sans CJK KR",sans-serif}
main{max-width:76rem;margin:0 auto;padding:1rem 1.25rem 3rem;font-variant-numeric:tabular-nums}
[lang=ko]{word-break:keep-all;overflow-wrap:anywhere}
h1,h2,h3{line-height:1.25;margin:0;text-wrap:balance}
h1{font-size:1.65rem;letter-spacing:-.01em}h2{font-size:1.3rem}h3{font-size:1rem}
p{margin:0}a{color:var(--accent)}
small{font-size:.8125rem;color:var(--soft)}
article{overflow-wrap:break-word}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.soft{color:var(--soft)}
.card{background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1.1rem 1.25rem;margin:1rem 0}
.card>h2{margin-bottom:.4rem}.card>h3{margin:1.4rem 0 .5rem}.card>h2+h3,.card>h3:first-child{margin-top:0}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
`

/** The switch between languages works without a script: what is checked decides which of its siblings is shown. */
const SWITCH = `
.pick{position:absolute;opacity:0;width:1px;height:1px}
.pick+label{float:right;padding:.2rem .75rem;border:1px solid var(--line);background:var(--card);cursor:pointer;
font-size:.875rem}
.pick+label:nth-of-type(1){border-radius:0 1rem 1rem 0;border-left:0}
.pick+label:nth-of-type(2){border-radius:1rem 0 0 1rem}
.pick:checked+label{background:var(--accent);color:var(--card);border-color:var(--accent);font-weight:600}
.pick:focus-visible+label{outline:3px solid var(--accent);outline-offset:2px}
#pick-en:checked~article[lang=ko],#pick-ko:checked~article[lang=en]{display:none}
article{clear:both;padding-top:.6rem}
`

const HEAD = `
.brand{display:flex;align-items:center;gap:.5rem;font-weight:700;color:var(--accent);letter-spacing:.02em;float:left;
line-height:2rem}
.brand svg{display:block}
.hero{display:grid;grid-template-columns:auto 1fr;gap:1.5rem;align-items:center;padding:1.4rem}
.grade{width:8rem;height:8rem;display:block}
.grade .track{fill:none;stroke:var(--grid);stroke-width:9}
.grade .share{fill:none;stroke-width:9;stroke-linecap:round;stroke:var(--tone)}
.grade .letter{font-size:44px;font-weight:700;fill:var(--ink)}
.grade .points{font-size:13px;fill:var(--soft)}
.tone-passed{--tone:var(--passed);--ground:var(--passed-ground)}
.tone-failed{--tone:var(--failed);--ground:var(--failed-ground)}
.tone-inconclusive{--tone:var(--inconclusive);--ground:var(--inconclusive-ground)}
.tone-skipped{--tone:var(--skipped);--ground:var(--skipped-ground)}
.result{font-size:1.2rem;font-weight:600;margin:.35rem 0}
.result b{color:var(--tone)}
.hero dl{display:flex;flex-wrap:wrap;gap:.6rem 2.25rem;margin:.9rem 0 0}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,13rem),1fr));gap:.8rem 1.25rem;
margin:.9rem 0 0}
dt{font-size:.8125rem;color:var(--soft)}dd{margin:0;font-weight:600;overflow-wrap:anywhere}
dd small{display:block;font-weight:400}
.notice{border-left:4px solid var(--tone);background:var(--ground);padding:.6rem .9rem;border-radius:.25rem;
margin:1rem 0}
.chip{display:inline-block;white-space:nowrap;border:1px solid var(--tone);color:var(--tone);background:var(--ground);
border-radius:1rem;padding:0 .6rem;font-size:.8125rem;font-weight:600;line-height:1.5rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,15.5rem),1fr));gap:.75rem;list-style:none;
margin:.75rem 0;padding:0}
.tiles a{display:block;height:100%;text-decoration:none;color:inherit;border:1px solid var(--line);
background:var(--card);border-radius:.75rem;padding:.8rem 1rem;border-left:4px solid var(--tone)}
.tiles a:hover{border-color:var(--tone)}
.tiles strong{display:block;margin-bottom:.3rem}
.dots{display:flex;flex-wrap:wrap;gap:3px;margin-top:.5rem}
.dots svg{width:12px;height:12px;fill:var(--tone);stroke:var(--tone)}
.faults{list-style:none;margin:.5rem 0 0;padding:0}
.faults li{padding:.7rem 0;border-top:1px solid var(--line)}
.faults li:first-child{border-top:0;padding-top:.2rem}
.faults p{margin:.15rem 0 0}
`

const TABLES = `
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9375rem}
caption{text-align:left;font-weight:600;padding-bottom:.4rem}
th,td{padding:.5rem .6rem;text-align:right;vertical-align:top;border-top:1px solid var(--line)}
thead th,thead td{border-top:0;border-bottom:2px solid var(--line);font-size:.8125rem;color:var(--soft);
vertical-align:bottom}
th:first-child,td:first-child{text-align:left;padding-left:0}
th:last-child,td:last-child{padding-right:0}
tbody th{font-weight:600}
tbody th small{display:block;font-weight:400;margin-top:.15rem}
.value{white-space:nowrap}
.bar{display:block;width:100%;min-width:4.5rem;height:8px;margin-top:.3rem}
.bar rect{fill:var(--tone,var(--s0))}.bar .ground{fill:var(--grid)}.bar .band{fill:var(--line)}
.bar .bound{stroke:var(--ink);stroke-width:2;vector-effect:non-scaling-stroke}
.side0{--tone:var(--s0)}.side1{--tone:var(--s1)}.side2{--tone:var(--s2)}.side3{--tone:var(--s3)}
.sign{color:var(--tone);font-weight:700}
.gauge{width:9rem}
.stats{display:grid;grid-template-columns:repeat(auto-fill,minmax(11rem,1fr));gap:.75rem 1.25rem;margin:0}
.stats dd{font-size:1.15rem}
.unmeasured{margin:.25rem 0 0;padding-left:1.2rem;color:var(--soft);font-size:.9375rem}
details{margin-top:.4rem;font-size:.875rem}summary{cursor:pointer;color:var(--accent);width:fit-content}
details .scroll{max-height:18rem;overflow:auto;margin-top:.4rem}
details table{font-size:.8125rem;width:auto;min-width:60%}
details th,details td{padding:.15rem .6rem}
@media screen and (max-width:44rem){
main{padding:.75rem .75rem 2rem}
.card{padding:.9rem}
.hero{grid-template-columns:1fr;justify-items:center;text-align:center;gap:.75rem}
.hero dl{text-align:left}.hero>div{width:100%}
.stack,.stack tbody,.stack tr,.stack td,.stack tbody th{display:block;text-align:left;padding:0;border:0;width:100%}
.stack thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.stack tr{border-top:1px solid var(--line);padding:.7rem 0}
.stack tbody tr:first-child{border-top:0}
.stack td{display:grid;grid-template-columns:6.5rem 1fr;margin-top:.25rem}
.stack .chip{justify-self:start}
.stack td::before{content:attr(data-name);color:var(--soft);font-size:.8125rem;line-height:1.5rem}
.gauge{width:100%}.stack td.gauge-cell{display:block}.stack td.gauge-cell::before{content:none}
}
`

const CHARTS = `
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,29rem),1fr));gap:1.5rem 2rem}
figure{margin:0;min-width:0}
.charts>figure:first-child:nth-last-child(odd){grid-column:1/-1}
figure h4{margin:0;font-size:.9375rem}
figcaption{font-size:.875rem;color:var(--soft);margin-top:.35rem}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;margin:.25rem 0 .5rem;padding:0;font-size:.875rem}
.legend li{display:flex;align-items:center;gap:.4rem}
.sample{flex:none}
.plot{padding:12px 6px 26px 0}
.plot>svg{display:block;height:210px;overflow:visible}
.curves{overflow:visible}
.grid{stroke:var(--grid)}.zero{stroke:var(--zero)}
.mark{font-size:12px;fill:var(--soft)}
.limit{stroke:var(--limit);stroke-width:1.5;stroke-dasharray:9 4}
.limit-name{font-size:12px;font-weight:600;fill:var(--limit);stroke:var(--card);stroke-width:4;paint-order:stroke;
stroke-linejoin:round}
.curve{fill:none;stroke:var(--tone);stroke-width:2;stroke-linejoin:round;stroke-linecap:round;
vector-effect:non-scaling-stroke}
.area{fill:var(--tone);fill-opacity:.4}
.s0{--tone:var(--s0)}.s1{--tone:var(--s1)}.s2{--tone:var(--s2)}.s3{--tone:var(--s3)}.s4{--tone:var(--s4)}
.s5{--tone:var(--s5)}
.curve.s1{stroke-width:2.5}.curve.s2{stroke-dasharray:7 4}.curve.s3{stroke-dasharray:2 4}
.curve.s4{stroke-dasharray:10 3 2 3}.curve.s5{stroke-dasharray:4 3}
.summary{max-width:52rem;margin-top:.35rem}
.empty{color:var(--soft);padding:1.5rem 0}
footer{color:var(--soft);font-size:.875rem;margin-top:1.5rem}
`

const PAPER = `
@page{size:A4;margin:14mm 13mm}
@media print{
html{font-size:13px}
body{background:none;font-size:1rem}
main{max-width:none;padding:0}
.pick,.pick+label,details,.to-top{display:none}
.card{border:0;border-top:1px solid var(--line);border-radius:0;padding:.6rem 0;margin:.5rem 0}
.hero{border-top:0}
.charts{grid-template-columns:1fr;gap:1rem}
.plot>svg{height:165px}
#top .tiles{grid-template-columns:repeat(3,1fr)}
section>p,figure,tr,.tiles li,.faults li,.notice,.hero,.stats>div,.facts>div{break-inside:avoid}
h2,h3,h4,caption,thead,section>p{break-after:avoid}
thead{display:table-header-group}
.scroll{overflow:visible}
a{color:inherit;text-decoration:none}
.chip{background:none}
.value{white-space:normal}.gauge{width:6rem}
th,td{padding:.4rem}
}
`

export const STYLE = BASE + SWITCH + HEAD + TABLES + CHARTS + PAPER
