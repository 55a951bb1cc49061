import { NativeSelect, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { TokenNameSchema, type Binding } from '@lapidary/contracts/api/tokens';
import { createToken, tokensQuery } from '../api/token-queries.js';
import { CopyCommand } from '../shell/copy-command.js';
import { FormActions } from '../shell/form-actions.js';
import { ProblemAlert } from '../shell/problem-alert.js';
import { reasonProblem } from '../shell/reason-problem.js';
import { BindingsField } from './bindings-field.js';
import { commandOf, daysDefault, everyTerm } from './create-command.js';
import { newSecret } from './new-secret.js';
import type { Made } from './secret-once.js';

const dayMs = 86_400_000;

export const CreateTokenForm = ({ done, close }: { done: (made: Made) => void; close: () => void }): ReactNode => {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [bindings, setBindings] = useState<readonly Binding[]>([{ role: 'viewer', region: '*' }]);
  const [days, setDays] = useState<number | null>(daysDefault);
  const [reason, setReason] = useState('');
  const [touched, setTouched] = useState(false);
  const nameProblem = name === '' ? 'Whose is it? The audit log calls its holder token:<name>.' : (problemOf(name) ?? null);
  const whyProblem = reasonProblem(reason.trim());
  const create = useMutation({
    mutationFn: async () => {
      const { secret, sha256 } = await newSecret();
      const expiresAt = days === null ? {} : { expiresAt: new Date(Date.now() + days * dayMs).toISOString() };
      await createToken({ name, sha256, bindings: [...bindings], ...expiresAt, reason: reason.trim() });
      return { name, secret };
    },
    onSuccess: (made) => {
      done(made);
      void queries.invalidateQueries({ queryKey: tokensQuery.queryKey });
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        setTouched(true);
        if (nameProblem === null && whyProblem === null) create.mutate();
      }}
    >
      <Stack>
        <TextInput
          label="Name"
          placeholder="deploys"
          value={name}
          onChange={(event) => setName(event.currentTarget.value.trim())}
          error={touched ? nameProblem : null}
          data-autofocus
          autoComplete="off"
        />
        <BindingsField bindings={bindings} change={setBindings} />
        <NativeSelect
          label="Good for"
          value={String(days ?? '')}
          data={everyTerm.map((term) => ({ value: String(term ?? ''), label: term === null ? 'until it is revoked' : `${term} days` }))}
          onChange={(event) => setDays(event.currentTarget.value === '' ? null : Number(event.currentTarget.value))}
        />
        <TextInput
          label="Reason"
          placeholder="the pipeline of team red"
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          error={touched ? whyProblem : null}
          autoComplete="off"
        />
        {create.error && <ProblemAlert error={create.error} />}
        <CopyCommand command={commandOf({ name, bindings, days, reason: reason.trim() })} />
        <FormActions action="Create" isPending={create.isPending} close={close} />
      </Stack>
    </form>
  );
};

const problemOf = (name: string): string | undefined => TokenNameSchema.safeParse(name).error?.issues[0]?.message;
