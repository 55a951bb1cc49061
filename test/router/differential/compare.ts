import { requestCases as allCases } from '../corpus/requests.ts';
import { startSubject } from '../run/subject.ts';
import { strict } from '../wire/habits.ts';
import { observe } from './observe.ts';
import type { Row } from './page.ts';
import { startProxy, type Proxy } from './peers.ts';
import { settled } from './undetermined.ts';

export interface Comparison {
  /** The router first, then the peers with their versions. */
  readonly names: readonly string[];
  readonly rows: readonly Row[];
}

/** What the client does with its connection is no matter of how bytes are read. */
const requestCases = allCases.filter(({ group }) => group !== 'half-closed');

/** Almost all of the time is waiting for nothing more to come, which is no work; more at once would make one wait for another. */
const lanes = 4;

/** The router and the peers, each before a recorder of its own. Throws where one of the peers is not to be had. */
const startProxies = async (): Promise<Proxy[]> => {
  const started = [startProxy('nginx'), startProxy('haproxy'), startSubject('fast', strict).then((s): Proxy => ({ ...s, name: 'router' }))];
  const proxies = (await Promise.allSettled(started)).flatMap((s) => (s.status === 'fulfilled' ? [s.value] : []));
  if (proxies.length < started.length) await Promise.all(proxies.map((proxy) => proxy.close()));
  const [nginx, haproxy, router] = await Promise.all(started);
  return [router!, nginx!, haproxy!];
};

/** Every request of the corpus through the router and real nginx and HAProxy. Throws where one of these is not to be had. */
export const compare = async (): Promise<Comparison> => {
  const rows: Row[] = [];
  let names: readonly string[] = [];
  const runLane = async (lane: number): Promise<void> => {
    const proxies = await startProxies();
    names = proxies.map(({ name }) => name);
    try {
      for (const [i, one] of requestCases.entries()) {
        if (i % lanes !== lane) continue;
        const seen = await Promise.all(
          proxies.map(async ({ name, port, recorder }) => settled(name, one, await observe(port, recorder, one.bytes))),
        );
        rows[i] = { group: one.group, id: one.id, source: one.source, seen };
      }
    } finally {
      await Promise.all(proxies.map((proxy) => proxy.close()));
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(lane)));
  return { names, rows };
};
