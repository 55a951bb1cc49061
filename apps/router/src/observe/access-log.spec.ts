import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AccessLog } from './access-log.js';
import { endingOf } from './traffic-figures.js';

const trace = { sent: '', toStamp: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00' };
const described = { requestId: 'r', trace, method: 'GET', host: 'acme.example', target: '/orders?card=4111' };

describe('the access log', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lapidary-access-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const linesOf = async (
    sample: number,
    random: () => number,
    outcomes: readonly (readonly [string, number])[],
  ): Promise<Record<string, unknown>[]> => {
    const file = join(folder, 'access.log');
    const log = new AccessLog({ sample, file, random });
    for (const [outcome, status] of outcomes)
      log.ended(described, 'acme', 'eu-1', { outcome, status, tookMs: 3, waitedMs: 1, stampMs: 2 }, endingOf(outcome, status));
    await log.close();
    const text = await readFile(file, 'utf8');
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };

  it('holds a sample of what went well, and every failure', async () => {
    let turn = 0;
    const outcomes = Array.from({ length: 100 }, (_, i) => (i % 10 === 0 ? (['cut', 200] as const) : (['answered', 200] as const)));
    const lines = await linesOf(0.5, () => (turn++ % 2) * 0.9, outcomes);
    expect(lines.filter(({ outcome }) => outcome === 'cut')).toHaveLength(10);
    expect(lines.filter(({ outcome }) => outcome === 'answered')).toHaveLength(45);
  });

  it('says whose request it was and what became of it, and not what was in its query', async () => {
    const [line] = await linesOf(1, () => 0, [['answered', 500]]);
    expect(line).toMatchObject({
      level: 40,
      requestId: 'r',
      traceId: '0af7651916cd43dd8448eb211c80319c',
      path: '/orders',
      tenant: 'acme',
      stamp: 'eu-1',
      status: 500,
      stampMs: 2,
    });
    expect(JSON.stringify(line)).not.toContain('4111');
  });

  it('a file that can’t be written costs no request', async () => {
    const log = new AccessLog({ sample: 1, file: join(folder, 'no-such-folder', 'access.log') });
    expect(() =>
      log.ended(described, null, null, { outcome: 'cut', status: 0, tookMs: 1, waitedMs: 0, stampMs: 0 }, 'failed'),
    ).not.toThrow();
    await log.close();
  });
});
