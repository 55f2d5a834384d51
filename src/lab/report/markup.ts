/**
 * HTML that is safe by construction: whatever is put into a template is escaped, unless it came out of one. The texts
 * of a report are anybody's (a type's name, an address), and a file that is sent around must not run them.
 */

export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Child = Markup | string | number | false | undefined | readonly Child[]

/** The literal parts as they stand, the rest escaped; attributes are to be written with quotes around them. */
export function html(literals: TemplateStringsArray, ...children: readonly Child[]): Markup {
  let text = literals[0] ?? ''
  for (const [index, child] of children.entries()) text += textOf(child) + (literals[index + 1] ?? '')
  return new Markup(text)
}

/** Only for text that this room wrote itself: the style sheet, a path's data. */
export const trusted = (text: string): Markup => new Markup(text)

function textOf(child: Child): string {
  if (child instanceof Markup) return child.text
  if (typeof child === 'string') return escapeHtml(child)
  if (typeof child === 'number') return String(child)
  return child ? child.map(textOf).join('') : ''
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign)
