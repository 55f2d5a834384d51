/** A visitor in a real browser: in line, through a refresh, in two tabs, and in by itself. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { noChromium } from '../fixtures/chromium.ts'
import { eventually } from '../fixtures/process.ts'
import { figure, isConnected, isInside, pageRig, shows } from './rig.ts'

/** The title follows what is shown a frame later. */
async function hasTitle(page: Page, pattern: RegExp): Promise<void> {
  let title = ''
  await eventually(
    async () => {
      title = await page.title()
      return pattern.test(title) || undefined
    },
    () => `the title is ${title}`,
  )
}

/** Sockets that the page has open. */
function socketsOf(page: Page): { readonly open: number } {
  const sockets = { open: 0 }
  page.on('websocket', (socket) => {
    sockets.open++
    socket.on('close', () => sockets.open--)
  })
  return sockets
}

test('a visitor in a real browser', { skip: noChromium() }, async (t) => {
  const rig = await pageRig(t)
  const [one, two, three] = await Promise.all(['one', 'two', 'three'].map((name) => rig.account(name)))
  assert.ok(one && two && three)

  await t.test(
    'L4: join, wait, refresh at the same place, and enter by itself when a place is free',
    async () => {
      const first = await rig.visit('a', one)
      await isInside(first)
      await hasTitle(first, /Your turn/)
      const second = await rig.visit('a', two)
      await shows(second, 'place', '1')
      const third = await rig.visit('a', three)
      await shows(third, 'place', '2')
      await shows(third, 'ahead', '1')
      await third.getByText('Every place is taken (1 in all)').waitFor()
      assert.equal(await figure(third, 'eta').textContent(), 'Not known yet')
      const bar = third.getByRole('progressbar')
      assert.match((await bar.getAttribute('aria-valuetext')) ?? '', /^\d+ percent, place 2$/)
      await third.reload()
      await shows(third, 'place', '2')
      await isConnected(third)
      await hasTitle(third, /^2 · Event a$/)
      await first.getByRole('button', { name: 'I am done' }).click()
      await first.getByText('Your visit is over').waitFor()
      await isInside(second)
      assert.match((await second.locator('time').getAttribute('datetime')) ?? '', /^20\d\d-/)
      await shows(third, 'place', '1')
      await third.getByText('You are next.').first().waitFor()
      await second.getByRole('button', { name: 'I am done' }).click()
      await isInside(third)
      // The turn is told where it interrupts, and the dialog is gone.
      assert.equal(
        await third.getByRole('alert').first().textContent(),
        'It is your turn. The event is open.',
      )
      assert.equal(await third.getByRole('dialog').count(), 0)
      for (const page of [first, second, third]) await page.context().close()
    },
  )

  await t.test(
    'two tabs share one place and one socket; the other takes over when the one that leads is closed',
    async () => {
      const inside = await rig.visit('b', one)
      await isInside(inside)
      const context = await rig.context(two)
      const tabs = [await context.newPage(), await context.newPage()] as const
      const sockets = new Map(tabs.map((tab) => [tab, socketsOf(tab)]))
      const open = () => Array.from(sockets.values(), (tab) => tab.open)
      for (const tab of tabs) {
        await tab.goto(`${rig.url}/events/b`)
        await isConnected(tab)
      }
      await shows(tabs[1], 'place', '1')
      // The first, unless it was so slow to answer that the second took the lead.
      const leads = await eventually(
        () => (`${open().sort()}` === '0,1' ? tabs.find((tab) => sockets.get(tab)?.open === 1) : undefined),
        () => `sockets ${open()}`,
      )
      const follows = leads === tabs[0] ? tabs[1] : tabs[0]
      assert.equal((await rig.operate('GET', '/b')).queueSize, 1)
      await leads.close()
      await eventually(
        () => (sockets.get(follows)?.open === 1 ? true : undefined),
        () => `sockets ${open()}`,
      )
      await shows(follows, 'place', '1')
      const third = await context.newPage()
      await third.goto(`${rig.url}/events/b`)
      await inside.getByRole('button', { name: 'I am done' }).click()
      await isInside(follows)
      await isInside(third)
      // What is done in the tab that follows is done in both.
      await third.getByRole('button', { name: 'I am done' }).click()
      await follows.getByText('Your visit is over').waitFor()
      await context.close()
      await inside.context().close()
    },
  )

  await t.test(
    'a tab that does not answer any more loses the lead to the one that is looked at',
    async () => {
      const inside = await rig.visit('s', one)
      await isInside(inside)
      const context = await rig.context(two)
      const asleep = await context.newPage()
      const awake = await context.newPage()
      const sockets = [socketsOf(asleep), socketsOf(awake)]
      await asleep.goto(`${rig.url}/events/s`)
      await isConnected(asleep)
      const browser = await context.newCDPSession(asleep)
      // Stopped in the middle of whatever it does next, as a tab is that the browser has put to sleep.
      await browser.send('Debugger.enable')
      const stopped = new Promise((resolve) => browser.once('Debugger.paused', resolve))
      await browser.send('Debugger.pause')
      await stopped
      await awake.goto(`${rig.url}/events/s`)
      await isConnected(awake)
      await shows(awake, 'place', '1')
      await browser.send('Debugger.disable')
      const open = () => sockets.map((tab) => tab.open).join()
      await eventually(() => (open() === '0,1' ? true : undefined), open)
      await inside.getByRole('button', { name: 'I am done' }).click()
      await isInside(awake)
      await isInside(asleep)
      await context.close()
      await inside.context().close()
    },
  )

  await t.test(
    'without sockets the page asks over HTTP, as often as it is told, and enters all the same',
    async () => {
      const inside = await rig.visit('c', one)
      await isInside(inside)
      const context = await rig.context(two)
      await context.route('**/socket.io/**', (route) => route.abort())
      await context.routeWebSocket('**/socket.io/**', (socket) => socket.close())
      const page = await context.newPage()
      const before = rig.complaints.length
      await page.goto(`${rig.url}/events/c`)
      await page.locator('[data-link=polling]').waitFor()
      await shows(page, 'place', '1')
      await inside.getByRole('button', { name: 'I am done' }).click()
      await isInside(page)
      await context.close()
      await inside.context().close()
      // The browser itself tells of the requests that were cut off.
      const cut = rig.complaints.splice(before)
      assert.deepEqual(
        cut.filter((line) => !/socket\.io|ERR_FAILED/.test(line)),
        [],
      )
    },
  )

  await t.test(
    'a place that ends soon is told and can be extended; at its end the page says so',
    async () => {
      await rig.operate('PUT', '/d', { cap: 5, leaseMs: 20_000, hardMs: 600_000 })
      const page = await rig.visit('d', one)
      await isInside(page)
      await page.getByText('Your place ends soon. Do you want to stay?').waitFor()
      const until = () => page.locator('time').getAttribute('datetime')
      const before = await until()
      // An extension counts from the moment it is asked for, and a tenth of the lease is the least.
      await eventually(
        () => (Date.parse(before ?? '') - Date.now() < 17_500 ? true : undefined),
        () => 'no time passes',
      )
      await page.getByRole('button', { name: 'Stay longer' }).click()
      await eventually(
        async () => ((await until()) !== before ? true : undefined),
        () => `still ${before}`,
      )
      await rig.operate('PATCH', '/d', { leaseMs: 1_000, hardMs: 1_000 })
      const told = rig.complaints.length
      const short = await rig.visit('d', two)
      await short.getByText('The time of your place has run out.').waitFor()
      await short.getByRole('button', { name: 'Join the line' }).waitFor()
      await page.context().close()
      await short.context().close()
      // The browser itself tells of a connection that was not made yet when the place ended.
      const cut = rig.complaints.splice(told)
      assert.deepEqual(
        cut.filter((line) => !/WebSocket connection/.test(line)),
        [],
      )
    },
  )

  assert.deepEqual(rig.complaints, [])
})
