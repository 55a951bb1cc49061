import { Modal, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { CopyCommand } from './copy-command.js';
import { FormActions } from './form-actions.js';
import { ProblemAlert } from './problem-alert.js';

interface ConfirmModalProps {
  readonly title: string;
  readonly explanation: ReactNode;
  readonly label: string;
  readonly initial: string;
  readonly action: string;
  /** The same on the command line, for what is typed. */
  readonly command: (text: string) => string;
  /** What is wrong with the text, null where nothing is. */
  readonly problemWith: (text: string) => string | null;
  readonly submit: (text: string) => Promise<unknown>;
  readonly close: () => void;
}

/** One question with one text field: a reason, or a name. */
export const ConfirmModal = ({
  title,
  explanation,
  label,
  initial,
  action,
  command,
  problemWith,
  submit,
  close,
}: ConfirmModalProps): ReactNode => {
  const [text, setText] = useState(initial);
  const [touched, setTouched] = useState(false);
  const mutation = useMutation({ mutationFn: submit, onSuccess: close });
  const problem = problemWith(text.trim());
  return (
    <Modal opened onClose={close} title={title} centered closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setTouched(true);
          if (problem === null) mutation.mutate(text.trim());
        }}
      >
        <Stack>
          {explanation}
          <TextInput
            label={label}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            onBlur={() => setTouched(true)}
            error={touched ? problem : null}
            data-autofocus
            autoComplete="off"
          />
          {mutation.error && <ProblemAlert error={mutation.error} />}
          <CopyCommand command={command(text.trim())} />
          <FormActions action={action} isPending={mutation.isPending} close={close} />
        </Stack>
      </form>
    </Modal>
  );
};
