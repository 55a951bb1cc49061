import { Button, Group, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import type { TenantView } from '@lapidary/contracts/api/tenants';
import { resumeTenant, suspendTenant } from '../api/commands.js';
import { explanationQuery, tenantsQuery } from '../api/queries.js';
import { ConfirmModal } from '../shell/confirm-modal.js';
import { quoted } from '../shell/quoted.js';
import { reasonProblem } from '../shell/reason-problem.js';

/** Ends and begins the service of a tenant; nothing for one that is deleted. */
export const Suspension = ({ tenant }: { tenant: TenantView }): ReactNode => {
  const [asking, setAsking] = useState(false);
  if (tenant.status === 'deleted') return null;
  return (
    <Group>
      <Button size="xs" variant="default" onClick={() => setAsking(true)}>
        {tenant.status === 'suspended' ? 'Resume' : 'Suspend'}
      </Button>
      {asking && <SuspensionModal tenant={tenant} close={() => setAsking(false)} />}
    </Group>
  );
};

const SuspensionModal = ({ tenant: { id, status }, close }: { tenant: TenantView; close: () => void }): ReactNode => {
  const queries = useQueryClient();
  const isSuspended = status === 'suspended';
  const verb = isSuspended ? 'Resume' : 'Suspend';
  return (
    <ConfirmModal
      title={`${verb} ${id}`}
      explanation={
        <Text size="sm">
          {isSuspended
            ? 'It is served again by the stamp that has its data. Refused where a tenant of another region has its name.'
            : 'Its requests get 503 until it is resumed. Its place, its units and its data stay.'}
        </Text>
      }
      label="Reason"
      initial=""
      action={verb}
      command={(reason) => `stampctl tenants ${verb.toLowerCase()} ${id}${reason === '' ? '' : ` --reason ${quoted(reason)}`}`}
      problemWith={(reason) => (isSuspended && reason === '' ? null : reasonProblem(reason))}
      submit={async (reason) => {
        await (isSuspended ? resumeTenant(id, reason) : suspendTenant(id, reason));
        await queries.invalidateQueries({ queryKey: tenantsQuery.queryKey });
        await queries.invalidateQueries({ queryKey: explanationQuery(id).queryKey });
      }}
      close={close}
    />
  );
};
