export const STAMP: string
export function sourcesHash(root: string): string
export function pagesReason(root: string): string | undefined
export function buildStalePages(root: string, node: string, args: readonly string[]): void
