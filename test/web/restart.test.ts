/** The page while the service goes away and comes back, is cleared, opens, and while another device takes over. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noChromium } from '../fixtures/chromium.ts'
import { figure, isConnected, isInside, pageRig, shows } from './rig.ts'

test('the page through what befalls a line', { skip: noChromium() }, async (t) => {
  const rig = await pageRig(t, { ROOM_SOCKETS_PER_VISITOR: '1' })
  const [one, two, three] = await Promise.all(['one', 'two', 'three'].map((name) => rig.account(name)))
  assert.ok(one && two && three)

  await t.test(
    'L4: the service is killed, and restarted: the page says so, and has the same place',
    async () => {
      const first = await rig.visit('a', one)
      await isInside(first)
      const second = await rig.visit('a', two)
      // A page that has loaded has not asked for its place yet.
      await shows(second, 'place', '1')
      const third = await rig.visit('a', three)
      await shows(third, 'place', '2')
      await isConnected(third)
      await rig.stop('SIGKILL')
      await third.locator('[data-link=lost]').waitFor()
      await third.getByText('Your place is kept').first().waitFor()
      await rig.start()
      await isConnected(third)
      await shows(third, 'place', '2')
      // A restart that is announced is told as one.
      await rig.stop('SIGTERM')
      await third.locator('[data-link=stopping]').waitFor()
      await third.getByText('The service restarts.').first().waitFor()
      await rig.start()
      await isConnected(third)
      await isConnected(second)
      await shows(second, 'place', '1')
      await first.getByRole('button', { name: 'I am done' }).click()
      await isInside(second)
      await shows(third, 'place', '1')
      for (const page of [first, second, third]) await page.context().close()
      // The browser itself tells of the connections that were refused.
      const cut = rig.complaints.splice(0)
      assert.deepEqual(
        cut.filter(
          (line) =>
            !/ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|WebSocket connection/.test(line),
        ),
        [],
      )
    },
  )

  await t.test(
    'another device takes the connection: the page says so, and takes it back when asked',
    async () => {
      const inside = await rig.visit('b', one)
      await isInside(inside)
      const here = await rig.visit('b', two)
      await isConnected(here)
      const there = await rig.visit('b', two)
      await here.getByText('Your place is open on another device').first().waitFor()
      await shows(there, 'place', '1')
      await here.getByRole('button', { name: 'Use it here' }).click()
      await isConnected(here)
      await there.getByText('Your place is open on another device').first().waitFor()
      await shows(here, 'place', '1')
      for (const page of [inside, here, there]) await page.context().close()
    },
  )

  await t.test('the line is cleared: those who waited are told, and can join again', async () => {
    const inside = await rig.visit('c', one)
    await isInside(inside)
    const page = await rig.visit('c', two)
    await shows(page, 'place', '1')
    await isConnected(page)
    await rig.operate('POST', '/clear/c', {})
    await page.getByText('The organisers have cleared the line. Join again').waitFor()
    await inside.getByText('You are in.').waitFor()
    await page.getByRole('button', { name: 'Join the line' }).click()
    await shows(page, 'place', '1')
    for (const one of [inside, page]) await one.context().close()
  })

  await t.test(
    'a pre-queue: a countdown, and then the door opens and the page goes in by itself',
    async () => {
      await rig.operate('PUT', '/d', { cap: 1 })
      await rig.operate('POST', '/schedule/d', { opensAt: Date.now() + 3_600_000 })
      const page = await rig.visit('d', three)
      await page.getByRole('heading', { name: 'You are registered' }).waitFor()
      assert.match((await figure(page, 'opens').textContent()) ?? '', /^(1:00:00|5\d:\d\d)$/)
      // Seen at leisure; now the opening is moved to the next moment.
      await rig.operate('PATCH', '/d', { opensAt: Date.now() + 1_000 })
      await isInside(page)
      await page.context().close()
    },
  )

  await t.test(
    'a lot: the number and the promise before it, the drawn place checked by the browser after it',
    async () => {
      await rig.operate('PUT', '/lot', { cap: 0 })
      const { commitment } = await rig.operate('POST', '/schedule/lot', {})
      const pages = []
      for (const [i, session] of [one, two, three].entries()) {
        const page = await rig.visit('lot', session)
        await page.getByText(`Your number is ${i + 1}.`).waitFor()
        await page.getByText('How the lot is kept honest').click()
        await shows(page, 'promise', `${commitment}`)
        pages.push(page)
      }
      const [first, second, third] = pages
      assert.ok(first && second && third)
      // One whose promise was another: what it kept does not agree with what is drawn.
      await third.evaluate(() => {
        const kept = JSON.parse(localStorage.getItem('weir.promise') ?? '{}')
        localStorage.setItem('weir.promise', JSON.stringify({ ...kept, commitment: '0'.repeat(64) }))
      })
      await rig.operate('POST', '/open/lot', { beacon: 'of that day' })
      for (const [i, page] of [first, second].entries()) {
        const lot = page.getByText(new RegExp(`^By lot your number ${i + 1} got place [123] of 3\\.`))
        await lot.waitFor()
        const place = /place (\d)/.exec((await lot.textContent()) ?? '')?.[1]
        await shows(page, 'place', `${place}`)
      }
      await third.getByText('The lot for your number 3 does not agree').waitFor()
      for (const page of pages) await page.context().close()
    },
  )

  await t.test('a login that has run out is asked for again', async () => {
    const page = await rig.visit('e', { ...one, token: `${one.token}x` })
    await page.getByText('Your login has run out.').waitFor()
    await page.context().close()
    const told = rig.complaints.splice(0)
    assert.deepEqual(
      told.filter((line) => !/status of 401/.test(line)),
      [],
    )
  })

  assert.deepEqual(rig.complaints, [])
})
