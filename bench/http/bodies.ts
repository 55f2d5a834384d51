/** What is sent: one message of the README's size, and a hundred of them. */
const MESSAGE = {
  type: 'MNP',
  content: 'Port 010-1234-5678 from carrier A to carrier B for customer C-100200',
  attributes: { phone: '010-1234-5678', customer: 'C-100200', from: 'A', to: 'B' },
}

export const BATCH_SIZE = 100
export const ONE_BODY = JSON.stringify(MESSAGE)
export const BATCH_BODY = JSON.stringify({ messages: Array.from({ length: BATCH_SIZE }, () => MESSAGE) })
