import { requestCases } from '../corpus/requests.ts';
import { startSubject } from '../run/subject.ts';
import { strict } from '../wire/habits.ts';
import { observe } from './observe.ts';
import type { Row } from './page.ts';
import { startProxy, type Proxy } from './peers.ts';

export interface Comparison {
  /** The router first, then the peers with their versions. */
  readonly names: readonly string[];
  readonly rows: readonly Row[];
}

/** Every request of the corpus through the router and real nginx and HAProxy. Throws where one of these is not to be had. */
export const compare = async (): Promise<Comparison> => {
  const proxies: Proxy[] = [];
  try {
    proxies.push(await startProxy('nginx'), await startProxy('haproxy'));
    const subject = await startSubject('fast', strict);
    proxies.unshift({ ...subject, name: 'router', close: () => subject.close() });
    const rows: Row[] = [];
    for (const one of requestCases) {
      // Each has a recorder of its own.
      const seen = await Promise.all(proxies.map((proxy) => observe(proxy.port, proxy.recorder, one.bytes)));
      rows.push({ group: one.group, id: one.id, source: one.source, seen });
    }
    return { names: proxies.map(({ name }) => name), rows };
  } finally {
    for (const proxy of proxies) await proxy.close();
  }
};
