/** A Redis of this run's own: private port, private directory, ended by its process id. */
import { createServer } from 'node:net'
import { type Started, serveProgram } from '../harness/processes.ts'

export interface Redis extends Started {
  readonly port: number
}

/**
 * `always`: every write is synced before it is answered, the setting that compares with Weir's promise;
 * `everysec`: what most run it with.
 */
export async function startRedis(dir: string, appendfsync: 'off' | 'everysec' | 'always'): Promise<Redis> {
  const port = await freePort()
  const persistence =
    appendfsync === 'off' ? ['--appendonly', 'no'] : ['--appendonly', 'yes', '--appendfsync', appendfsync]
  const place = ['--bind', '127.0.0.1', '--port', String(port), '--dir', dir]
  const started = await serveProgram('redis-server', [...place, '--save', '', ...persistence], (line) =>
    line.includes('eady to accept connections'),
  )
  return { ...started, port }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
