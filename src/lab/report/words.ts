/** Every word of the reports that the report itself does not tell, in both languages; the type lets none be missing. */
import type { Bound, Verdict, Words } from './document.ts'

export const LANGUAGES = ['en', 'ko'] as const
export type Language = (typeof LANGUAGES)[number]

const w = (en: string, ko: string): Words => ({ en, ko })

export const WORDS = {
  language: w('English', '한국어'),
  title: w('Validation report', '검증 보고서'),
  creed: w(
    'Measured values come from recorded events, never from settings.',
    '측정값은 기록된 이벤트에서 나온 것이며, 설정값으로 계산하지 않았습니다.',
  ),
  passedWhole: w('Passed', '통과'),
  failedWhole: w('Failed', '실패'),
  nothingJudged: w('Nothing was judged', '판정된 항목 없음'),
  of: w('of', '/'),
  interrupted: w(
    'The run was interrupted: what stands here is of what ran until then.',
    '실행이 중단되었습니다. 그때까지 실행된 내용만 담겨 있습니다.',
  ),
  quickNote: w(
    'A quick run: short experiments, so that figures scatter more than in a whole one.',
    '빠른 실행입니다. 실험이 짧아 전체 실행보다 수치의 편차가 큽니다.',
  ),
  score: w('Score', '점수'),
  grade: w('Grade', '등급'),
  noGrade: w('no grade', '등급 없음'),
  experiments: w('Experiments', '실험'),
  notPassed: w('What did not pass', '통과하지 못한 항목'),
  criteria: w('Criteria', '기준'),
  criterion: w('Criterion', '기준'),
  measured: w('Measured', '측정값'),
  bound: w('Needed', '요구값'),
  ideal: w('Ideal', '이상값'),
  idealNote: w(
    'Ideal: what a perfect system would have given, where a formula says so.',
    '이상값: 공식이 있는 경우, 완벽한 시스템이라면 나왔을 값입니다.',
  ),
  verdict: w('Verdict', '판정'),
  position: w('In the picture', '위치'),
  figures: w('Other figures', '그 밖의 수치'),
  sideBySide: w('Side by side', '나란히 비교'),
  charts: w('Over time', '시간에 따른 변화'),
  notMeasured: w('Not measured', '측정하지 않은 것'),
  notMeasuredValue: w('not measured', '측정 안 됨'),
  data: w('The values as a table', '표로 보기'),
  dataThinned: w(
    'The value furthest from zero in each piece of time; all of them are in the JSON report.',
    '각 시간 구간에서 0에서 가장 먼 값입니다. 전체 값은 JSON 보고서에 있습니다.',
  ),
  dataWhole: w('Every point, as measured.', '측정된 모든 점입니다.'),
  time: w('Time', '시간'),
  noPoints: w('Nothing was measured here.', '측정된 값이 없습니다.'),
  offChart: w('above the chart', '차트 범위 밖'),
  peak: w('peak', '최고'),
  about: w('About this run', '실행 정보'),
  startedAt: w('Started', '시작'),
  took: w('Took', '소요 시간'),
  kindOfRun: w('Kind', '종류'),
  quick: w('quick', '빠른 실행'),
  whole: w('whole', '전체 실행'),
  seed: w('Seed', '시드'),
  seedNote: w('the same seed draws the same arrivals', '같은 시드는 같은 도착을 만듭니다'),
  service: w('Service', '서비스'),
  ownService: w('started for this run', '이 실행을 위해 시작함'),
  engine: w('Engine', '엔진'),
  unknown: w('not told', '알 수 없음'),
  weir: w('Weir', 'Weir'),
  node: w('Node', 'Node'),
  platform: w('Platform', '플랫폼'),
  cpu: w('Processor', '프로세서'),
  cores: w('Cores', '코어'),
  memory: w('Memory', '메모리'),
  loadBefore: w('Load before the run', '실행 전 부하'),
  loadNote: w('1-minute average', '1분 평균'),
  scrollable: w('table, scrolls sideways', '표, 가로로 스크롤됩니다'),
  footer: w('Drawn by weir report from the JSON of the run.', '실행 결과 JSON에서 weir report가 그렸습니다.'),
  toTop: w('To the top', '맨 위로'),
  evidence: w('Evidence', '근거'),
  asAbove: w('As above.', '위와 같습니다.'),
  wasInterrupted: w('interrupted', '중단됨'),
  loadTitle: w('Load report', '부하 보고서'),
  bottleneck: w(
    'The generator stood in its own way; these figures say more about it than about the service:',
    '부하 생성기가 병목이었습니다. 서비스보다 생성기를 나타내는 수치입니다:',
  ),
  accounts: w('What became of the messages', '메시지의 결과'),
  attempted: w('Attempted', '시도'),
  acknowledged: w('Acknowledged', '승인'),
  notAcknowledged: w('Not acknowledged', '미승인'),
  refused: w('Refused', '거부'),
  failedCalls: w('Failed', '실패'),
  unknownFate: w('Unknown', '결과 불명'),
  acknowledgedRate: w('Acknowledged per second', '초당 승인'),
  unsent: w('Planned and not sent', '계획했으나 보내지 않음'),
  generatorCores: w('Processor use of the generator', '생성기 CPU 사용'),
  generatorLag: w('Its event loop late, p99', '생성기 이벤트 루프 지연 p99'),
  reasons: w('Why not acknowledged', '승인되지 않은 이유'),
  rates: w('Messages by second', '초별 메시지'),
  latency: w('Latency', '응답 시간'),
  mean: w('mean', '평균'),
  highest: w('highest', '최고'),
  fromIntended: w('From the intended moment', '의도한 시점부터'),
  fromSending: w('From the moment of sending', '실제 전송 시점부터'),
  straightTo: w('Straight to', '직접 보낸 곳'),
  pattern: w('Pattern', '부하 유형'),
  arrivals: w('Arrivals', '도착 방식'),
  openLoop: w('at moments fixed beforehand', '미리 정한 시점'),
  closedLoop: w('each after the answer before', '앞 응답 뒤에 다음 요청'),
  connections: w('Connections', '연결'),
  twoRuns: w('The two runs', '두 실행'),
  comparisonTitle: w('Two validations compared', '두 검증의 비교'),
  first: w('A', 'A'),
  second: w('B', 'B'),
  difference: w('B against A', 'A 대비 B'),
  change: w('Change', '변화'),
  changedVerdicts: w('Verdicts that changed', '판정이 바뀐 기준'),
  noChangedVerdicts: w('No verdict changed.', '바뀐 판정이 없습니다.'),
  differences: w('What else was different', '달랐던 조건'),
  noDifferences: w('The same environment, as far as it is told.', '알려진 범위에서 같은 환경입니다.'),
  otherMachine: w(
    'These runs were on different machines: a difference in speed may be the machine and not Weir.',
    '서로 다른 기계에서 실행되었습니다. 속도 차이는 Weir가 아니라 기계 때문일 수 있습니다.',
  ),
  otherConditions: w(
    'These runs were under different conditions (below): they may explain a difference.',
    '조건이 서로 달랐습니다(아래 참조). 차이의 원인일 수 있습니다.',
  ),
  regressed: w('Got worse: passed in A, failed in B', '나빠짐: A에서 통과, B에서 실패'),
  notRegressed: w('Nothing that passed in A failed in B', 'A에서 통과한 것 중 B에서 실패한 것은 없음'),
  sameAxes: w(
    'Both runs on the same axes; curves that only one of the two has are in its own report.',
    '두 실행을 같은 축에 그렸습니다. 한쪽에만 있는 그래프는 그 실행의 보고서에 있습니다.',
  ),
  otherBound: w('another bound in A', 'A에서는 다른 요구값'),
  sameNote: w(
    'Same: the difference is at most 5 % of the larger value and the verdict is the same.',
    '같음: 차이가 큰 값의 5 % 이하이고 판정이 같은 경우입니다.',
  ),
} as const satisfies Record<string, Words>

