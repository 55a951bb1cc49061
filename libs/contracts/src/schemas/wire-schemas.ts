import { z } from 'zod';
import {
  CredentialsReplySchema,
  CredentialsRequestSchema,
  FenceNoticeSchema,
  HeartbeatSchema,
  HoldCommandSchema,
  HoldReplySchema,
  RegisterReplySchema,
  RegisterRequestSchema,
  SyncReplySchema,
  SyncRequestSchema,
} from '../agent-protocol.js';
import {
  DigestQuestionSchema,
  DomainsAnswerSchema,
  NamesAnswerSchema,
  RootAnswerSchema,
  RowsAnswerSchema,
  SketchQuestionSchema,
} from '../digest-protocol.js';
import {
  FleetBucketsAnswerSchema,
  FleetLooksAnswerSchema,
  FleetQuestionSchema,
  FleetRowsAnswerSchema,
  FleetSumsAnswerSchema,
} from '../fleet-protocol.js';
import { DirectoryDigestSchema, DirectoryEntrySchema, SnapshotPageSchema, SnapshotRequestSchema } from '../directory.js';
import { BackfillReplySchema, BackfillRequestSchema, EventEnvelopeSchema } from '../events/envelope.js';
import { AckReplySchema, AckRequestSchema, ContentsReplySchema, ContentsRequestSchema } from '../events/peer-link.js';
import { SchemaAnswerSchema, SchemaQuestionSchema } from '../schema-protocol.js';
import { BucketsAnswerSchema, MarksAnswerSchema, RefreshAnswerSchema, ReplicaQuestionSchema } from '../route-replica.js';
import { eventSchemas } from '../events/registry.js';
import { IntentReplySchema, IntentRequestSchema } from '../intent-protocol.js';
import { RouterHeartbeatSchema } from '../router-protocol.js';
import type { SchemaNode } from './schema-node.js';

/**
 * Everything that travels between processes which are not upgraded in one moment: events between regions, the directory to
 * routers, messages between stamps' agents and the control plane (P-SC1). A name ends in its version.
 */
export const wireSchemas: Readonly<Record<string, z.ZodType>> = {
  ...eventSchemas,
  'lapidary.envelope.v1': EventEnvelopeSchema,
  'lapidary.peer.ack-request.v1': AckRequestSchema,
  'lapidary.peer.ack-reply.v1': AckReplySchema,
  'lapidary.peer.backfill-request.v1': BackfillRequestSchema,
  'lapidary.peer.backfill-reply.v1': BackfillReplySchema,
  'lapidary.peer.contents-request.v1': ContentsRequestSchema,
  'lapidary.peer.contents-reply.v1': ContentsReplySchema,
  'lapidary.peer.digest-question.v1': DigestQuestionSchema,
  'lapidary.peer.digest-root.v1': RootAnswerSchema,
  'lapidary.peer.digest-domains.v1': DomainsAnswerSchema,
  'lapidary.peer.digest-names.v1': NamesAnswerSchema,
  'lapidary.peer.digest-rows.v1': RowsAnswerSchema,
  'lapidary.peer.fleet-question.v1': FleetQuestionSchema,
  'lapidary.peer.fleet-sums.v1': FleetSumsAnswerSchema,
  'lapidary.peer.fleet-buckets.v1': FleetBucketsAnswerSchema,
  'lapidary.peer.fleet-rows.v1': FleetRowsAnswerSchema,
  'lapidary.peer.fleet-looks.v1': FleetLooksAnswerSchema,
  'lapidary.peer.sketch-question.v1': SketchQuestionSchema,
  'lapidary.peer.intent-request.v1': IntentRequestSchema,
  'lapidary.peer.intent-reply.v1': IntentReplySchema,
  'lapidary.peer.schema-question.v1': SchemaQuestionSchema,
  'lapidary.peer.schema-answer.v1': SchemaAnswerSchema,
  'lapidary.replica.question.v1': ReplicaQuestionSchema,
  'lapidary.replica.buckets.v1': BucketsAnswerSchema,
  'lapidary.replica.marks.v1': MarksAnswerSchema,
  'lapidary.replica.refreshed.v1': RefreshAnswerSchema,
  'lapidary.directory.entry.v1': DirectoryEntrySchema,
  'lapidary.directory.digest.v1': DirectoryDigestSchema,
  'lapidary.directory.snapshot-request.v1': SnapshotRequestSchema,
  'lapidary.directory.snapshot-page.v1': SnapshotPageSchema,
  'lapidary.router.heartbeat.v1': RouterHeartbeatSchema,
  'lapidary.agent.register-request.v1': RegisterRequestSchema,
  'lapidary.agent.register-reply.v1': RegisterReplySchema,
  'lapidary.agent.heartbeat.v1': HeartbeatSchema,
  'lapidary.agent.sync-request.v1': SyncRequestSchema,
  'lapidary.agent.sync-reply.v1': SyncReplySchema,
  'lapidary.agent.credentials-request.v1': CredentialsRequestSchema,
  'lapidary.agent.credentials-reply.v1': CredentialsReplySchema,
  'lapidary.agent.fence-notice.v1': FenceNoticeSchema,
  'lapidary.agent.hold-command.v1': HoldCommandSchema,
  'lapidary.agent.hold-reply.v1': HoldReplySchema,
};

/** JSON Schema (2020-12) of what is written: readers fill in defaults and drop what they don't know. */
export const jsonSchemaOf = (types: Readonly<Record<string, z.ZodType>>, name: string): SchemaNode => {
  const schema = types[name];
  if (schema === undefined) throw new Error(`there is no wire schema ${name}`);
  return z.toJSONSchema(schema, { io: 'input' }) as SchemaNode;
};
