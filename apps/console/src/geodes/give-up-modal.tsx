import { Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { giveUpRegion } from '../api/geode-queries.js';
import { regionsQuery } from '../api/queries.js';
import { CopyCommand } from '../shell/copy-command.js';
import { FormActions } from '../shell/form-actions.js';
import { ProblemAlert } from '../shell/problem-alert.js';
import { quoted } from '../shell/quoted.js';
import { reasonProblem } from '../shell/reason-problem.js';

interface GiveUpModalProps {
  readonly region: string;
  /** Of those that remain. */
  readonly successors: readonly string[];
  readonly close: () => void;
}

/** Nothing takes it back, so that the region's name is typed, as on the command line. */
export const GiveUpModal = ({ region, successors, close }: GiveUpModalProps): ReactNode => {
  const queries = useQueryClient();
  const [successor, setSuccessor] = useState<string | null>(null);
  const [reason, setReason] = useState('');
  const [name, setName] = useState('');
  const [touched, setTouched] = useState(false);
  const mutation = useMutation({
    mutationFn: () => giveUpRegion(region, { successor: successor!, reason: reason.trim() }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: regionsQuery.queryKey });
      close();
    },
  });
  const problems = {
    successor: successor === null ? 'Choose the region that takes its tenants over.' : null,
    reason: reasonProblem(reason.trim()),
    name: name.trim() === region ? null : 'That is not its name.',
  };
  const shown = (problem: string | null): string | null => (touched ? problem : null);
  return (
    <Modal opened onClose={close} title={`Give up ${region} for good`} centered closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setTouched(true);
          if (Object.values(problems).every((problem) => problem === null)) mutation.mutate();
        }}
      >
        <Stack>
          <Text size="sm">
            Its tenants become its successor’s, its stamps are retired, and what nobody else holds of it is lost. It is never believed
            again, and must not be started again with its old database. Nothing happens before all regions that remain agree.
          </Text>
          <Select
            label="Successor"
            data={[...successors]}
            value={successor}
            onChange={setSuccessor}
            error={shown(problems.successor)}
            comboboxProps={{ withinPortal: false }}
          />
          <TextInput
            label="Reason"
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            error={shown(problems.reason)}
            autoComplete="off"
          />
          <TextInput
            label={`Name of the region, to be sure: ${region}`}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={shown(problems.name)}
            autoComplete="off"
          />
          {mutation.error && <ProblemAlert error={mutation.error} />}
          <CopyCommand
            command={`stampctl regions give-up ${region} --successor ${successor ?? '<region>'} --reason ${quoted(reason.trim())}`}
          />
          <FormActions action="Give up" isPending={mutation.isPending} close={close} />
        </Stack>
      </form>
    </Modal>
  );
};
