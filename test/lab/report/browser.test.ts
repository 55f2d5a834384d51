/** The page in a real Chromium: it draws, asks for nothing, and everybody can read it, on a phone and on paper too. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import {
  chartPairs,
  compareReports,
  renderComparisonHtml,
  renderHtml,
  renderLoadHtml,
} from '../../../src/lab/index.ts'
import type { Chart } from '../../../src/lab/report/document.ts'
import { launchChromium, noChromium, seriousFaults } from '../../fixtures/chromium.ts'
import { temporaryDirectory } from '../../fixtures/weir-process.ts'
import { sampleReport } from './sample.ts'
import { sampleLoad } from './sample-load.ts'

/** Evaluated in the page, where there is a document; this project's types know of none. */
const DRAWN = `[...document.querySelectorAll('article[lang=en] figure svg.curves')].map((frame) => {
  const { width, height } = frame.parentElement.getBoundingClientRect()
  const paths = [...frame.querySelectorAll('path')].map((path) => {
    const box = path.getBBox()
    const right = box.x + box.width
    return { left: box.x, top: box.y, right, bottom: box.y + box.height, length: path.getTotalLength() }
  })
  return { width, height, paths }
})`
const WIDTH_AND_LETTERS = `[document.documentElement.scrollWidth].concat(
  [...document.querySelectorAll('text.mark')].map((mark) => parseFloat(getComputedStyle(mark).fontSize)))`
const ON_PAPER = `({
  ink: getComputedStyle(document.querySelector('h1')).color,
  breaks: getComputedStyle(document.querySelector('figure')).breakInside,
  language: getComputedStyle(document.querySelector('label')).display,
  details: getComputedStyle(document.querySelector('details')).display,
  width: document.documentElement.scrollWidth,
})`

interface DrawnChart {
  readonly width: number
  readonly height: number
  readonly paths: readonly Readonly<Record<'left' | 'top' | 'right' | 'bottom' | 'length', number>>[]
}

type Look = NonNullable<Parameters<Browser['newPage']>[0]>

const sample = sampleReport()
const halved = (chart: Chart): Chart => ({
  ...chart,
  series: chart.series.map((one) => ({
    ...one,
    points: one.points.map(([seconds, value]) => [seconds, value === null ? null : value / 2] as const),
  })),
})
const experiments = sample.experiments.map((one) => ({ ...one, charts: one.charts.map(halved) }))
const other = { ...sample, experiments, environment: { ...sample.environment, cpu: 'Another', cores: 64 } }
const pages = {
  validation: renderHtml(sample, 'en'),
  comparison: renderComparisonHtml(compareReports(sample, other), chartPairs(sample, other), 'en'),
  load: renderLoadHtml(sampleLoad(), 'en'),
}

const DESKTOP: Look = { viewport: { width: 1280, height: 900 } }
const PHONE: Look = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }

const without = noChromium()
const browser = without === false ? await launchChromium() : undefined

