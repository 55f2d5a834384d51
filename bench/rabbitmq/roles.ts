/** `weir gateway` and `weir consumer` as users run them, each a process of its own on the same queue. */
import { fileURLToPath } from 'node:url'
import { freePort } from '../core/redis.ts'
import { type Started, serveProgram } from '../harness/processes.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

export interface Gateway extends Started {
  readonly port: number
}

export async function startGateway(rabbitmqUrl: string, queueName: string): Promise<Gateway> {
  const port = await freePort()
  const env = { ...common(rabbitmqUrl, queueName), API_PORT: String(port) }
  const ready = (line: string): boolean => line.includes('Weir is running')
  return { ...(await serveProgram(process.execPath, [MAIN, 'gateway'], ready, env)), port }
}

/** Of one type, with a back end that answers at once, so that only Weir's own work takes time. */
export function startConsumer(rabbitmqUrl: string, queueName: string, type: string): Promise<Started> {
  const env = {
    ...common(rabbitmqUrl, queueName),
    BACKEND_SPEED: '0',
    BACKEND_CAPACITY: '100000',
    CONCURRENCY: '100',
  }
  const ready = (line: string): boolean => line.includes('Weir is running')
  return serveProgram(process.execPath, [MAIN, 'consumer', '--type', type], ready, env)
}

function common(rabbitmqUrl: string, queueName: string): Record<string, string> {
  return {
    RABBITMQ_URL: rabbitmqUrl,
    QUEUE_NAME: queueName,
    HOST: '127.0.0.1',
    METRICS_PORT: '0',
    HEALTH_CHECK_PORT: '0',
    LOG_FORMAT: 'json',
  }
}
