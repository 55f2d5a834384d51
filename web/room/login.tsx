/** Logging in, making an account, and the demo's way in with one press. */
import { useState } from 'preact/hooks'
import { type Answer, logIn, register } from './api.ts'
import type { Session } from './keep.ts'
import { Field, fieldsOf } from './parts.tsx'
import { useUi } from './ui.ts'
import type { Words } from './words.ts'

export function LoginForms({ admin = false }: { readonly admin?: boolean }) {
  const { words, setSession } = useUi()
  const [isNew, setNew] = useState(false)
  const [fault, setFault] = useState('')
  const [isBusy, setBusy] = useState(false)

  const send = async (asked: Promise<Answer<Session>>): Promise<void> => {
    setBusy(true)
    setFault('')
    const answer = await asked
    setBusy(false)
    if (answer.ok) setSession({ token: answer.body.token, user: answer.body.user })
    else setFault(faultText(answer, words))
  }
  const submit = (event: Event): void => {
    const { email = '', password = '', name = '' } = fieldsOf(event)
    void send(isNew ? register(email, password, name) : logIn(email, password))
  }
  const demo = (): void => {
    const own = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) =>
      byte.toString(16).padStart(2, '0'),
    )
    const id = own.join('')
    void send(register(`demo-${id.slice(0, 12)}@demo.invalid`, `Demo-${id}`, `Demo ${id.slice(0, 4)}`))
  }
  return (
    <>
      <form onSubmit={submit} class="login">
        <h2>{admin ? words.adminLogin : isNew ? words.registerTitle : words.loginTitle}</h2>
        <Field label={words.email} name="email" type="email" autoComplete="username" />
        <Field
          label={words.password}
          name="password"
          type="password"
          autoComplete={isNew ? 'new-password' : 'current-password'}
          {...(isNew && { hint: words.passwordHint })}
        />
        {isNew && <Field label={words.name} name="name" autoComplete="name" />}
        <p role="alert" class="fault">
          {fault}
        </p>
        <button type="submit" class="main" disabled={isBusy}>
          {isNew ? words.register : words.login}
        </button>
        {!admin && (
          <button type="button" class="plain" onClick={() => setNew(!isNew)}>
            {isNew ? words.toLogin : words.toRegister}
          </button>
        )}
      </form>
      {!admin && (
        <section class="demo" aria-label={words.demo}>
          <button type="button" onClick={demo} disabled={isBusy}>
            {words.demo}
          </button>
          <p class="hint">{words.demoText}</p>
        </section>
      )}
    </>
  )
}

function faultText(answer: Extract<Answer<Session>, { ok: false }>, words: Words): string {
  if (answer.status === 0) return words.errOffline
  if (answer.status === 404) return words.errNoAccounts
  if (answer.status === 429 || answer.status === 503) return words.errTries
  if (answer.code === 'wrong_credentials') return words.errWrong
  if (answer.code === 'duplicate_email') return words.errDuplicate
  return words.errOther(answer.error)
}
