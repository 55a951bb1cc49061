import { FastServer } from '@lapidary/router/engine/fast-server';
import { requestBytes, type TestTraffic } from '@lapidary/router/traffic.fixture';
import { Flights } from '@lapidary/stamp-agent/flights';
import { FrontDoor } from '@lapidary/stamp-agent/front-door';
import { exchangeBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { waitFor } from '@lapidary/kernel/wait-for';
import { answerSeen, type Recorder } from '../wire/recorder.ts';

const patience = { timeoutMs: 30_000, intervalMs: 5 };

/** A stamp's own front door before its workload: it holds the tenants at epoch 1, and takes stamp links. */
export const startFrontDoor = async (
  workloadUrl: string,
  tenants: readonly string[] = ['acme'],
): Promise<{ readonly url: string; close(): Promise<void> }> => {
  const nothing = (): void => undefined;
  const door = new FrontDoor({
    stamp: 'eu-1',
    workloadUrl,
    epochOf: (tenant) => (tenants.includes(tenant) ? 1 : 0),
    serves: () => true,
    onMiss: () => Promise.resolve(),
    flights: new Flights(),
    pages: {
      health: () => ({ status: 200, body: {} }),
      metrics: () => Promise.resolve({ type: 'text/plain', text: '' }),
    },
    onRefused: nothing,
    onForwarded: nothing,
    linkKey: null,
    onLinkClosed: nothing,
    timeouts: { headMs: 2_500, idleMs: 2_500 },
  });
  return { url: `http://127.0.0.1:${await door.listen('127.0.0.1', 0)}`, close: () => door.drain(0) };
};

const streamsOf = async ({ server, metrics }: TestTraffic): Promise<number> => {
  if (server instanceof FastServer) server.countNow();
  return (await metrics.lapidary_router_link_streams.get()).values[0]?.value ?? 0;
};

/** Requests go in plain HTTP/1.1 until links are open; nobody waits for them but this. */
export const untilLinked = async (traffic: TestTraffic, recorder: Recorder): Promise<void> => {
  let streams = 0;
  recorder.answerBy((message, socket) => {
    void streamsOf(traffic).then((now) => {
      streams = now;
      answerSeen(message, socket);
    });
  });
  const isLinked = async (): Promise<true | undefined> => {
    await exchangeBytes(traffic.port, requestBytes('GET', '/linked', ['Connection: close']), /seen \/linked$/);
    return streams > 0 || undefined;
  };
  await waitFor('a link', isLinked, patience);
  recorder.answerBy(answerSeen);
  recorder.mark();
};
