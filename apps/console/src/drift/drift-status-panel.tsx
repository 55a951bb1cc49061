import { Button, Group, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { DriftRunView, DriftStatus } from '@lapidary/contracts/api/drift';
import { lookForDrift } from '../api/commands.js';
import { driftStatusQuery } from '../api/queries.js';
import { Loaded, Panel } from '../shell/panel.js';
import { ProblemAlert } from '../shell/problem-alert.js';
import { regionOption } from '../shell/region-option.js';
import { Status } from '../shell/status.js';
import { TimeAgo } from '../shell/time-ago.js';
import { sensorTone } from './sensor-tone.js';

/** How many findings there are, when it was last looked, and whether each sensor found what was planted for it. */
export const DriftStatusPanel = ({ region }: { region: string | undefined }): ReactNode => {
  const queries = useQueryClient();
  const look = useMutation({ mutationFn: () => lookForDrift(region), onSuccess: () => queries.invalidateQueries({ queryKey: ['drift'] }) });
  return (
    <Panel
      title="Drift"
      command={`stampctl drift runs${regionOption(region)}`}
      actions={
        <Button size="xs" variant="default" loading={look.isPending} onClick={() => look.mutate()}>
          Look now
        </Button>
      }
    >
      <Stack gap="xs">
        {look.error && <ProblemAlert error={look.error} />}
        {look.data && (
          <Text size="sm" role="status">
            A look is under way ({look.data.id}).
          </Text>
        )}
        <Loaded query={useQuery(driftStatusQuery(region))} rows={2}>
          {(status) => <Figures status={status} />}
        </Loaded>
      </Stack>
    </Panel>
  );
};

const Figures = ({ status }: { status: DriftStatus }): ReactNode => {
  const { region, open, suppressed, oldestOpen, lastRun, blind, quarantined } = status;
  return (
    <>
      <Doubts status={status} />
      <Text size="sm">
        In {region}: {open.critical} critical, {open.warning} {open.warning === 1 ? 'warning' : 'warnings'}, {open.info} for information,{' '}
        {suppressed} suppressed
        {oldestOpen !== null && (
          <>
            ; the oldest from <TimeAgo at={oldestOpen} />
          </>
        )}
      </Text>
      {quarantined > 0 && (
        <Text size="sm" className="bad">
          {quarantined} quarantined: three repairs have not helped, and a person has to look.
        </Text>
      )}
      {blind.length > 0 && (
        <Text size="sm" className="bad">
          Blind: {blind.join(', ')} did not find what was planted. What it says of the fleet can’t be relied on.
        </Text>
      )}
      {lastRun ? (
        <LastRun run={lastRun} />
      ) : (
        <Text size="sm" className="passing">
          Not looked yet: that nothing is listed says nothing.
        </Text>
      )}
    </>
  );
};

/** What makes silence worth nothing. */
const Doubts = ({ status: { isOverdue, failed } }: { status: DriftStatus }): ReactNode => {
  if (!isOverdue && failed === null) return null;
  return (
    <Text size="sm" className="bad">
      {isOverdue ? 'Nobody has looked for longer than is meant. ' : ''}
      {failed !== null && `${failed.runs} ${failed.runs === 1 ? 'look has' : 'looks have'} failed since: ${failed.error}`}
    </Text>
  );
};

const LastRun = ({ run }: { run: DriftRunView }): ReactNode => (
  <Group gap="md" component="ul" style={{ listStyle: 'none', margin: 0, padding: 0 }} aria-label="Sensors in the last look">
    <Text size="xs" c="dimmed" component="li">
      last look <TimeAgo at={run.finishedAt} />: {run.appeared} new, {run.resolved} gone
    </Text>
    {run.sensors.map(({ kind, looked, skipped, differences, canary }) => (
      <Text size="xs" component="li" key={kind}>
        <Status value={sensorTone({ looked, skipped, canary })}>
          {kind}: {looked === 0 && differences === 0 ? 'nothing to compare' : `${differences} of ${looked}`}
          {skipped.length === 0 ? '' : `, ${skipped.length} skipped`}
          {canary === 'missed' ? ', blind' : ''}
        </Status>
      </Text>
    ))}
  </Group>
);
