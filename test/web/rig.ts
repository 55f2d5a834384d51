/** The service as its users run it, in a process of its own, with the pages built; and visitors in a real browser. */
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { pagesReason } from '../../bin/pages.mjs'
import { buildPages } from '../../scripts/build-pages.ts'
import { launchChromium } from '../fixtures/chromium.ts'
import { newDataDir, removeDataDir } from '../fixtures/embedded.ts'
import { freePort } from '../fixtures/ports.ts'
import { ServiceProcess } from '../fixtures/process.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const ADMIN = { email: 'operator@example.org', password: 'Op3rator-4711' }
/** Generous: a busy machine is no fault. */
const PATIENCE_MS = 30_000

export interface Session {
  readonly token: string
  readonly user: { readonly userId: string; readonly role: string }
}

export interface PageRig {
  readonly url: string
  readonly browser: Browser
  readonly admin: Session
  account(name: string): Promise<Session>
  /** A browser of its own, in which `session` is logged in. */
  context(session?: Session, options?: BrowserContextOptions): Promise<BrowserContext>
  /** A page of it at the event, as a visitor opens it. */
  visit(event: string, session: Session, options?: BrowserContextOptions): Promise<Page>
  /** As the operator. */
  operate(method: string, path: string, body?: object): Promise<Record<string, unknown>>
  /** What browsers complained about; empty is good. */
  readonly complaints: string[]
  stop(signal: NodeJS.Signals): Promise<void>
  /** After a stop, at the same address with the same data. */
  start(): Promise<void>
}

export async function pageRig(
  t: Pick<TestContext, 'after'>,
  environment: Record<string, string> = {},
): Promise<PageRig> {
  if (pagesReason(ROOT)) await buildPages()
  const dataDir = newDataDir()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  let service: ServiceProcess | undefined
  t.after(async () => {
    await service?.end('SIGKILL')
    removeDataDir(dataDir)
  })
  const start = async (): Promise<void> => {
    service = new ServiceProcess({
      dataDir,
      environment: {
        ROOM_PORT: `${port}`,
        QUEUE_THRESHOLD: '1',
        QUEUE_PROCESSOR_INTERVAL: '1000',
        ADMIT_EARLY: 'true',
        ADMIN_EMAIL: ADMIN.email,
        ADMIN_PASSWORD: ADMIN.password,
        ...environment,
      },
    })
    await service.ready
  }
  await start()
  const browser = await launchChromium(t)
  const complaints: string[] = []

  const ask = async (method: string, path: string, token?: string, body?: object) => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    const json = (await answer.json()) as Record<string, unknown>
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(json)}`)
    return json
  }
  const admin = (await ask('POST', '/api/auth/login', undefined, ADMIN)) as unknown as Session

  const context: PageRig['context'] = async (session, options) => {
    const localStorage = session ? [{ name: 'weir.session', value: JSON.stringify(session) }] : []
    const made = await browser.newContext({
      locale: 'en-GB',
      viewport: { width: 1000, height: 760 },
      storageState: { cookies: [], origins: [{ origin: url, localStorage }] },
      ...options,
    })
    made.setDefaultTimeout(PATIENCE_MS)
    made.on('page', (page) => {
      page.on('pageerror', (error) => complaints.push(`${error.stack ?? error}`))
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
      })
    })
    return made
  }
  return {
    url,
    browser,
    admin,
    complaints,
    context,
    async account(name) {
      const asked = { email: `${name}@example.org`, password: `Pa5s-${name}-4711`, name }
      return (await ask('POST', '/api/auth/register', undefined, asked)) as unknown as Session
    },
    async visit(event, session, options) {
      const page = await (await context(session, options)).newPage()
      await page.goto(`${url}/events/${event}`)
      return page
    },
    operate: (method, path, body) => ask(method, `/api/queue/admin${path}`, admin.token, body),
    async stop(signal) {
      await service?.end(signal)
    },
    start,
  }
}

/** What a figure of the page shows. */
export const figure = (page: Page, name: string) => page.locator(`[data-figure=${name}]`)

/** Waits until the figure is this. */
export async function shows(page: Page, name: string, text: string): Promise<void> {
  await figure(page, name).getByText(text, { exact: true }).waitFor()
}

/** A page that was cut off comes back at growing distances, of half a minute at most. */
export const isConnected = (page: Page): Promise<void> =>
  page.locator('[data-link=live]').waitFor({ timeout: 3 * PATIENCE_MS })

export const isInside = (page: Page): Promise<void> => page.getByText('You are in. Take your time').waitFor()

/** Whether anything is wider than the window. */
export const isTooWide = (page: Page): Promise<boolean> =>
  page.evaluate('document.documentElement.scrollWidth > window.innerWidth')
