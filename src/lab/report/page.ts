/**
 * The frame of every HTML report: one file that needs nothing else. Both languages are in it; the switch between them
 * is a pair of radio buttons that the style sheet reads, so that no script is needed. The page's own policy forbids
 * scripts and requests, whatever a text in it tries.
 */
import { html, type Markup, trusted } from './markup.ts'
import { STYLE } from './style.ts'
import { LANGUAGES, type Language, say } from './words.ts'

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

export interface PageParts {
  readonly title: (lang: Language) => string
  readonly body: (lang: Language) => Markup
}

/** The whole document; `lang` is the language that it opens in. */
export function page({ title, body }: PageParts, lang: Language): string {
  // Floats to the right: the last one stands first.
  const picks = LANGUAGES.toReversed().map((one) => {
    const checked = one === lang ? trusted(' checked') : trusted('')
    return html`<input class="pick" type="radio" name="language" id="pick-${one}" autocomplete="off"${checked}>
<label for="pick-${one}" lang="${one}">${say(one, 'language')}</label>
`
  })
  const articles = LANGUAGES.map((one) => html`<article lang="${one}">${body(one)}</article>\n`)
  const { text } = html`<!doctype html>
<html lang="${lang}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title(lang)}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<main id="top">
${BRAND}
${picks}${articles}</main>
</body>
</html>
`
  return text
}

/** Waves that become level: what the product does, and no data. */
const BRAND = html`<div class="brand"><svg viewBox="0 0 40 24" width="34" height="20" aria-hidden="true">
<path d="M1 16C4 2 7 2 9 13S14 24 17 10S21 12 25 12H39" fill="none" stroke="currentColor" stroke-width="3"
 stroke-linecap="round"/></svg>Weir</div>`
