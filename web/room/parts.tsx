/** Small parts that several pages are made of. */
import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { useUi } from './ui.ts'
import { LANGUAGES, WORDS } from './words.ts'

export function LanguageSwitch() {
  const { words, language, setLanguage } = useUi()
  return (
    <fieldset class="languages" aria-label={words.language}>
      {LANGUAGES.map((one) => (
        <button
          type="button"
          key={one}
          class="plain"
          lang={one}
          aria-pressed={one === language}
          onClick={() => setLanguage(one)}
        >
          {WORDS[one].languageName}
        </button>
      ))}
    </fieldset>
  )
}

export function PageHeader({ title }: { readonly title: string }) {
  const { words, session, setSession, go } = useUi()
  return (
    <header class="top">
      <a
        class="brand"
        href="/"
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return
          event.preventDefault()
          go('/')
        }}
      >
        {title}
      </a>
      <LanguageSwitch />
      {session && (
        <p class="who">
          <span>{session.user.name}</span>
          <button type="button" class="plain" onClick={() => setSession(undefined)}>
            {words.logOut}
          </button>
        </p>
      )}
    </header>
  )
}

/** A heading that takes the focus when it appears, so that keyboard and screen reader go on from there. */
export function Heading({ level, id, children }: HeadingProps) {
  const Tag = `h${level}` as const
  const own = useRef<HTMLHeadingElement>(null)
  useEffect(() => own.current?.focus(), [])
  return (
    <Tag ref={own} id={id} tabIndex={-1}>
      {children}
    </Tag>
  )
}

interface HeadingProps {
  readonly level: 1 | 2
  readonly id?: string
  readonly children: ComponentChildren
}

interface FieldProps {
  readonly label: string
  readonly name: string
  readonly hint?: string
  readonly fault?: string | undefined
  readonly type?: 'text' | 'email' | 'password' | 'number'
  readonly value?: string
  readonly autoComplete?: string
  readonly min?: number
}

/** A labelled input; its hint and its fault are read with it. */
export function Field({ label, name, hint, fault, type = 'text', value, autoComplete, min }: FieldProps) {
  const id = useId()
  const described = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(' ')
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        name={name}
        // Which attributes go with which type is known to the caller alone.
        {...({ type } as { readonly type: 'text' })}
        required
        min={min}
        defaultValue={value}
        autoComplete={autoComplete}
        autoCapitalize="none"
        spellcheck={false}
        aria-invalid={fault ? true : undefined}
        aria-describedby={described || undefined}
      />
      {hint && (
        <small id={`${id}-hint`} class="hint">
          {hint}
        </small>
      )}
      {fault && (
        <small id={`${id}-fault`} class="fault">
          {fault}
        </small>
      )}
    </div>
  )
}

/** What a form's fields hold, as text. */
export function fieldsOf(event: Event): Readonly<Record<string, string>> {
  event.preventDefault()
  const data = new FormData(event.currentTarget as HTMLFormElement)
  return Object.fromEntries([...data].map(([name, value]) => [name, String(value)]))
}
