import { Stack, Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { RolloutView } from '@lapidary/contracts/api/rollouts';
import { rolloutsQuery } from '../api/queries.js';
import { useLive } from '../live/use-live.js';
import { HeadedTable } from '../shell/headed-table.js';
import { PageShell } from '../shell/page-shell.js';
import { Empty, Loaded, Panel } from '../shell/panel.js';
import { Status } from '../shell/status.js';
import { TimeAgo } from '../shell/time-ago.js';
import { RolloutDrawer } from './rollout-drawer.js';

/** Every roll-out that this region knows, the newest first; one opens beside the list. */
export const RolloutsPage = (): ReactNode => {
  const live = useLive();
  const { rollout } = useSearch({ from: '/rollouts' });
  const navigate = useNavigate({ from: '/rollouts' });
  return (
    <PageShell live={live}>
      <Stack>
        <Panel title="Roll-outs" command="stampctl rollout ls">
          <Loaded query={useQuery(rolloutsQuery)}>
            {(all) =>
              all.length === 0 ? (
                <Empty command="stampctl rollout start --workload <version>">
                  No roll-out yet. One brings a version to the stamps, ring by ring:
                </Empty>
              ) : (
                <RolloutsTable rollouts={all} />
              )
            }
          </Loaded>
        </Panel>
      </Stack>
      {rollout !== undefined && <RolloutDrawer id={rollout} close={() => void navigate({ search: {}, resetScroll: false })} />}
    </PageShell>
  );
};

const RolloutsTable = ({ rollouts }: { rollouts: readonly RolloutView[] }): ReactNode => (
  <HeadedTable label="Roll-outs" head={['Version', 'Status', 'Waves', 'Stamps', 'Asked']}>
    {rollouts.map((rollout) => (
      <Table.Tr key={rollout.id} data-testid={`rollout-${rollout.target}`}>
        <Table.Th scope="row" fw={400} className="numeric">
          <Link from="/rollouts" to="/rollouts" search={{ rollout: rollout.id }} className="linklike">
            {rollout.kind} {rollout.base} → {rollout.target}
          </Link>
        </Table.Th>
        <Table.Td>
          <Status value={rollout.status}>{rollout.status.replace('_', ' ')}</Status>
        </Table.Td>
        <Table.Td>{waveText(rollout)}</Table.Td>
        <Table.Td className="numeric">{stampsText(rollout)}</Table.Td>
        <Table.Td className="numeric">
          <TimeAgo at={rollout.createdAt} />
        </Table.Td>
      </Table.Tr>
    ))}
  </HeadedTable>
);

const waveText = ({ waves }: RolloutView): string => {
  const current = waves.find((w) => ['awaiting', 'changing', 'soaking', 'failed'].includes(w.status));
  const passed = waves.filter((w) => w.status === 'passed').length;
  return `${passed} of ${waves.length} passed${current ? `, ${current.name} ${current.status}` : ''}`;
};

const stampsText = ({ stamps }: RolloutView): string => {
  const counted = stamps.filter((s) => s.status !== 'dropped' && s.status !== 'skipped');
  return `${counted.filter((s) => s.status === 'passed').length} of ${counted.length}`;
};
