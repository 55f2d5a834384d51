/** How auto_scaling is drawn: workers, what waited, how long, and the processors, on one axis of time. */
import type { LoadReport } from '../load/report.ts'
import type { Chart, Words } from '../report/document.ts'
import { changesOf, type Scaling, type WorkerLook, wayOf } from './auto-scaling-judge.ts'
import { shown, words } from './findings.ts'
import { secondsIn } from './side.ts'

export function workerCharts(title: Words, scaling: Scaling, load: LoadReport): Chart[] {
  const { id, looks, max } = scaling
  const points = (of: (look: WorkerLook) => number | null) =>
    looks.map((look) => [secondsIn(load, look.at), of(look)] as const)
  const name = (en: string, ko: string) => words(`${en}: ${title.en}`, `${ko}: ${title.ko}`)
  const way = wayOf(changesOf(looks))
  return [
    {
      id: `${id}.workers`,
      title: name('Workers', '워커'),
      unit: 'workers',
      series: [
        {
          id: 'wanted',
          title: words('wanted', '원하는 수'),
          points: points(({ wanted }) => wanted),
          drawn: 'step',
        },
        {
          id: 'ready',
          title: words('at work', '일하는 수'),
          points: points(({ ready }) => ready),
          drawn: 'step',
        },
      ],
      limits: max === null ? [] : [{ title: words('most', '최대'), value: max }],
      alternative: words(`The number went ${way || 'nowhere'}.`, `변화: ${way || '없음'}.`),
    },
    {
      id: `${id}.waiting`,
      title: name('Messages that are not done', '처리되지 않은 메시지'),
      unit: 'messages',
      series: [
        {
          id: 'waiting',
          title: words('waiting or in work', '대기 또는 처리 중'),
          points: points(({ waiting }) => waiting),
          drawn: 'line',
        },
      ],
      limits: [],
      alternative: mostSaid(looks, ({ waiting }) => waiting, 'messages', '건'),
    },
    {
      id: `${id}.wait`,
      title: name('Age of the oldest waiting message', '가장 오래 기다린 메시지의 나이'),
      unit: 'ms',
      series: [
        {
          id: 'oldest',
          title: words('oldest', '가장 오래된 것'),
          points: points(({ oldestMs }) => oldestMs),
          drawn: 'line',
        },
      ],
      limits: [],
      alternative: mostSaid(looks, ({ oldestMs }) => oldestMs, 'ms', 'ms'),
    },
    {
      id: `${id}.cpu`,
      title: name('Processors, percent of one core', 'CPU, 코어 하나 기준'),
      unit: '%',
      series: [
        {
          id: 'cpu',
          title: words('all processes of the service', '서비스의 모든 프로세스'),
          points: points(({ cpu }) => cpu),
          drawn: 'line',
        },
      ],
      limits: [],
      alternative: mostSaid(looks, ({ cpu }) => cpu ?? 0, '%', '%'),
    },
  ]
}

function mostSaid(
  looks: readonly WorkerLook[],
  of: (look: WorkerLook) => number,
  unit: string,
  ko: string,
): Words {
  const most = shown(Math.max(0, ...looks.map(of)))
  return words(`At most ${most} ${unit}.`, `최대 ${most} ${ko}.`)
}
