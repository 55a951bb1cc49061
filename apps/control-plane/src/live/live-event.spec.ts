import { liveText, toLiveEvent } from './live-event.js';

const envelope = {
  specversion: '1.0' as const,
  id: '01J',
  source: '/regions/eu',
  subject: 'document/settings/acme/a',
  time: '2026-01-01T00:00:00.000Z',
  originregion: 'eu',
  originepoch: 1,
  originsequence: 7,
  hlc: '',
  requestid: 'r',
  actor: 'token:a',
};

describe('live events', () => {
  it('say that a document has changed, and nothing of what is in it', () => {
    const data = {
      collection: 'settings',
      tenant: 'acme',
      id: 'a',
      kind: 'lww',
      whole: true,
      change: { fields: 'SECRET' },
      settled: ['SECRET'],
    };
    const live = toLiveEvent({ ...envelope, type: 'lapidary.document.changed.v1', data });
    expect(live.data).toEqual({ collection: 'settings', tenant: 'acme', id: 'a', kind: 'lww' });
    expect(JSON.stringify(live)).not.toContain('SECRET');
  });

  it('carry other facts as they are', () => {
    const data = { stamp: { name: 'eu-1' } };
    expect(toLiveEvent({ ...envelope, type: 'lapidary.stamp.updated.v1', data })).toMatchObject({ id: 'eu-1-7', data });
  });

  it.each([
    ['of a change', 'lapidary.document.changed.v1', { collection: 'items', tenant: '', id: 'sku-1', kind: 'lww', change: {} }],
    ['with what must be escaped', 'lapidary.document.changed.v1', { collection: 'it"ems', tenant: 'a\\b', id: 'größe\n', kind: '\u0001' }],
    ['of a change that lacks a part', 'lapidary.document.changed.v1', { collection: 'items', tenant: '', kind: 'lww' }],
    ['of a change whose part is no text', 'lapidary.document.changed.v1', { collection: 'items', tenant: null, id: 7, kind: 'lww' }],
    ['of anything else', 'lapidary.stamp.updated.v1', { stamp: { name: 'eu-1' } }],
  ])('is written as JSON writes it, %s', (_, type, data) => {
    const event = { ...envelope, type, data };
    expect(liveText(event)).toBe(JSON.stringify(toLiveEvent(event)));
  });
});
