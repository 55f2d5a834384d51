/** What the process under load tells the one that kills it. */
export const EVENT = 'under-fire'

export type Told =
  | { readonly kind: 'ready' }
  | { readonly kind: 'entered'; readonly visitor: string; readonly ticket: number; readonly direct: boolean }
  | { readonly kind: 'called'; readonly called: readonly (readonly [visitor: string, ticket: number])[] }
  | { readonly kind: 'done'; readonly visitor: string }
