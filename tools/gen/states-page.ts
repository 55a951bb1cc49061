import { findingTable, runTable, suppressionTable } from '@lapidary/control-plane/drift/drift-states';
import { intentTransitions } from '@lapidary/control-plane/intents/intent-states';
import { repairTable } from '@lapidary/control-plane/drift/repair-states';
import { jobTable, stepTable } from '@lapidary/control-plane/jobs/job-states';
import { deadLetterTransitions } from '@lapidary/control-plane/replication/dead-letter-states';
import { givenUpTable } from '@lapidary/control-plane/regions/given-up-states';
import { removalTransitions } from '@lapidary/control-plane/residency/removal-states';
import { copyTable } from '@lapidary/control-plane/rollouts/copy-states';
import { memberTable, rolloutTable, waveTable } from '@lapidary/control-plane/rollouts/rollout-states';
import { stampTransitions } from '@lapidary/control-plane/stamps/stamp-states';
import { tenantTransitions } from '@lapidary/control-plane/tenants/tenant-states';
import { historyTable } from '@lapidary/replication/collections/history-states';
import { recoveryTable } from '@lapidary/replication/recovery/recovery-states';
import { streamTrustTable } from '@lapidary/control-plane/directory/stream-trust';
import { breakerTable } from '@lapidary/router/traffic-policy/doors/breaker-states';
import { clientTable } from '@lapidary/router/engine/client-states';
import { upstreamTable } from '@lapidary/router/engine/upstream-states';
import { tierTable } from '@lapidary/router/transport/tier-states';
import { keptRunTable } from '@lapidary/router/keeper/run-states';
import { workerTable } from '@lapidary/router/workers/worker-states';
import { registrationTable } from '@lapidary/stamp-agent/registration-states';
import { answeringLinkTable, askingLinkTable } from '@lapidary/stamp-sdk/link/link-states';
import { answeringStreamTable, askingStreamTable } from '@lapidary/stamp-sdk/link/stream-states';
import { processStates } from '../local/process-states.js';
import { transitionDiagram } from './transition-diagram.js';

/** docs/reference/states.md from the transition tables that the code decides by. */
export const statesPage = (): string =>
  [
    '# States',
    '',
    'Every status field is a transition table in code; these diagrams are generated from the tables. A move that is not drawn here is refused',
    'with `illegal_transition`.',
    '',
    ...[
      stampTransitions,
      tenantTransitions,
      jobTable,
      stepTable,
      rolloutTable,
      waveTable,
      memberTable,
      copyTable,
      findingTable,
      suppressionTable,
      runTable,
      repairTable,
      deadLetterTransitions,
      removalTransitions,
      historyTable,
      streamTrustTable,
      recoveryTable,
      givenUpTable,
      intentTransitions,
      registrationTable,
      breakerTable,
      clientTable,
      upstreamTable,
      tierTable,
      keptRunTable,
      workerTable,
      askingLinkTable,
      answeringLinkTable,
      askingStreamTable,
      answeringStreamTable,
      processStates,
    ].map((table) => transitionDiagram(table)),
  ].join('\n');
