import { Button, Group, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import type { RolloutVerb, RolloutView } from '@lapidary/contracts/api/rollouts';
import { commandRollout } from '../api/commands.js';
import { rolloutQuery, rolloutsQuery } from '../api/queries.js';
import { ConfirmModal } from '../shell/confirm-modal.js';
import { quoted } from '../shell/quoted.js';
import { allowedVerbs } from './allowed-verbs.js';

const reasonLengthMax = 500;
const words: Readonly<Record<RolloutVerb, { readonly label: string; readonly says: string }>> = {
  approve: { label: 'Approve', says: 'The wave that waits starts, or the one that could not be judged counts as passed.' },
  pause: { label: 'Pause', says: 'No further stamp is changed. What is changed stays watched, and a wave that fails still halts it.' },
  resume: { label: 'Resume', says: 'It goes on where it was paused.' },
  abort: { label: 'Abort', says: 'Changes under way are waited for; each stamp keeps what it has then.' },
  rollback: { label: 'Roll back', says: 'Every changed stamp is taken back to the version it had.' },
};

/** What can be done now; the reason stands in the audit and in the roll-out’s messages. */
export const RolloutActions = ({ rollout }: { rollout: RolloutView }): ReactNode => {
  const [asked, ask] = useState<RolloutVerb | null>(null);
  const queries = useQueryClient();
  const submit = async (verb: RolloutVerb, reason: string | undefined): Promise<void> => {
    await commandRollout(rollout.id, verb, reason);
    await Promise.all([rolloutQuery(rollout.id), rolloutsQuery].map(({ queryKey }) => queries.invalidateQueries({ queryKey })));
  };
  return (
    <>
      <Group gap="xs">
        {allowedVerbs(rollout).map((verb) => (
          <Button key={verb} size="xs" variant="default" onClick={() => ask(verb)}>
            {words[verb].label}
          </Button>
        ))}
      </Group>
      {asked !== null && (
        <ConfirmModal
          title={`${words[asked].label} ${rollout.kind} ${rollout.target}`}
          explanation={<Text size="sm">{words[asked].says}</Text>}
          initial=""
          action={words[asked].label}
          {...(asked === 'rollback' ? byName(rollout) : byReason(asked, rollout))}
          submit={(text) => submit(asked, asked === 'rollback' ? undefined : text)}
          close={() => ask(null)}
        />
      )}
    </>
  );
};

const byReason = (verb: RolloutVerb, { id }: RolloutView) => ({
  label: 'Reason',
  command: (reason: string) => `stampctl rollout ${verb} ${id} --reason ${quoted(reason)}`,
  problemWith: (reason: string) => (reason === '' ? 'Say why.' : reason.length > reasonLengthMax ? 'That is too long.' : null),
});

/** It changes every stamp that was changed: as on the command line, whoever means it types the version. */
const byName = ({ id, target }: RolloutView) => ({
  label: 'Version that is taken back',
  command: () => `stampctl rollout rollback ${id}`,
  problemWith: (text: string) => (text === target ? null : `Type ${target} to go on.`),
});
