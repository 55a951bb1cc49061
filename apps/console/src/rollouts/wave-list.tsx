import { Box, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Check, RolloutMember, RolloutView, RolloutWave } from '@lapidary/contracts/api/rollouts';
import { Status } from '../shell/status.js';

/** Each wave with its verdict, or what it is judged by at the moment, and its stamps. */
export const WaveList = ({ rollout: { waves, stamps } }: { rollout: RolloutView }): ReactNode => (
  <Stack gap="sm" component="ol" style={{ listStyle: 'none', margin: 0, padding: 0 }} aria-label="Waves">
    {waves.map((wave) => (
      <li key={wave.name} data-testid={`wave-${wave.name}`}>
        <Title order={3} size="h5">
          {wave.name}{' '}
          <Text component="span" size="sm" fw={400}>
            <Status value={wave.status} />
            {wave.approval && ['pending', 'awaiting'].includes(wave.status) && wave.approvedBy === null ? ', needs an approval' : ''}
            {wave.approvedBy === null ? '' : `, approved by ${wave.approvedBy}`}
          </Text>
        </Title>
        {wave.verdict && (
          <Text size="sm">
            {wave.verdict.outcome}: {wave.verdict.why}
          </Text>
        )}
        <Checks wave={wave} />
        <Members members={stamps.filter((s) => s.wave === wave.name)} />
      </li>
    ))}
  </Stack>
);

/** Those that decided, where there is a verdict; else as of the last look. */
const Checks = ({ wave }: { wave: RolloutWave }): ReactNode => {
  const checks: readonly Check[] = wave.verdict?.checks ?? wave.checks;
  return checks.map((check) => (
    <Text size="xs" key={check.measure}>
      <Status value={check.outcome}>
        {check.measure}: {check.outcome}
      </Status>{' '}
      <span className="quiet">{check.why}</span>
    </Text>
  ));
};

const Members = ({ members }: { members: readonly RolloutMember[] }): ReactNode =>
  members.length === 0 ? null : (
    <Box component="ul" style={{ listStyle: 'none', margin: 0, padding: 0, display: 'flex', flexWrap: 'wrap', gap: '0.2em 1.2em' }}>
      {members.map(({ stamp, status, message }) => (
        <Text component="li" size="sm" key={stamp} style={{ flexBasis: message === null ? 'auto' : '100%' }}>
          {stamp} <Status value={status} />
          {message === null ? '' : <span className="quiet">: {message}</span>}
        </Text>
      ))}
    </Box>
  );
