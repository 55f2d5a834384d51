/** The operators' page in a real browser: what goes on, the door, and clearing after a look at whom it hits. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noChromium, seriousFaults } from '../fixtures/chromium.ts'
import { isConnected, isInside, isTooWide, pageRig, shows } from './rig.ts'

test("the operators' page", { skip: noChromium() }, async (t) => {
  const rig = await pageRig(t)
  const [one, two, three] = await Promise.all(['one', 'two', 'three'].map((name) => rig.account(name)))
  assert.ok(one && two && three)
  const inside = await rig.visit('a', one)
  await isInside(inside)
  const waiting = await rig.visit('a', two)
  await isConnected(waiting)
  const context = await rig.context(undefined, { viewport: { width: 360, height: 740 } })
  const page = await context.newPage()
  const said = (text: string) => page.getByRole('status').getByText(text, { exact: true }).waitFor()

  async function isFine(what: string): Promise<void> {
    assert.equal(await isTooWide(page), false, `${what} is too wide`)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      assert.deepEqual(await seriousFaults(page), [], `${what}, ${colorScheme}`)
    }
  }

  await t.test('a visitor is told that the role is missing; an admin sees the line', async () => {
    await page.goto(`${rig.url}/admin`)
    await page.getByLabel('E-mail').fill('one@example.org')
    await page.getByLabel('Password').fill('Pa5s-one-4711')
    await page.getByRole('button', { name: 'Log in', exact: true }).click()
    await page.getByText('it needs the admin role').waitFor()
    await isFine('the login')
    await page.getByLabel('E-mail').fill('operator@example.org')
    await page.getByLabel('Password').fill('Op3rator-4711')
    await page.getByRole('button', { name: 'Log in', exact: true }).click()
    await shows(page, 'waiting', '1')
    await shows(page, 'active', '1 / 1')
    await shows(page, 'limitedBy', 'the threshold')
    // The browser itself tells of an answer that was a refusal.
    const told = rig.complaints.splice(0)
    assert.deepEqual(
      told.filter((line) => !/status of 403/.test(line)),
      [],
    )
    await isFine('the line')
  })

  await t.test('pausing is told to those who wait, and a higher threshold lets the next one in', async () => {
    await page.getByRole('button', { name: 'Pause' }).click()
    await said('Saved')
    await shows(page, 'mode', 'Paused')
    await waiting.getByText('The organisers have paused the door.').first().waitFor()
    await page.getByRole('button', { name: 'Resume' }).click()
    await shows(page, 'mode', 'Open')
    await page.getByLabel('Places at once').fill('2')
    await page.getByLabel('Let in per minute').fill('600')
    await page.getByRole('button', { name: 'Save' }).click()
    await isInside(waiting)
    await shows(page, 'active', '2 / 2')
    await page.getByLabel('Places at once').fill('-3')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('A whole number, 0 or more').waitFor()
  })

  await t.test('draining takes nobody new; clearing shows whom it hits, and hits them', async () => {
    const third = await rig.visit('a', three)
    await isConnected(third)
    await shows(page, 'waiting', '1')
    await page.getByRole('button', { name: 'Drain' }).click()
    await shows(page, 'mode', 'Draining')
    const fourth = await rig.visit('a', await rig.account('four'))
    await fourth.getByText('The line takes nobody new any more.').waitFor()
    await page.getByRole('button', { name: 'Resume' }).click()
    await shows(page, 'mode', 'Open')
    await page.getByRole('button', { name: 'Clear the line…' }).click()
    const question = page.getByRole('dialog')
    await question.getByText('People hit: 1. 1 in line').waitFor()
    await isFine('the question')
    await page.keyboard.press('Escape')
    await question.waitFor({ state: 'detached' })
    await shows(third, 'place', '1')
    await page.getByRole('button', { name: 'Clear the line…' }).click()
    await question.getByLabel('Those inside lose their places, too').check()
    await question.getByText('People hit: 3. 1 in line, 0 registered, 0 parked, 2 inside.').waitFor()
    await question.getByRole('button', { name: 'Clear: remove 3' }).click()
    await said('Removed: 3.')
    await shows(page, 'active', '0 / 2')
    await third.getByText('The organisers have cleared the line.').waitFor()
    const told = rig.complaints.splice(0)
    assert.deepEqual(
      told.filter((line) => !/status of 409/.test(line)),
      [],
    )
  })

  assert.deepEqual(rig.complaints, [])
})
