import { Button, Code, Group, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import type { EventDeadLetterDetail, ReplayResult } from '@lapidary/contracts/api/replication';
import { dropLetter, letterQuery, replayLetter } from '../api/ledger-queries.js';
import { ConfirmModal } from '../shell/confirm-modal.js';
import { CopyCommand } from '../shell/copy-command.js';
import { Fact } from '../shell/fact.js';
import { Loaded } from '../shell/panel.js';
import { ProblemAlert } from '../shell/problem-alert.js';
import { quoted } from '../shell/quoted.js';
import { reasonProblem } from '../shell/reason-problem.js';
import { SideDrawer } from '../shell/side-drawer.js';
import { Status } from '../shell/status.js';
import { TimeAgo } from '../shell/time-ago.js';

/** One dead letter with its event as it came, and what can be done: try it, apply it, give it up. */
export const LetterDrawer = ({ id, close }: { id: string; close: () => void }): ReactNode => (
  <SideDrawer title="Dead letter" close={close}>
    <Loaded query={useQuery(letterQuery(id))}>{(letter) => <Detail letter={letter} />}</Loaded>
  </SideDrawer>
);

const Detail = ({ letter }: { letter: EventDeadLetterDetail }): ReactNode => (
  <Stack>
    <div>
      <Title order={2} size="h4" style={{ overflowWrap: 'anywhere' }}>
        {letter.subject}{' '}
        <Text component="span" size="sm" ml="xs">
          <Status value={letter.state === 'open' ? 'dead' : letter.state}>{letter.state}</Status>
        </Text>
      </Title>
      <Text size="sm" c="dimmed">
        parked <TimeAgo at={letter.parkedAt} />
        {letter.settledBy !== null && (
          <>
            , settled by {letter.settledBy} <TimeAgo at={letter.settledAt} />
          </>
        )}
      </Text>
    </div>
    <dl className="facts">
      <Fact name="type">{letter.type}</Fact>
      <Fact name="from">
        {letter.origin}, epoch {letter.epoch}, sequence {letter.sequence}
      </Fact>
      <Fact name="why">{letter.error}</Fact>
    </dl>
    {letter.state === 'open' && <Actions letter={letter} />}
    <section aria-label="The event as it came">
      <Title order={3} size="h5" mb={4}>
        The event as it came
      </Title>
      <Code block tabIndex={0} mah={260} style={{ overflow: 'auto' }}>
        {JSON.stringify(letter.event, null, 2)}
      </Code>
    </section>
    <CopyCommand command={`stampctl dlq show ${letter.id}`} />
  </Stack>
);

const Actions = ({ letter: { id, subject } }: { letter: EventDeadLetterDetail }): ReactNode => {
  const queries = useQueryClient();
  const [dropping, setDropping] = useState(false);
  const again = (): Promise<void> => queries.invalidateQueries({ queryKey: ['letters'] });
  const replay = useMutation({
    mutationFn: (dryRun: boolean) => replayLetter(id, dryRun),
    onSuccess: (result) => (result.dryRun ? undefined : again()),
  });
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <Button size="xs" variant="default" loading={replay.isPending} onClick={() => replay.mutate(true)}>
          Try without keeping
        </Button>
        <Button size="xs" disabled={replay.isPending} onClick={() => replay.mutate(false)}>
          Replay
        </Button>
        <Button size="xs" variant="default" onClick={() => setDropping(true)}>
          Drop
        </Button>
      </Group>
      {replay.error && <ProblemAlert error={replay.error} />}
      {replay.data && <Outcome result={replay.data} />}
      <CopyCommand command={`stampctl dlq replay ${id} --dry-run`} />
      {dropping && (
        <ConfirmModal
          title={`Drop what was told of ${subject}`}
          explanation={<Text size="sm">It is never applied. What waits behind it is applied in its order.</Text>}
          label="Reason"
          initial=""
          action="Drop"
          command={(reason) => `stampctl dlq drop ${id} --reason ${quoted(reason)}`}
          problemWith={reasonProblem}
          submit={async (reason) => {
            await dropLetter(id, reason);
            await again();
          }}
          close={() => setDropping(false)}
        />
      )}
    </Stack>
  );
};

const Outcome = ({ result: { outcome, dryRun, error, released } }: { result: ReplayResult }): ReactNode => (
  <Text size="sm" role="status" className={outcome === 'refused' ? 'bad' : 'good'}>
    {dryRun ? 'Would be ' : 'Was '}
    {outcome}
    {error === null ? '' : `: ${error}`}
    {released === 0 ? '' : `; ${released} that waited behind it ${dryRun ? 'would follow' : 'followed'}`}.
  </Text>
);
