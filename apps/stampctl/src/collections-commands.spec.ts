import type { ServerResponse } from 'node:http';
import {
  CollectionPageSchema,
  CollectionSchema,
  DocumentPageSchema,
  DocumentSchema,
  PolicyPreviewSchema,
  type PolicyPreview,
} from '@lapidary/contracts/api/collections';
import { WrittenDocumentsSchema } from '@lapidary/contracts/api/document-writes';
import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import type { SeenRequest } from '@lapidary/testing/fake-fleet';
import type { z } from 'zod';
import { formats } from './output/output.js';
import { expectForm } from './test/expect-form.js';
import { run, type Ran } from './test/run-stampctl.js';

const collection = CollectionSchema.parse({
  name: 'prices',
  scope: 'tenant',
  policy: { kind: 'lww', rules: { price: 'lowest' } },
  budgets: {},
  version: 2,
  definedAt: '1735689600000.0000.eu',
  definedIn: 'eu',
  documents: 4,
  conflicts: 1,
  findings: [{ budget: 'documents', limit: 3, actual: 4 }],
});
const document = DocumentSchema.parse({
  ...{
    collection: 'prices',
    tenant: 'acme',
    id: 'sku-1',
    value: { price: 5 },
    conflicts: 1,
    etag: '"x"',
    updatedAt: '2026-11-01T10:00:00.000Z',
  },
});

let plane: FakeControlPlane;
let preview: PolicyPreview;
let watchedAt: string[];
/** The write of many that begins with this id is refused. */
let refuseFrom: string | null = null;
let sent: { method: string; path: string; body: unknown }[];

const answer = (request: SeenRequest, response: ServerResponse): boolean => {
  const send = <T>(schema: z.ZodType<T>, value: T): true => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(schema.parse(value)));
    return true;
  };
  const { path, method, body } = request;
  if (method !== 'GET') sent.push({ method, path, body });
  if (path === '/v1/collections') return send(CollectionPageSchema, { items: [collection], next: null });
  if (path.endsWith('/documents/list')) return send(DocumentPageSchema, { items: [document], next: null });
  if (path.includes('/documents/watch')) {
    watchedAt.push(String(request.headers['last-event-id'] ?? ''));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const data = JSON.stringify({ deleted: watchedAt.length > 1, document });
    response.end(`id: eu.1.${watchedAt.length}.0\nevent: document\ndata: ${data}\n\n`);
    return true;
  }
  if (path.endsWith('/documents/write')) {
    const { writes } = body as { writes: { id: string }[] };
    if (writes[0]!.id === refuseFrom) {
      response.writeHead(409, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ type: 'about:blank', title: 'x', status: 409, code: 'budget_exceeded', detail: 'too large' }));
      return true;
    }
    return send(WrittenDocumentsSchema, { changed: writes.length });
  }
  if (path.endsWith('/policy/preview')) return send(PolicyPreviewSchema, preview);
  if (path === '/v1/collections/prices') return send(CollectionSchema, collection);
  return path === '/v1/collections/prices/sku-1' && send(DocumentSchema, document);
};

beforeEach(async () => {
  watchedAt = [];
  preview = {
    documents: 1,
    ledger: 2,
    changes: [{ tenant: 'acme', id: 'sku-1', field: 'price', before: 5, after: 9, from: 'state' }],
    overBudget: [],
    refused: null,
  };
  sent = [];
  plane = await new FakeControlPlane().up();
  plane.intercept = answer;
});
afterEach(async () => plane.down());

const ctl = (...argv: string[]): Promise<Ran> => run(argv, { env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token } });

describe.each([
  ['collections ls', ['collections', 'ls']],
  ['collections show', ['collections', 'show', 'prices']],
  ['collections show --documents', ['collections', 'show', 'prices', '--documents', '--tenant', 'acme']],
  ['collections show of a document', ['collections', 'show', 'prices', 'sku-1', '--tenant', 'acme']],
  ['collections put', ['collections', 'put', 'prices', 'sku-1', '--tenant', 'acme', '--value', '{"price":5}']],
  ['collections policy', ['collections', 'policy', 'prices', '--set', '{"rules":{"price":"highest"}}']],
])('%s', (_, argv) => {
  test.each(formats)('-o %s', async (form) => expectForm(await ctl(...argv, '-o', form), form));
});

