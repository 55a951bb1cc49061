import { requestCases } from '../corpus/requests.ts';
import { startSubject } from '../run/subject.ts';
import { strict } from '../wire/habits.ts';
import { observe, type Observation } from './observe.ts';
import type { Row } from './page.ts';
import { startProxy, type Proxy } from './peers.ts';

export interface Comparison {
  /** The router first, then the peers with their versions. */
  readonly names: readonly string[];
  readonly rows: readonly Row[];
}

/** An odd number, so that one of two ways is the more frequent. */
const looks = 5;

/**
 * A streaming proxy may or may not have passed a head on by the time it meets what it refuses in the body behind it: that is a matter of
 * how the bytes came to it. Such a case is looked at again, and what happens most times is said.
 */
const mostOften = async ({ port, recorder }: Proxy, bytes: string): Promise<Observation> => {
  const first = await observe(port, recorder, bytes);
  if (first.verdict !== 'forwards, unreadable') return first;
  const all = [first];
  while (all.length < looks) all.push(await observe(port, recorder, bytes));
  const count = (like: Observation): number => all.filter((o) => JSON.stringify(o) === JSON.stringify(like)).length;
  return all.reduce((best, o) => (count(o) > count(best) ? o : best));
};

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
      const seen = await Promise.all(proxies.map((proxy) => mostOften(proxy, one.bytes)));
      rows.push({ group: one.group, id: one.id, source: one.source, seen });
    }
    return { names: proxies.map(({ name }) => name), rows };
  } finally {
    for (const proxy of proxies) await proxy.close();
  }
};
