/**
 * The corpus through real nginx and HAProxy, beside the router: `npm run conformance` writes docs/reference/http-conformance.md,
 * with --check it only compares. The page names the versions: another one may behave otherwise, and then the page is written anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { requestCases } from './corpus/requests.ts';
import { observe, type Observation } from './differential/observe.ts';
import { conformancePage, type Row } from './differential/page.ts';
import { startProxy, type Proxy } from './differential/peers.ts';
import { startSubject } from './run/subject.ts';
import { strict } from './wire/habits.ts';

const file = join(resolve(import.meta.dirname, '../..'), 'docs/reference/http-conformance.md');
const subject = await startSubject('fast', strict);
const proxies: Proxy[] = [
  { ...subject, name: 'router', close: () => subject.close() },
  await startProxy('nginx'),
  await startProxy('haproxy'),
];

const rows: Row[] = [];
for (const one of requestCases) {
  const seen: Observation[] = [];
  for (const proxy of proxies) seen.push(await observe(proxy.port, proxy.recorder, one.bytes));
  rows.push({ group: one.group, id: one.id, source: one.source, seen });
}
for (const proxy of proxies) await proxy.close();

const page = conformancePage(
  proxies.map((p) => p.name),
  rows,
);
if (!process.argv.includes('--check')) writeFileSync(file, page);
else if (readFileSync(file, 'utf8') !== page) {
  process.stderr.write('docs/reference/http-conformance.md is not what was found now: npm run conformance\n');
  process.exitCode = 1;
}
process.exit();
