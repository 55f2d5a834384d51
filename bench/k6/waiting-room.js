/**
 * The waiting room under load, as k6 sees it: each virtual user logs in, asks for a place, listens over Socket.IO, takes
 * up the call, stays a while and gives the place back.
 *
 *   k6 run bench/k6/waiting-room.js
 *   k6 run -e API_URL=http://localhost:3001 -e EVENT_ID=1 -e USERS=50 -e HOLD_SECONDS=5 bench/k6/waiting-room.js
 *
 * Needs a k6 with `k6/websockets`; where there is only `k6/experimental/websockets`, change that one import.
 */
import { check, fail, sleep } from 'k6'
import exec from 'k6/execution'
import http from 'k6/http'
import { Counter, Rate, Trend } from 'k6/metrics'
import { WebSocket } from 'k6/websockets'
import { answerTo, eventFrame, parseFrame, socketUrl } from './framing.js'

const API_URL = __ENV.API_URL || 'http://localhost:3001'
const EVENT_ID = __ENV.EVENT_ID || '1'
const USERS = Number(__ENV.USERS || 50)
const HOLD_SECONDS = Number(__ENV.HOLD_SECONDS || 5)
const PATIENCE_SECONDS = Number(__ENV.PATIENCE_SECONDS || 600)
const PASSWORD = 'Test1234!'

const admitted = new Counter('room_admitted')
const frames = new Counter('room_frames')
const wait = new Trend('room_wait', true)
/** A place that rises, a ticket that changes, or a call for somebody else. */
const violations = new Rate('room_violations')

export const options = {
  scenarios: {
    people: {
      executor: 'per-vu-iterations',
      vus: USERS,
      iterations: 1,
      maxDuration: `${PATIENCE_SECONDS + 60}s`,
    },
  },
  thresholds: { room_violations: ['rate==0'], room_admitted: [`count==${USERS}`] },
}

const JSON_BODY = { 'content-type': 'application/json' }

function post(path, body, token) {
  const headers = token ? { ...JSON_BODY, authorization: `Bearer ${token}` } : JSON_BODY
  const params = { headers, responseCallback: http.expectedStatuses(200, 201, 400, 401, 429, 503) }
  for (;;) {
    const answer = http.post(`${API_URL}${path}`, body ? JSON.stringify(body) : null, params)
    if (answer.status !== 429 && answer.status !== 503) return answer
    sleep(Number(answer.headers['Retry-After'] || 1) * (1 + 0.25 * Math.random()))
  }
}

function logIn(n) {
  const account = { email: `loadtest${n}@test.com`, password: PASSWORD }
  let answer = post('/api/auth/login', account)
  if (answer.status === 401) answer = post('/api/auth/register', { ...account, name: `Load test ${n}` })
  if (!check(answer, { 'logged in': ({ status }) => status === 200 || status === 201 })) {
    fail(`${account.email}: ${answer.status} ${answer.body}`)
  }
  const { token, user } = answer.json()
  return { token, visitor: user.userId }
}

export default function person() {
  const { token, visitor } = logIn(exec.vu.idInTest)
  const askedAt = Date.now()
  const asked = post(`/api/queue/check/${EVENT_ID}`, undefined, token)
  if (!check(asked, { 'has a place': ({ status }) => status === 200 })) fail(`${asked.status} ${asked.body}`)
  const place = asked.json()
  const me = { token, visitor, askedAt, ticket: place.ticket, isInside: false }
  const socket = new WebSocket(socketUrl(API_URL))
  const giveUp = setTimeout(() => socket.close(), PATIENCE_SECONDS * 1000)
  socket.addEventListener('message', ({ data }) => heard(me, socket, String(data)))
  socket.addEventListener('close', () => clearTimeout(giveUp))
  socket.addEventListener('error', ({ error }) => console.error(`${visitor}: ${error}`))
  if (!place.queued) enter(me, socket)
}

function heard(me, socket, text) {
  const frame = parseFrame(text)
  const answer = answerTo(frame, { token: me.token, eventId: EVENT_ID })
  if (answer) socket.send(answer)
  if (frame.kind === 'connected') socket.send(eventFrame('join-queue', { eventId: EVENT_ID }, 0))
  if (frame.kind === 'refused') fail(`refused: ${JSON.stringify(frame.payload)}`)
  if (frame.kind !== 'event') return
  frames.add(1)
  const { payload } = frame
  if (frame.name === 'session-restored') {
    violations.add(payload.userId !== me.visitor || (me.ticket !== null && payload.ticket !== me.ticket))
  }
  if (frame.name === 'queue-entry-allowed') {
    violations.add(payload.userId !== me.visitor)
    const claimed = post(`/api/queue/claim/${EVENT_ID}`, undefined, me.token).json()
    if (claimed.state === 'admitted') enter(me, socket)
  }
}

function enter(me, socket) {
  if (me.isInside) return
  me.isInside = true
  admitted.add(1)
  wait.add(Date.now() - me.askedAt)
  setTimeout(() => {
    post(`/api/queue/done/${EVENT_ID}`, undefined, me.token)
    socket.close()
  }, HOLD_SECONDS * 1000)
}
