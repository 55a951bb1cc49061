import { RouterConfigSchema } from '@lapidary/config/router';
import { zoneFrom } from './zone.js';

const config = (over: Record<string, string>): ReturnType<typeof RouterConfigSchema.parse> =>
  RouterConfigSchema.parse({ LAPIDARY_REGION: 'eu', LAPIDARY_NATS_URL: 'nats://127.0.0.1:4222', ...over });

describe('the zone', () => {
  it.each([
    ['no addresses', {}, 'LAPIDARY_DNS_ADDRESSES is missing'],
    ['a name for an address', { LAPIDARY_DNS_ADDRESSES: 'router.example.net' }, '"router.example.net" is not an address'],
    [
      'a name server that is none',
      { LAPIDARY_DNS_ADDRESSES: '192.0.2.1', LAPIDARY_DNS_NAME_SERVERS: 'a_b.example.net' },
      'not a host name',
    ],
    [
      'doors within the zone',
      { LAPIDARY_DNS_ADDRESSES: '192.0.2.1', LAPIDARY_PUBLIC_DOOR: 'https://{stamp}.lapidary.localhost' },
      'below the base domain',
    ],
    [
      'one door for all stamps',
      { LAPIDARY_DNS_ADDRESSES: '192.0.2.1', LAPIDARY_PUBLIC_DOOR: 'https://door.example.net' },
      'names no {stamp}',
    ],
    [
      'a door with a path',
      { LAPIDARY_DNS_ADDRESSES: '192.0.2.1', LAPIDARY_PUBLIC_DOOR: 'https://{stamp}.example.net/x' },
      'more than scheme',
    ],
  ])('with %s is refused at start, in words', (_, over, words) => {
    expect(() => zoneFrom(config(over))).toThrow(words);
  });

  it('has a name server of its own where none is told', () => {
    expect(zoneFrom(config({ LAPIDARY_DNS_ADDRESSES: '192.0.2.1, 2001:db8::1' }))).toMatchObject({
      nameServers: ['a.ns.lapidary.localhost'],
      addresses: ['192.0.2.1', '2001:db8::1'],
    });
  });
});
