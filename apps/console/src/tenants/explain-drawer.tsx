import { SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import type { Explanation } from '@lapidary/contracts/api/tenants';
import { explanationQuery } from '../api/queries.js';
import { CopyCommand } from '../shell/copy-command.js';
import { Loaded } from '../shell/panel.js';
import { SideDrawer } from '../shell/side-drawer.js';
import { Status } from '../shell/status.js';
import { TimeAgo } from '../shell/time-ago.js';
import { DecisionView } from './decision-view.js';
import { Suspension } from './suspension.js';

/** One tenant: where it is, and why there. */
export const ExplainDrawer = ({ id, close }: { id: string; close: () => void }): ReactNode => (
  <SideDrawer title="Tenant" close={close}>
    <Loaded query={useQuery(explanationQuery(id))}>{(explanation) => <Explained explanation={explanation} />}</Loaded>
  </SideDrawer>
);

const Explained = ({ explanation: { tenant, decision, now } }: { explanation: Explanation }): ReactNode => {
  const [which, setWhich] = useState<'then' | 'now'>(decision === null ? 'now' : 'then');
  const shown = which === 'then' && decision !== null ? decision : now;
  const differs = decision !== null && decision.chosen !== now.chosen;
  return (
    <Stack>
      <div>
        <Title order={2} size="h4">
          {tenant.id}{' '}
          <Text component="span" size="sm" ml="xs">
            <Status value={tenant.status} />
          </Text>
        </Title>
        <Text size="sm" c="dimmed">
          home region {tenant.region}, {tenant.weight} {tenant.weight === 1 ? 'unit' : 'units'}, {tenant.tier}, may live in{' '}
          {tenant.residency.join(', ') || 'any region'}
        </Text>
        {tenant.placement && (
          <Text size="sm">
            on <b>{tenant.placement.stamp}</b> at epoch {tenant.placement.epoch},{' '}
            {tenant.placement.servingAt === null ? (
              'not yet confirmed by the stamp'
            ) : (
              <>
                serving since <TimeAgo at={tenant.placement.servingAt} />
              </>
            )}
          </Text>
        )}
        {tenant.statusReason !== null && <Text size="sm">{tenant.statusReason}</Text>}
        <Text size="sm" className="mono" c="dimmed">
          {tenant.hosts.join(', ')}
        </Text>
        {tenant.lostHosts && (
          <Text size="sm" c="red">
            {tenant.lostHosts.join(', ')}: a tenant of another region was given {tenant.lostHosts.length === 1 ? 'it' : 'them'} first
          </Text>
        )}
      </div>
      <Suspension tenant={tenant} />
      {decision !== null && (
        <SegmentedControl
          aria-label="Which decision"
          value={which}
          onChange={(value) => setWhich(value === 'now' ? 'now' : 'then')}
          data={[
            { value: 'then', label: 'As decided' },
            { value: 'now', label: differs ? 'If decided now (differs)' : 'If decided now' },
          ]}
        />
      )}
      <DecisionView decision={shown} />
      <CopyCommand command={`stampctl tenants explain ${tenant.id}${which === 'now' && decision !== null ? ' --now' : ''}`} />
    </Stack>
  );
};
