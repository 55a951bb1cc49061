import { Button, Stack, Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { RecoveryView } from '@lapidary/contracts/api/recovery';
import { Fact } from '../shell/fact.js';
import { Panel } from '../shell/panel.js';
import { Status } from '../shell/status.js';
import { TimeAgo } from '../shell/time-ago.js';
import { OpenModal, ReseedModal } from './recovery-modals.js';
import { recoveryAct, recoveryWords } from './recovery-words.js';

const verbs = { open: 'Open without them…', reseed: 'Fill anew…' } as const;

/** Why a restored region does not write, what it waits for, and what a person can do. `isHere`: it is the one that answers, which alone takes such a command. */
export const RecoveryPanel = ({ region, recovery, isHere }: { region: string; recovery: RecoveryView; isHere: boolean }): ReactNode => {
  const [asks, setAsks] = useState(false);
  const act = recoveryAct(recovery);
  const close = (): void => setAsks(false);
  return (
    <Panel
      title={`${region} was restored from a backup`}
      command={`stampctl geode status --region ${region}`}
      actions={
        act !== null &&
        isHere && (
          <Button size="xs" variant="default" onClick={() => setAsks(true)}>
            {verbs[act]}
          </Button>
        )
      }
    >
      <Stack gap="sm">
        <Text size="sm">{recoveryWords[recovery.state]}</Text>
        <dl className="facts">
          <Fact name="State">
            <Status value={recovery.fenced ? 'failed' : 'pending'}>{recovery.state}</Status>
          </Fact>
          <Fact name="Does not">{recovery.fenced ? 'write' : 'use rights of counters'}</Fact>
          <Fact name="Since">
            <TimeAgo at={recovery.since} />
          </Fact>
          <Fact name="Remembers until">{recovery.backupAt === null ? 'not known' : <TimeAgo at={recovery.backupAt} />}</Fact>
          {recovery.without.length > 0 && <Fact name="Opened without">{recovery.without.join(', ')}</Fact>}
        </dl>
        <Listed title="How it is known" lines={recovery.evidence} />
        <Listed title="It waits for" lines={recovery.waitsFor.map(({ region: name, why }) => `${name}${why === null ? '' : `: ${why}`}`)} />
        {act !== null && !isHere && (
          <Text size="sm" c="dimmed">
            What a person can do about it is done at the console or the API of {region} itself.
          </Text>
        )}
      </Stack>
      {asks && act === 'open' && <OpenModal region={region} without={recovery.waitsFor.map((w) => w.region)} close={close} />}
      {asks && act === 'reseed' && <ReseedModal region={region} close={close} />}
    </Panel>
  );
};

const Listed = ({ title, lines }: { title: string; lines: readonly string[] }): ReactNode =>
  lines.length === 0 ? null : (
    <div>
      <Text size="sm" fw={600}>
        {title}
      </Text>
      <ul style={{ margin: 0 }} aria-label={title}>
        {lines.map((line) => (
          <Text size="sm" component="li" key={line}>
            {line}
          </Text>
        ))}
      </ul>
    </div>
  );
