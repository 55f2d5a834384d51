/** A TCP proxy that, when told, puts bytes of its own between those that the server sends. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface GarblingProxy {
  readonly port: number
  /** To every client that is connected; answers how many these are. */
  garble(bytes: Buffer): number
  close(): Promise<void>
}

export async function garblingProxy(targetPort: number): Promise<GarblingProxy> {
  const clients = new Set<Socket>()
  const listener = createServer((client) => {
    const server = connect(targetPort, '127.0.0.1')
    clients.add(client)
    client.on('close', () => {
      clients.delete(client)
      server.destroy()
    })
    server.on('close', () => client.destroy())
    for (const socket of [client, server]) socket.on('error', () => {})
    client.pipe(server).pipe(client)
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  return {
    port: (listener.address() as AddressInfo).port,
    garble(bytes) {
      for (const client of clients) client.write(bytes)
      return clients.size
    },
    async close() {
      for (const client of clients) client.destroy()
      listener.close()
      await once(listener, 'close')
    },
  }
}
