import { Fleet1763772000001 } from './0001-fleet.js';
import { Events1763772000002 } from './0002-events.js';
import { Jobs1763772000003 } from './0003-jobs.js';
import { Access1763772000004 } from './0004-access.js';
import { Sessions1763772000005 } from './0005-sessions.js';
import { EngineLease1763772000006 } from './0006-engine-lease.js';
import { JobsInDepth1763772000007 } from './0007-jobs-in-depth.js';
import { Rollouts1763772000008 } from './0008-rollouts.js';
import { Drift1763772000009 } from './0009-drift.js';
import { DeadLetters1763772000010 } from './0010-dead-letters.js';
import { Capacity1763772000011 } from './0011-capacity.js';
import { RolloutTemplates1763772000012 } from './0012-rollout-templates.js';
import { Collections1763772000013 } from './0013-collections.js';
import { WorkloadHealth1763772000014 } from './0014-workload-health.js';
import { Limits1763772000016 } from './0016-limits.js';
import { Digests1763772000017 } from './0017-digests.js';
import { Residency1763772000018 } from './0018-residency.js';
import { Intents1763772000019 } from './0019-intents.js';
import { Quarantine1763772000021 } from './0021-quarantine.js';
import { Retention1763772000022 } from './0022-retention.js';
import { Replicas1763772000024 } from './0024-replicas.js';
import { DigestsByStatement1763772000026 } from './0026-digests-by-statement.js';
import { OutboxNumbers1763772000027 } from './0027-outbox-numbers.js';
import { DocumentsInPlace1763772000028 } from './0028-documents-in-place.js';
import { WireVersions1763772000040 } from './0040-wire-versions.js';
import { Histories1763772000050 } from './0050-histories.js';
import { Recovery1763772000061 } from './0061-recovery.js';
import { Reconciliation1763772000062 } from './0062-reconciliation.js';
import { PurgedKinds1763772000063 } from './0063-purged-kinds.js';
import { RefusedEpochs1763772000064 } from './0064-refused-epochs.js';
import { BucketsFirst1763772000065 } from './0065-buckets-first.js';
import { DocumentsInPlaceAgain1763772000066 } from './0066-documents-in-place-again.js';
import { DroppedFields1763772000067 } from './0067-dropped-fields.js';
import { PurgeEpochs1763772000070 } from './0070-purge-epochs.js';
import { VouchingPeers1763772000071 } from './0071-vouching-peers.js';
import { FrozenTenants1763772000072 } from './0072-frozen-tenants.js';
import { HeldTokens1763772000073 } from './0073-held-tokens.js';
import { KeysByTenant1763772000074 } from './0074-keys-by-tenant.js';
import { Ledger1763772000075 } from './0075-ledger.js';
import { NamesInTheLedger1763772000076 } from './0076-names-in-the-ledger.js';
import { EventsByOrigin1763772000077 } from './0077-events-by-origin.js';
import { PackedDocuments1763772000078 } from './0078-packed-documents.js';
import { Looks1763772000079 } from './0079-looks.js';
import { HistoryOfDrift1763772000080 } from './0080-history-of-drift.js';
import { OwedObjections1763772000082 } from './0082-owed-objections.js';
import { AuditFilters1763772000083 } from './0083-audit-filters.js';
import { TimesHeard1763772000084 } from './0084-times-heard.js';
import { HostClaims1763772000085 } from './0085-host-claims.js';
import { KeptTenants1763772000090 } from './0090-kept-tenants.js';
import { GivenUpRollouts1763772000091 } from './0091-given-up-rollouts.js';
import { RepairsLeft1763772000092 } from './0092-repairs-left.js';
import { DirectorySum1763772000094 } from './0094-directory-sum.js';
import { SignatureRefusals1763772000095 } from './0095-signature-refusals.js';
import { DatabaseProbe1763772000096 } from './0096-database-probe.js';
import { PublishingTrouble1763772000098 } from './0098-publishing-trouble.js';
import { GivenUpRegions1763772000099 } from './0099-given-up-regions.js';

export const migrations = [
  Fleet1763772000001,
  Events1763772000002,
  Jobs1763772000003,
  Access1763772000004,
  Sessions1763772000005,
  EngineLease1763772000006,
  JobsInDepth1763772000007,
  Rollouts1763772000008,
  Drift1763772000009,
  DeadLetters1763772000010,
  Capacity1763772000011,
  RolloutTemplates1763772000012,
  Collections1763772000013,
  WorkloadHealth1763772000014,
  Limits1763772000016,
  Digests1763772000017,
  Residency1763772000018,
  Intents1763772000019,
  Quarantine1763772000021,
  Retention1763772000022,
  Replicas1763772000024,
  DigestsByStatement1763772000026,
  OutboxNumbers1763772000027,
  DocumentsInPlace1763772000028,
  WireVersions1763772000040,
  Histories1763772000050,
  Recovery1763772000061,
  Reconciliation1763772000062,
  PurgedKinds1763772000063,
  RefusedEpochs1763772000064,
  BucketsFirst1763772000065,
  DocumentsInPlaceAgain1763772000066,
  DroppedFields1763772000067,
  PurgeEpochs1763772000070,
  VouchingPeers1763772000071,
  FrozenTenants1763772000072,
  HeldTokens1763772000073,
  KeysByTenant1763772000074,
  Ledger1763772000075,
  NamesInTheLedger1763772000076,
  EventsByOrigin1763772000077,
  PackedDocuments1763772000078,
  Looks1763772000079,
  HistoryOfDrift1763772000080,
  OwedObjections1763772000082,
  AuditFilters1763772000083,
  TimesHeard1763772000084,
  HostClaims1763772000085,
  KeptTenants1763772000090,
  GivenUpRollouts1763772000091,
  RepairsLeft1763772000092,
  DirectorySum1763772000094,
  SignatureRefusals1763772000095,
  DatabaseProbe1763772000096,
  PublishingTrouble1763772000098,
  GivenUpRegions1763772000099,
];
