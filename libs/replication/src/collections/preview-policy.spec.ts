import type { CollectionPolicy } from '@lapidary/contracts/api/collections';
import { previewDecision } from './preview-policy.js';

const named = { tenant: '', id: 'a' };
const policy = (rule: 'first-write' | 'highest'): CollectionPolicy => ({ kind: 'lww', rules: { '*': rule } });
const side = (ms: number, value: unknown) => ({ at: `000000000000${ms}.0000.eu`, region: 'eu', value }) as never;

describe('a past decision, taken again under another policy', () => {
  it('is told where a switch that was on had won', () => {
    const loss = { field: 'open', winner: side(2, true), loser: side(1, false) };
    expect(previewDecision(named, loss, policy('first-write'))).toMatchObject({
      field: 'open',
      before: true,
      after: false,
      from: 'ledger',
    });
    expect(previewDecision(named, loss, policy('highest'))).toBeNull();
  });

  it('is none of a policy where a delete had won: deletes go by time whatever it says', () => {
    expect(previewDecision(named, { field: 'price', winner: side(2, false), loser: side(1, 5) }, policy('first-write'))).toBeNull();
    expect(previewDecision(named, { field: '$document', winner: side(2, true), loser: side(1, false) }, policy('first-write'))).toBeNull();
  });
});
