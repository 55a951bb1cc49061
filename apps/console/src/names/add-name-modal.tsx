import { Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { hostNamePattern } from '@lapidary/kernel/names';
import { changeHosts } from '../api/commands.js';
import { tenantsQuery } from '../api/queries.js';
import { CopyCommand } from '../shell/copy-command.js';
import { FormActions } from '../shell/form-actions.js';
import { ProblemAlert } from '../shell/problem-alert.js';
import { quoted } from '../shell/quoted.js';
import { reasonProblem } from '../shell/reason-problem.js';
import { inDns, ownHosts } from './name-rows.js';

export const AddNameModal = ({ close }: { close: () => void }): ReactNode => {
  const queries = useQueryClient();
  const tenants = (useQuery(tenantsQuery).data?.items ?? []).filter((t) => t.status !== 'deleted');
  const [id, setId] = useState('');
  const [typed, setTyped] = useState('');
  const [reason, setReason] = useState('');
  const [touched, setTouched] = useState(false);
  const host = inDns(typed);
  const tenant = tenants.find((t) => t.id === id.trim());
  const idProblem = tenant ? null : 'There is no such tenant.';
  const hostProblem = !hostNamePattern.test(host)
    ? 'A host name as in DNS, with a dot in it, without port and path.'
    : tenant && [...tenant.hosts, ...(tenant.lostHosts ?? [])].includes(host)
      ? `${tenant.id} has that name already.`
      : null;
  const whyProblem = reasonProblem(reason.trim());
  const add = useMutation({
    mutationFn: async () => {
      if (tenant) await changeHosts(tenant, [...ownHosts(tenant), host], reason.trim());
    },
    onSuccess: close,
    // Also where somebody else was faster: the next try goes by what is there now.
    onSettled: () => queries.invalidateQueries({ queryKey: tenantsQuery.queryKey }),
  });
  return (
    <Modal opened onClose={close} title="Add a name" centered closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setTouched(true);
          if (idProblem === null && hostProblem === null && whyProblem === null) add.mutate();
        }}
      >
        <Stack>
          <Text size="sm">
            Routers know within moments. In DNS the name must lead to them, and clients of HTTPS want a certificate in the routers’ folder.
          </Text>
          <TextInput
            label="Tenant"
            placeholder="acme"
            value={id}
            onChange={(event) => setId(event.currentTarget.value)}
            error={touched ? idProblem : null}
            data-autofocus
            autoComplete="off"
          />
          <TextInput
            label="Host name"
            placeholder="shop.example.com"
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            error={touched ? hostProblem : null}
            autoComplete="off"
          />
          <TextInput
            label="Reason"
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            error={touched ? whyProblem : null}
            autoComplete="off"
          />
          {add.error && <ProblemAlert error={add.error} />}
          <CopyCommand
            command={`stampctl tenants hosts add ${id.trim() || '<tenant>'} ${host || '<name>'} --reason ${quoted(reason.trim())}`}
          />
          <FormActions action="Add" isPending={add.isPending} close={close} />
        </Stack>
      </form>
    </Modal>
  );
};
