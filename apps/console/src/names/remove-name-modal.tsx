import { Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { changeHosts } from '../api/commands.js';
import { tenantsQuery } from '../api/queries.js';
import { ConfirmModal } from '../shell/confirm-modal.js';
import { quoted } from '../shell/quoted.js';
import { reasonProblem } from '../shell/reason-problem.js';
import { ownHosts, type NameRow } from './name-rows.js';

export const RemoveNameModal = ({ row: { host, kind, tenant }, close }: { row: NameRow; close: () => void }): ReactNode => {
  const queries = useQueryClient();
  return (
    <ConfirmModal
      title={`Take ${host} from ${tenant.id}`}
      explanation={
        <Text size="sm">
          {kind === 'lost'
            ? `It leads to another tenant already; ${tenant.id} no longer waits for it.`
            : 'Requests for it are refused from then on, or lead to the tenant of another region that was given it too.'}
        </Text>
      }
      label="Reason"
      initial=""
      action="Remove"
      command={(reason) => `stampctl tenants hosts rm ${tenant.id} ${host} --reason ${quoted(reason)}`}
      problemWith={reasonProblem}
      submit={async (reason) => {
        try {
          await changeHosts(
            tenant,
            ownHosts(tenant).filter((other) => other !== host),
            reason,
          );
        } finally {
          await queries.invalidateQueries({ queryKey: tenantsQuery.queryKey });
        }
      }}
      close={close}
    />
  );
};
