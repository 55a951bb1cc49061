import { Button, Table, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import type { IntentView } from '@lapidary/contracts/api/intents';
import { cancelIntent } from '../api/commands.js';
import { intentsQuery } from '../api/queries.js';
import { ConfirmModal } from '../shell/confirm-modal.js';
import { ExactTime } from '../shell/exact-time.js';
import { HeadedTable } from '../shell/headed-table.js';
import { Panel } from '../shell/panel.js';
import { quoted } from '../shell/quoted.js';
import { reasonProblem } from '../shell/reason-problem.js';
import { Status } from '../shell/status.js';
import { TimeAgo } from '../shell/time-ago.js';

/** Commands that wait for a region that can't be reached. Not there while nothing waits, which is nearly always. */
export const IntentsPanel = (): ReactNode => {
  const { data = [] } = useQuery(intentsQuery);
  const [cancelling, setCancelling] = useState<IntentView | null>(null);
  if (data.length === 0) return null;
  return (
    <Panel title="Waiting for other regions" command="stampctl intents ls">
      <HeadedTable label="Intents" head={['Subject', 'For', 'State', 'Asked', 'Given up', { 'aria-label': 'Actions' }]}>
        {data.map((intent) => (
          <Table.Tr key={intent.id} data-testid={`intent-${intent.subject}`}>
            <Table.Th scope="row" fw={400}>
              {intent.subject}
              <Text size="xs" c="dimmed" className="mono">
                {intent.operation}
              </Text>
            </Table.Th>
            <Table.Td>{intent.owner}</Table.Td>
            <Table.Td>
              <Status value={intent.state} />
            </Table.Td>
            <Table.Td className="numeric">
              <TimeAgo at={intent.createdAt} />
              <Text size="xs" c="dimmed">
                {intent.actor}
              </Text>
            </Table.Td>
            <Table.Td className="numeric">
              <ExactTime at={intent.expiresAt} />
            </Table.Td>
            <Table.Td ta="right">
              {intent.state !== 'cancelling' && (
                <Button size="xs" variant="default" aria-label={`Take back ${intent.subject}`} onClick={() => setCancelling(intent)}>
                  Take back
                </Button>
              )}
            </Table.Td>
          </Table.Tr>
        ))}
      </HeadedTable>
      {cancelling && <CancelModal intent={cancelling} close={() => setCancelling(null)} />}
    </Panel>
  );
};

const CancelModal = ({ intent, close }: { intent: IntentView; close: () => void }): ReactNode => {
  const queries = useQueryClient();
  return (
    <ConfirmModal
      title={`Take back what waits for ${intent.owner}`}
      explanation={
        <Text size="sm">
          {intent.attempts === 0
            ? 'It was never sent: nothing will come of it.'
            : `It was sent. Region ${intent.owner} decides whether it was faster, when it is heard again.`}
        </Text>
      }
      label="Reason"
      initial=""
      action="Take back"
      command={(reason) => `stampctl intents cancel ${intent.id} --reason ${quoted(reason)}`}
      problemWith={reasonProblem}
      submit={async (reason) => {
        await cancelIntent(intent.id, reason);
        await queries.invalidateQueries({ queryKey: intentsQuery.queryKey });
      }}
      close={close}
    />
  );
};
