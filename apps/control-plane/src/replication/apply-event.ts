import type { DocumentChanged } from '@lapidary/contracts/events/collection-events';
import type { EventData } from '@lapidary/contracts/events/registry';
import { eventVersions } from '@lapidary/contracts/events/upcasters';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { subjectOf } from '@lapidary/replication/collections/collection-store';
import { applyCollectionEvent, applyDocumentChanges } from '../collections/apply-collection.js';
import { noteDeclaration } from '../collections/stability-rows.js';
import { applyRemoved, applyRetold } from './apply-residency.js';
import { noteWithheld } from '../residency/withheld.js';
import { applyGivenUp } from './apply-given-up.js';
import { applyGivenUpRegion, applyRecalled } from './apply-given-up-region.js';
import { applyRollout } from './apply-rollout.js';
import { applyStamp } from './apply-stamp.js';
import { toldClaims } from './apply-hosts.js';
import { applyTenant, type ApplyTools } from './apply-tenant.js';

type StampData = EventData<'lapidary.stamp.updated.v1'>;
type RolloutData = EventData<'lapidary.rollout.changed.v1'>;
type TenantData = EventData<'lapidary.tenant.updated.v1'>;

/**
 * Writes another region's fact into the replicas here. Events carry the whole state of their subject, documents' apart, so a newer
 * event makes up for one that was parked (quarantine.ts), and an older one than the row was written by changes nothing. Jobs are not kept by
 * peers: their events only reach the live views. Changes of documents are merged. Throws `poison_event` for what no repeat could apply.
 */
export const applyEvent = async (tx: Tx, told: EventEnvelope, tools: ApplyTools): Promise<void> => {
  const { event, data } = readEvent(told, tools);
  if (event.type.startsWith('lapidary.stamp.')) await applyStamp(tx, event, (data as StampData).stamp);
  else if (event.type.startsWith('lapidary.tenant.')) {
    const { tenant, claim, hostClaims } = data as TenantData;
    await applyTenant(tx, event, tenant, toldClaims(tenant, claim ?? event.hlc, hostClaims), tools);
  } else if (event.type === 'lapidary.document.withheld.v1') {
    await noteWithheld(tx, (data as EventData<'lapidary.document.withheld.v1'>).tenant, event);
  } else if (event.type === 'lapidary.documents.removed.v1') {
    await applyRemoved(tx, event, data as EventData<'lapidary.documents.removed.v1'>);
  } else if (event.type === 'lapidary.documents.retold.v1') {
    await applyRetold(tx, tools.region, event, data as EventData<'lapidary.documents.retold.v1'>);
  } else if (event.type === 'lapidary.region.knows.v1') {
    await noteDeclaration(tx, event, data as EventData<'lapidary.region.knows.v1'>);
  } else if (event.type === 'lapidary.rollout.given-up.v1') {
    await applyGivenUp(tx, event, (data as EventData<'lapidary.rollout.given-up.v1'>).givenUp);
  } else if (event.type === 'lapidary.region.given-up.v1') {
    await applyGivenUpRegion(tx, event, data as EventData<'lapidary.region.given-up.v1'>);
  } else if (event.type === 'lapidary.region.recalled.v1') {
    await applyRecalled(tx, event, data as EventData<'lapidary.region.recalled.v1'>, tools);
  } else if (event.type.startsWith('lapidary.rollout.')) await applyRollout(tx, event, (data as RolloutData).rollout);
  else if (event.type === 'lapidary.collection.defined.v1' || event.type === 'lapidary.document.changed.v1')
    await applyCollectionEvent(tx, event, tools.collections);
};

/** Events one after the other; runs of documents' changes together, which is much the faster and leaves the same behind. */
export const applyEvents = async (tx: Tx, events: readonly EventEnvelope[], tools: ApplyTools): Promise<void> => {
  let run: EventEnvelope[] = [];
  const endRun = async (): Promise<void> => {
    if (run.length > 0) await applyDocumentChanges(tx, run, tools.collections);
    run = [];
  };
  for (const event of events) {
    if (isDocumentChange(event, tools)) {
      run.push(readEvent(event, tools).event);
    } else {
      await endRun();
      await applyEvent(tx, event, tools);
    }
  }
  await endRun();
};

const isDocumentChange = ({ type }: EventEnvelope, { versions = eventVersions }: ApplyTools): boolean =>
  versions.newestOf(type) === 'lapidary.document.changed.v1';

/** The event in the newest version of its type (P-SC1), and what it says by that schema. */
const readEvent = (
  told: EventEnvelope,
  { versions = eventVersions }: ApplyTools,
): { readonly event: EventEnvelope; readonly data: unknown } => {
  const read = versions.read(told.type, told.data);
  if (!read.ok) throw new AppError('poison_event', read.message, { internal: read.internal });
  // Its key is what it waits behind (quarantine.ts): an event must not name another one than it changes.
  if (read.type === 'lapidary.document.changed.v1' && told.subject !== subjectOf(read.parsed as DocumentChanged))
    throw new AppError('poison_event', `An event of ${told.subject.slice(0, 100)} tells of another document`);
  return { event: read.type === told.type ? told : { ...told, type: read.type, data: read.data }, data: read.parsed };
};
