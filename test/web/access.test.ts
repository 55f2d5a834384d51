/** The page for everybody: by keyboard alone, on a narrow phone, in Korean, without motion, and as axe judges it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { noChromium, seriousFaults } from '../fixtures/chromium.ts'
import { eventually } from '../fixtures/process.ts'
import { isConnected, isInside, isTooWide, pageRig, shows } from './rig.ts'

const PHONE = { viewport: { width: 360, height: 700 } }

test('the page for everybody', { skip: noChromium() }, async (t) => {
  const rig = await pageRig(t)
  const [one, two, three] = await Promise.all(['one', 'two', 'three'].map((name) => rig.account(name)))
  assert.ok(one && two && three)

  /** The page as it is: nothing wider than the window, and nothing that axe finds serious, in light and in dark. */
  async function isFine(page: Page, what: string): Promise<void> {
    assert.equal(await isTooWide(page), false, `${what} is too wide`)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      assert.deepEqual(await seriousFaults(page), [], `${what}, ${colorScheme}`)
    }
  }
  const press = async (page: Page, ...keys: string[]): Promise<void> => {
    for (const key of keys) await page.keyboard.press(key)
  }
  const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true })
  const focused = (page: Page): Promise<string> =>
    page.evaluate(() => (globalThis as unknown as Dom).document.activeElement?.textContent ?? '')
  const hasFocus = (page: Page, text: string): Promise<true> =>
    eventually(
      async () => ((await focused(page)) === text ? true : undefined),
      () => `the focus is not on ${text}`,
      20_000,
    )

  await t.test(
    'by keyboard alone: log in, wait, think about leaving, leave, take it back, enter, be done',
    async () => {
      // Time enough to find the way back, however slow the machine is.
      await rig.operate('PUT', '/k', { cap: 1, undoMs: 60_000 })
      const inside = await rig.visit('k', one)
      await isInside(inside)
      const page = await (await rig.context()).newPage()
      await page.goto(`${rig.url}/events/k`)
      await page.getByLabel('E-mail').waitFor()
      await press(page, 'Tab')
      await hasFocus(page, 'Skip to the content')
      await press(page, 'Enter', 'Tab')
      await page.keyboard.type('two@example.org')
      await press(page, 'Tab')
      await page.keyboard.type('Pa5s-two-4711')
      await press(page, 'Enter')
      await shows(page, 'place', '1')
      await hasFocus(page, 'You are in line')
      // Escape asks, and takes nothing away, however often it is pressed.
      await press(page, 'Escape')
      await hasFocus(page, 'Leave the line?')
      await press(page, 'Escape', 'Escape', 'Escape')
      await press(page, 'Escape')
      await page.getByRole('dialog').waitFor()
      if (!(await heading(page, 'Leave the line?').isVisible())) await press(page, 'Escape')
      await hasFocus(page, 'Leave the line?')
      await press(page, 'Tab', 'Tab')
      await hasFocus(page, 'Yes, leave')
      await press(page, 'Enter')
      await hasFocus(page, 'You left the line')
      await press(page, 'Tab')
      await hasFocus(page, 'Take it back')
      await press(page, 'Enter')
      await hasFocus(page, 'You are in line')
      await shows(page, 'place', '1')
      await inside.getByRole('button', { name: 'I am done' }).click()
      await isInside(page)
      await hasFocus(page, 'It is your turn')
      await press(page, 'Tab', 'Tab')
      await hasFocus(page, 'I am done: give my place to the next')
      await press(page, 'Enter')
      await hasFocus(page, 'Not in line')
      for (const one of [page, inside]) await one.context().close()
    },
  )

  await t.test(
    'each state on a narrow phone: nothing too wide, nothing serious, in light and in dark',
    async () => {
      const guest = await (await rig.context(undefined, PHONE)).newPage()
      await guest.goto(rig.url)
      await guest.getByRole('button', { name: 'Try it as a demo visitor' }).waitFor()
      await isFine(guest, 'the start')
      await guest.getByRole('button', { name: 'I have no account yet' }).click()
      await isFine(guest, 'registering')
      await guest.getByRole('button', { name: 'Try it as a demo visitor' }).click()
      await guest.getByLabel('Event').fill('no such thing')
      await guest.getByRole('button', { name: 'Enter' }).click()
      await guest.getByText('An event is 1 to 64 letters').waitFor()
      await isFine(guest, 'a faulty event')
      await guest.getByLabel('Event').fill('w')
      await guest.getByRole('button', { name: 'Enter' }).click()
      await isInside(guest)
      await isFine(guest, 'inside')
      const waiting = await rig.visit('w', two, PHONE)
      await shows(waiting, 'place', '1')
      await isConnected(waiting)
      await isFine(waiting, 'waiting')
      await waiting.keyboard.press('Escape')
      await heading(waiting, 'Leave the line?').waitFor()
      await isFine(waiting, 'leaving')
      await waiting.getByRole('button', { name: 'Yes, leave' }).click()
      await heading(waiting, 'You left the line').waitFor()
      await isFine(waiting, 'left')
      await guest.getByRole('button', { name: 'I am done' }).click()
      await heading(guest, 'Not in line').waitFor()
      await isFine(guest, 'over')
      await rig.operate('PUT', '/p', { cap: 1 })
      await rig.operate('POST', '/schedule/p', { opensAt: Date.now() + 3_600_000 })
      const early = await rig.visit('p', three, PHONE)
      await heading(early, 'You are registered').waitFor()
      await isFine(early, 'registered')
      await rig.operate('PUT', '/z', { mode: 'closed' })
      const refused = await rig.visit('z', three, PHONE)
      await refused.getByText('The door is closed.').waitFor()
      await isFine(refused, 'refused')
      for (const page of [guest, waiting, early, refused]) await page.context().close()
      // The browser itself tells of an answer that was a refusal.
      const told = rig.complaints.splice(0)
      assert.deepEqual(
        told.filter((line) => !/status of 409/.test(line)),
        [],
      )
    },
  )

  await t.test("in the browser's language, and in the one that is chosen, which is remembered", async () => {
    const inside = await rig.visit('l', one)
    await isInside(inside)
    const page = await rig.visit('l', two, { ...PHONE, locale: 'ko-KR' })
    await heading(page, '대기 중입니다').waitFor()
    await shows(page, 'place', '1')
    await page.getByText('다음 차례입니다.').first().waitFor()
    assert.equal(await page.locator('html').getAttribute('lang'), 'ko')
    await isFine(page, 'waiting in Korean')
    await page.getByRole('dialog').getByRole('button', { name: 'English' }).click()
    await heading(page, 'You are in line').waitFor()
    await page.reload()
    await heading(page, 'You are in line').waitFor()
    assert.equal(await page.locator('html').getAttribute('lang'), 'en')
    await page.context().close()
    await inside.context().close()
  })

  await t.test('who wants no motion gets none; the others get some', async () => {
    const inside = await rig.visit('m', one)
    await isInside(inside)
    const page = await rig.visit('m', two)
    const bar = page.getByRole('progressbar').locator('div')
    await bar.waitFor()
    const duration = () =>
      bar.evaluate((node) => (globalThis as unknown as Dom).getComputedStyle(node).transitionDuration)
    assert.equal(await duration(), '0.6s')
    await page.emulateMedia({ reducedMotion: 'reduce' })
    assert.equal(await duration(), '0s')
    await page.context().close()
    await inside.context().close()
  })

  assert.deepEqual(rig.complaints, [])
})

/** What runs in the browser is typed here as far as it is used: the tests have no types of a browser. */
interface Dom {
  readonly document: { readonly activeElement: { readonly textContent: string | null } | null }
  getComputedStyle(node: unknown): { readonly transitionDuration: string }
}
