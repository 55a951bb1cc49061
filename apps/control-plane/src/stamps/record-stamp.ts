import type { EventType } from '@lapidary/contracts/events/registry';
import { stampKey } from '@lapidary/contracts/directory';
import type { Tx } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import type { StampView } from '@lapidary/contracts/api/stamps';
import { recordAudit } from '../audit/record-audit.js';
import { recordStampRoute } from '../directory/record-route.js';
import type { CommandContext } from '../http/command-context.js';
import { recordEvent } from '../outbox/record-event.js';
import { stampRouteOf, stampViewOf } from './stamp-row.js';
import { getStamp } from './stamp-store.js';

type StampEventType = Extract<EventType, `lapidary.stamp.${string}`>;

/**
 * What every change of a stamp leaves behind in its transaction: event (I5), route, audit row (I10). Returns the stamp as it is
 * now. The audit's action is the event's type without prefix and version: "stamp.cordoned".
 */
export const recordStampChange = async (
  tx: Tx,
  context: CommandContext,
  clock: HybridLogicalClock,
  type: StampEventType,
  name: string,
  change: Record<string, unknown>,
): Promise<StampView> => {
  const row = await getStamp(tx, name);
  const stamp = stampViewOf(row);
  await recordEvent(tx, context, clock, type, stampKey(name), { stamp });
  await recordStampRoute(tx, stampRouteOf(row));
  await recordAudit(tx, context, type.split('.').slice(1, 3).join('.'), stampKey(name), change);
  return stamp;
};
