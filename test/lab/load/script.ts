/** A server that does what a test tells it to each request, down to cutting the connection. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fineClock } from '../../../src/cli/proof.ts'
import { type LoadOptions, type LoadPlan, runLoad, type Target } from '../../../src/lab/index.ts'

export type Script = (number: number, request: IncomingMessage, response: ServerResponse) => void

export interface Scripted extends AsyncDisposable {
  readonly url: URL
  /** Bodies in the order of arrival. */
  readonly bodies: string[]
}

/** Calls the script for each request once its body is there, numbered from 1. */
export async function scripted(script: Script): Promise<Scripted> {
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const number = bodies.push(Buffer.concat(chunks).toString())
    script(number, request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    bodies,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

export function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

export const accept = (number: number, _request: unknown, response: ServerResponse): void =>
  json(response, 202, { id: `id-${number}` })

export const apiTarget = (url: URL, more: Partial<Target> = {}): Target => ({
  ...{ url, kind: 'api', batch: 1, mix: { MNP: 1 }, size: 0, keys: false },
  ...more,
})

export const load = (plan: LoadPlan, target: Target, more: Partial<LoadOptions> = {}) =>
  runLoad({ plan, target, run: 'r', seed: 1, timeoutMs: 30_000, graceMs: 30_000, clock: fineClock, ...more })
