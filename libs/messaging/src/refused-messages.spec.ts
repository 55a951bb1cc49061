import { RefusedMessages, type RefusedBecause } from './refused-messages.js';

const listen = () => {
  let nowMs = 0;
  const [told, counted]: [unknown[], RefusedBecause[]] = [[], []];
  const refused = new RefusedMessages(
    'a.b',
    (bindings) => told.push(bindings),
    (_, because) => counted.push(because),
    () => nowMs,
  );
  return { told, counted, refused, after: (ms: number) => void (nowMs += ms) };
};

describe('messages that are refused', () => {
  it('are counted each, and told once a minute with how many there were since', () => {
    const { told, counted, refused, after } = listen();
    for (let i = 0; i < 1_000; i += 1) refused.note('malformed', new Error(`rubbish ${i}`));
    expect([counted.length, told.length]).toEqual([1_000, 1]);
    after(60_000);
    refused.note('malformed', new Error('again'));
    expect(told.at(-1)).toMatchObject({ subject: 'a.b', because: 'malformed', before: 999 });
  });

  it('are told by each new reason where they failed here, whatever others send meanwhile', () => {
    const { told, refused } = listen();
    for (const reason of ['database away', 'database away', 'defect']) {
      refused.note('failed', new Error(reason));
      refused.note('malformed');
    }
    expect(told).toMatchObject([{ because: 'failed' }, { because: 'malformed' }, { because: 'failed', err: { message: 'defect' } }]);
  });
});