export type Word = keyof typeof WORDS

export const say = (lang: Language, word: Word): string => WORDS[word][lang]

export interface SignedWords extends Words {
  /** Beside the word, so that neither colour nor sign has to carry the meaning alone. */
  readonly sign: string
}

export const VERDICT_WORDS: Readonly<Record<Verdict, SignedWords>> = {
  passed: { sign: '✓', ...w('passed', '통과') },
  failed: { sign: '✗', ...w('failed', '실패') },
  inconclusive: { sign: '?', ...w('inconclusive', '판단 불가') },
  skipped: { sign: '–', ...w('skipped', '건너뜀') },
}

export const CHANGES = ['better', 'worse', 'same', 'only-in-a', 'only-in-b', 'not-comparable'] as const
export type Change = (typeof CHANGES)[number]

export const CHANGE_WORDS: Readonly<Record<Change, SignedWords>> = {
  better: { sign: '▲', ...w('better', '나아짐') },
  worse: { sign: '▼', ...w('worse', '나빠짐') },
  same: { sign: '=', ...w('same', '같음') },
  'only-in-a': { sign: '–', ...w('only in A', 'A에만 있음') },
  'only-in-b': { sign: '+', ...w('only in B', 'B에만 있음') },
  'not-comparable': { sign: '?', ...w('not comparable', '비교 불가') },
}

/** What a bound is called in front of its value. */
export const BOUND_WORDS: Readonly<Record<Bound['kind'], Words>> = {
  'at-most': w('at most', '최대'),
  'at-least': w('at least', '최소'),
  exactly: w('exactly', '정확히'),
  range: w('from … to', '범위'),
}

/** Units as reports name them, for Korean readers; one that is not here stays as it is. */
const KOREAN_UNITS: Readonly<Record<string, string>> = {
  s: '초',
  calls: '호출',
  'calls/s': '호출/초',
  messages: '건',
  'messages/s': '건/초',
  'msg/s': '건/초',
  requests: '요청',
  'requests/s': '요청/초',
  '/s': '/초',
  workers: '워커',
  cores: '코어',
  changes: '회',
  restarts: '회',
  bytes: '바이트',
}

export const unitIn = (lang: Language, unit: string): string =>
  lang === 'ko' && Object.hasOwn(KOREAN_UNITS, unit) ? (KOREAN_UNITS[unit] ?? unit) : unit
