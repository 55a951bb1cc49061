import { waitFor } from '@lapidary/kernel/wait-for';
import { startEcho, type EchoServer } from '@lapidary/stamp-sdk/link/link-echo.fixture';
import { exchangeBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { onPath, patientPolicy, problemOf, requestBytes, startTraffic, type TestTraffic } from '../traffic.fixture.js';

const soon = { timeoutMs: 60_000, intervalMs: 5 };
/** Far below what is waited for a head, so that whatever ends it is the deadline. */
const deadlineSeconds = 1;
const timeouts = { connectMs: 5_000, headMs: 60_000, idleMs: 60_000 };

let echo: EchoServer;
let traffic: TestTraffic;
const ask = (method: string, path: string, body = ''): Promise<string> =>
  exchangeBytes(traffic.port, requestBytes(method, path, ['Connection: close'], body), /\r\n\r\n[^]+/);

beforeEach(async () => {
  echo = await startEcho();
  traffic = await startTraffic([`http://127.0.0.1:${echo.port}`], {
    timeouts,
    policy: patientPolicy(deadlineSeconds),
    links: { routerId: 'router-1', key: null },
  });
  await waitFor('an answer by link', async () => (await ask('GET', '/first')).includes('x-by: link') || undefined, soon);
});
afterEach(async () => {
  await traffic.close();
  await echo.close();
});

onPath('fast', () => {
  it.each([
    ['GET', ''],
    ['POST', 'a body'],
  ])('%s over a stamp link ends at its deadline: the stamp is told, and the link serves on (D1)', async (method, body) => {
    const links = echo.ends.length;
    const beganMs = performance.now();
    const asked = ask(method, '/?hold', body);
    const open = (): number => echo.ends.reduce((sum, { streamCount }) => sum + streamCount, 0);
    await waitFor('the stamp to have it', () => open() === 1 || undefined, soon);
    const text = await asked;
    expect(problemOf(text)).toMatchObject({ status: 504, code: 'timeout' });
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(deadlineSeconds * 1000 - 1);
    await waitFor('the stamp to be told', () => open() === 0 || undefined, soon);
    expect(await ask('GET', '/behind')).toContain('x-by: link');
    expect(echo.ends).toHaveLength(links);
    const { values } = await traffic.metrics.lapidary_router_deadlines_total.get();
    expect(values.map(({ labels, value }) => [labels.phase, value])).toEqual([['waiting', 1]]);
  });
});
