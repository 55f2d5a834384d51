/** A service whose one route does nothing: an id of its own for each POST, and the types that `weir load` asks for. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answer } from '../harness/child.ts'

const JSON_HEADERS = { 'content-type': 'application/json' }
let made = 0

const server = createServer((request, response) => {
  if (request.method !== 'POST') {
    response.writeHead(200, JSON_HEADERS).end('{"types":[{"name":"NOTHING"}]}')
    return
  }
  request.resume()
  request.once('end', () => {
    const body = `{"id":"nothing-${++made}"}`
    response.writeHead(202, { ...JSON_HEADERS, 'content-length': body.length }).end(body)
  })
})
server.listen(0, '127.0.0.1', () => answer({ port: (server.address() as AddressInfo).port }))
process.once('SIGTERM', () => process.exit(0))
