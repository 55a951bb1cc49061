import { errors } from '@nats-io/transport-node';
import { linkFailure, LinkTrouble } from './link-failure.js';

const party = { url: 'nats://nats.example:4222', user: 'router' };
const coded = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code });
const behind = (cause: Error): Error => new errors.ConnectionError('connection failed', { cause });

describe('what keeps a link from its server', () => {
  it.each([
    ['its list of users is older', new errors.AuthorizationError('Authorization Violation')],
    ['its list of users is older', behind(new errors.AuthorizationError('Authorization Violation'))],
    ['Nobody listens at nats.example:4222', behind(coded('ECONNREFUSED'))],
    ['no host of the name in nats.example:4222', coded('ENOTFOUND')],
    ['nats.example:4222 does not answer', new errors.TimeoutError()],
    [
      'does not let user "router" do this: no subscribing to geo.>',
      new errors.PermissionViolationError('no subscribing to geo.>', 'subscription', 'geo.>'),
    ],
    ['can’t be used: something new', behind(new Error('something new'))],
    ['can’t be used: a text', 'a text'],
    ['can’t be used: undefined', undefined],
  ])('%s', (words, error) => {
    expect(linkFailure(error, party)).toContain(words);
  });

  it('names nobody where nobody is named, and shows no password of an address', () => {
    const said = linkFailure(new errors.AuthorizationError('x'), { url: 'nats://someone:hidden@nats.example:4222' });
    expect(said).toContain('refuses a client without a name');
    expect(said).not.toContain('hidden');
    expect(linkFailure(coded('ECONNREFUSED'), { url: 'rubbish' })).toContain('an address that is none');
  });

  it('ends with an error that is its own cause', () => {
    const loop = new Error('round');
    loop.cause = loop;
    expect(linkFailure(loop, party)).toContain('round');
  });

  it('is told once a minute, at once where it is another one or came back', () => {
    let nowMs = 0;
    const told: string[] = [];
    const trouble = new LinkTrouble(
      party,
      (text) => told.push(text),
      () => nowMs,
    );
    for (; nowMs < 60_000; nowMs += 100) trouble.tell(coded('ECONNREFUSED'));
    expect(told).toHaveLength(1);
    trouble.tell(coded('ECONNREFUSED'));
    expect(told).toHaveLength(2);
    trouble.tell(new errors.TimeoutError());
    expect(told).toHaveLength(3);
    trouble.over();
    trouble.tell(new errors.TimeoutError());
    expect(told).toHaveLength(4);
  });
});
