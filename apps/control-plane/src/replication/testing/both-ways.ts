import { waitFor } from '@lapidary/kernel/wait-for';
import { tellOfStamp, type TestRegion } from '../../outbox/testing/test-region.js';
import { readPosition } from '../peer-position.js';
import { logOf } from './two-regions.js';

const patience = { timeoutMs: 60_000 };

/** Each tells something, and has taken in what the other told. */
export const tellBothWays = async (eu: TestRegion, us: TestRegion): Promise<void> => {
  for (const [origin, reader] of [
    [eu, us],
    [us, eu],
  ] as const) {
    await tellOfStamp(origin, 1, (await logOf(origin)).length + 1);
    const head = (await logOf(origin)).length;
    const isThere = async (): Promise<true | undefined> =>
      (await readPosition(reader.dataSource, origin.name)).sequence === head || undefined;
    await waitFor(`event ${head} of ${origin.name}`, isThere, patience);
  }
};
