/**
 * Child: the yardstick. The same client library with nothing around it: one confirm channel, the same number of callers
 * with as many unconfirmed messages, the same exchange, bytes, properties and headers, written out by hand.
 */
import { connect } from 'amqplib'
import type { NewMessage } from '../../src/core/index.ts'
import { newMessages } from '../core/messages.ts'
import { answer, childConfig } from '../harness/child.ts'
import { measured } from './pace.ts'
import type { PublishPlan } from './publishing.ts'

const { shape, window, batch, seconds } = childConfig<PublishPlan>()
const [type = ''] = shape.types
const connection = await connect(shape.url, { noDelay: true })
const channel = await connection.createConfirmChannel()
let running = true
let confirmed = 0

function publish(messages: readonly NewMessage[], confirmedAll: () => void): void {
  const acceptedAt = Date.now()
  let left = messages.length
  const onConfirm = (error: unknown): void => {
    if (error) throw error
    confirmed += 1
    left -= 1
    if (left === 0) confirmedAll()
  }
  for (const { id, type, content, attributes, createdAt, priority } of messages) {
    const body = Buffer.from(JSON.stringify({ id, type, content, attributes, createdAt }))
    const properties = {
      messageId: id,
      contentType: 'application/json',
      deliveryMode: 2,
      timestamp: Math.floor(createdAt / 1000),
      priority,
      headers: {
        message_type: type,
        created_at: new Date(createdAt).toISOString(),
        weir_accepted_at: acceptedAt,
      },
    }
    channel.publish(shape.queueName, type, body, properties, onConfirm)
  }
}

function caller(): Promise<void> {
  return new Promise((resolve) => {
    const next = (): void => {
      if (running) publish(newMessages(batch, type), next)
      else resolve()
    }
    next()
  })
}

const callers = Array.from({ length: window / batch }, caller)
const rate = await measured(seconds, () => confirmed)
running = false
await Promise.all(callers)
await connection.close()
answer({ ...rate, confirmed })