test('a policy keeps what is not said of it', async () => {
  await ctl('collections', 'policy', 'prices', '--budgets', '{"documentBytes":4096}');
  expect(sent).toMatchObject([
    {
      method: 'PUT',
      body: { scope: 'tenant', policy: collection.policy, budgets: { documentBytes: 4096, documents: 100_000, changes: 10_000 } },
    },
  ]);
});

test('a preview changes nothing, and says by its exit code whether anything would differ', async () => {
  const ran = await ctl('collections', 'policy', 'prices', '--set', '{"rules":{"price":"highest"}}', '--dry-run');
  expect(ran).toMatchObject({ exit: 7 });
  expect(ran.out).toContain('acme/sku-1');
  expect(sent.map((s) => s.path)).toEqual(['/v1/collections/prices/policy/preview']);
  preview = { ...preview, changes: [] };
  expect(await ctl('collections', 'policy', 'prices', '--dry-run')).toMatchObject({ exit: 0 });
});

test('what is no JSON, and what is not said, is refused before anything is sent', async () => {
  expect(await ctl('collections', 'put', 'prices', 'sku-1', '--value', '{price}')).toMatchObject({ exit: 2 });
  expect(await ctl('collections', 'put', 'prices', 'sku-1')).toMatchObject({ exit: 2 });
  expect(await ctl('collections', 'policy', 'UPPER', '--kind', 'lww')).toMatchObject({ exit: 2 });
  expect(sent).toEqual([]);
});

describe('collections import', () => {
  const importing = (input: string, ...more: string[]): Promise<Ran> =>
    run(['collections', 'import', 'prices', '--tenant', 'acme', ...more], {
      env: { STAMPCTL_SERVER: plane.url, STAMPCTL_TOKEN: plane.token },
      input,
    });
  const lines = (count: number, value: unknown = 1): string =>
    Array.from({ length: count }, (_, i) => `${JSON.stringify({ id: `sku-${i + 1}`, value: { price: value } })}\n`).join('');
  const writes = (): { op: string; id: string }[][] => sent.map(({ body }) => (body as { writes: { op: string; id: string }[] }).writes);

  it('sends every line once and in order, as many at a time as one transaction and one request take', async () => {
    const ran = await importing(`${lines(450)}\n{"op":"delete","id":"sku-1"}\n`);
    expect(ran).toMatchObject({ exit: 0, out: expect.stringMatching(/451, of which 451 changed something/) });
    expect(writes().map((batch) => batch.length)).toEqual([200, 200, 51]);
    expect(
      writes()
        .flat()
        .map(({ id }) => id),
    ).toEqual([...Array.from({ length: 450 }, (_, i) => `sku-${i + 1}`), 'sku-1']);
    expect(writes().flat().at(-1)).toEqual({ op: 'delete', id: 'sku-1' });
    sent.splice(0);
    // Three of 25 kB do not fit into 64.
    expect(await importing(lines(5, 'x'.repeat(25_000)), '-o', 'json')).toMatchObject({ exit: 0 });
    expect(writes().map((batch) => batch.length)).toEqual([2, 2, 1]);
  });

  it('checks all before it sends anything, and names the line', async () => {
    const ran = await importing(`${lines(250)}{"id":"a"}\n`);
    expect(ran.exit).toBe(2);
    expect(ran.err).toContain('Line 251 is no write');
    expect(sent).toEqual([]);
  });

  it('says where it broke off, and goes on from there', async () => {
    refuseFrom = 'sku-201';
    const ran = await importing(lines(250));
    expect([ran.exit === 0, ran.err]).toEqual([false, expect.stringContaining('go on with --from 201')]);
    refuseFrom = null;
    sent.splice(0);
    expect(await importing(lines(250), '--from', '201')).toMatchObject({ exit: 0 });
    expect(writes()[0]![0]!.id).toBe('sku-201');
  });
});

describe('collections watch', () => {
  it('goes on after the last document when the control plane closes the stream, and ends after as many as were asked for', async () => {
    const ran = await ctl('collections', 'watch', 'prices', '--tenant', 'acme', '-n', '2');
    expect(ran).toMatchObject({ exit: 0 });
    expect(ran.out.trim().split('\n')).toEqual([expect.stringContaining('{"price":5}'), expect.stringContaining('deleted')]);
    expect(watchedAt).toEqual(['', 'eu.1.1.0']);
    const json = await ctl('collections', 'watch', 'prices', '--tenant', 'acme', '-n', '1', '-o', 'json');
    expect(JSON.parse(json.out)).toMatchObject({ cursor: 'eu.1.3.0', deleted: true, document: { id: 'sku-1' } });
  });
});