describe('in a browser', { skip: without }, () => {
  const dir = temporaryDirectory()
  after(dir.remove)
  before(() => {
    for (const [name, text] of Object.entries(pages)) writeFileSync(join(dir.path, `${name}.html`), text)
  })

  /** The page, opened; what it asked for and what it complained about until `use` was over. */
  async function opened(name: keyof typeof pages, look: Look, use: (page: Page) => Promise<void>) {
    assert.ok(browser)
    const page = await browser.newPage(look)
    const requests: string[] = []
    const complaints: string[] = []
    page.on('request', (request) => requests.push(request.url()))
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    try {
      const url = pathToFileURL(join(dir.path, `${name}.html`)).href
      await page.goto(url)
      await use(page)
      return { requests: requests.filter((one) => one !== url && !one.startsWith('data:')), complaints }
    } finally {
      await page.close()
    }
  }

  const charts = sample.experiments.reduce((sum, one) => sum + one.charts.length, 0)

  test('every chart is drawn within its frame; nothing is asked for, nothing complained about', async () => {
    const heard = await opened('validation', DESKTOP, async (page) => {
      const drawn = await page.evaluate<DrawnChart[]>(DRAWN)
      assert.equal(drawn.length, charts)
      for (const { width, height, paths } of drawn) {
        assert.ok(width > 300 && height > 150, `${width} by ${height}`)
        assert.ok(paths.length > 0)
        for (const { left, top, right, bottom, length } of paths) {
          assert.ok(left >= -0.1 && right <= 1000.1 && top >= -0.1 && bottom <= 400.1)
          assert.ok(length > 100, `a path of ${length}`)
        }
      }
      const image = page.getByRole('img', { name: 'Arrivals and starts (messages/s)' })
      assert.match((await image.getAttribute('aria-describedby')) ?? '', /^en-0-0-d$/)
      assert.match((await page.locator('#en-0-0-d').textContent()) ?? '', /^In: up to 566 a second/)
    })
    assert.deepEqual(heard, { requests: [], complaints: [] })
  })

  test('the curves of two runs are drawn side by side, each pair on the same axes', async () => {
    const heard = await opened('comparison', DESKTOP, async (page) => {
      const drawn = await page.evaluate<DrawnChart[]>(DRAWN)
      assert.equal(drawn.length, 2 * charts)
      for (let pair = 0; pair < drawn.length; pair += 2) {
        const [a, b] = [drawn[pair], drawn[pair + 1]]
        assert.ok(a && b)
        const highest = (of: DrawnChart) => Math.max(...of.paths.map(({ top, bottom }) => bottom - top))
        assert.ok(Math.abs(highest(b) / highest(a) - 0.5) < 0.01, `${highest(b)} against ${highest(a)}`)
      }
      const marks = (side: number) =>
        page
          .locator(`figure:has(#en-0-${side}-t) text.mark`)
          .evaluateAll('(all) => all.map((one) => one.textContent)')
      assert.deepEqual(await marks(0), await marks(1))
    })
    assert.deepEqual(heard, { requests: [], complaints: [] })
  })

  test('axe finds nothing serious, light and dark, in both languages, with the tables of values open', async () => {
    for (const name of ['validation', 'comparison'] as const) {
      for (const colorScheme of ['light', 'dark'] as const) {
        await opened(name, { ...DESKTOP, colorScheme }, async (page) => {
          for (const lang of name === 'validation' ? ['en', 'ko'] : ['en']) {
            await page.locator(`label[for=pick-${lang}]`).click()
            const details = page.locator(`article[lang=${lang}] details`).first()
            if ((await details.count()) > 0) await details.locator('summary').click()
            assert.deepEqual(await seriousFaults(page), [], `${name}, ${colorScheme}, ${lang}`)
          }
        })
      }
    }
  })

  test('the language is changed with the keyboard alone, and only one is shown', async () => {
    await opened('validation', DESKTOP, async (page) => {
      const shown = async () => [
        await page.getByRole('heading', { name: 'Validation report' }).isVisible(),
        await page.getByRole('heading', { name: '검증 보고서' }).isVisible(),
      ]
      assert.deepEqual(await shown(), [true, false])
      await page.keyboard.press('Tab')
      await page.keyboard.press('ArrowLeft')
      assert.deepEqual(await shown(), [false, true])
    })
  })

  test('on a phone of 360 pixels nothing but a table scrolls sideways, and letters keep their size', async () => {
    for (const name of ['validation', 'comparison', 'load'] as const) {
      await opened(name, PHONE, async (page) => {
        for (const lang of ['en', 'ko']) {
          await page.locator(`label[for=pick-${lang}]`).click()
          const [width, ...sizes] = await page.evaluate<number[]>(WIDTH_AND_LETTERS)
          assert.equal(width, 360, `${name} in ${lang}`)
          assert.ok(sizes.every((px) => px >= 12))
        }
        assert.deepEqual(await seriousFaults(page), [])
      })
    }
  })

  test('on paper: pages, in light colours also when the screen is dark, no chart wider than the sheet', async () => {
    await opened(
      'validation',
      { viewport: { width: 688, height: 1000 }, colorScheme: 'dark' },
      async (page) => {
        const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1')
        const sheets = [...pdf.matchAll(/\/Type\s*\/Page\b/g)].length
        assert.ok(sheets >= 3 && sheets <= 15, `${sheets} pages`)
        assert.match(pdf, /\/MediaBox\s*\[0 0 59[45][.\d]* 84[12]/)
        await page.emulateMedia({ media: 'print' })
        const looks = await page.evaluate(ON_PAPER)
        assert.deepEqual(looks, {
          ...{ ink: 'rgb(22, 32, 43)', breaks: 'avoid', language: 'none', details: 'none', width: 688 },
        })
      },
    )
  })

  test('texts that try to be markup stay texts', async () => {
    const evil = `<script>document.title='hit'</script><img src=x onerror="document.title='hit'">`
    const words = { en: evil, ko: evil }
    const experiments = sample.experiments.map((one) => ({ ...one, title: words, summary: words }))
    writeFileSync(join(dir.path, 'validation.html'), renderHtml({ ...sample, experiments, url: evil }, 'en'))
    const heard = await opened('validation', DESKTOP, async (page) => {
      assert.equal(await page.title(), 'Weir: Validation report, 2026-11-21 09:15 UTC')
      assert.equal(await page.locator('script, img').count(), 0)
      assert.ok((await page.getByText(evil).count()) > 0)
    })
    assert.deepEqual(heard, { requests: [], complaints: [] })
  })
})
