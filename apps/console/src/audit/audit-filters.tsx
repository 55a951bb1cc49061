import { Button, Group, NativeSelect, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { auditWindowNames, type AuditSearch } from './audit-search.js';

interface AuditFiltersProps {
  readonly search: AuditSearch;
  readonly isAll: boolean;
  readonly show: (change: Partial<AuditSearch>) => void;
}

/** The words as they stand in the rows: a click on one of them there does the same. */
export const AuditFilters = ({ search, isAll, show }: AuditFiltersProps): ReactNode => {
  const [subject, setSubject] = useState(search.subject ?? '');
  const [actor, setActor] = useState(search.actor ?? '');
  const [action, setAction] = useState(search.action ?? '');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        show({ subject: subject.trim() || undefined, actor: actor.trim() || undefined, action: action.trim() || undefined });
      }}
    >
      <Group gap="xs" mb="sm" align="flex-end">
        <TextInput
          size="xs"
          label="Subject"
          placeholder="tenant/acme"
          value={subject}
          onChange={(e) => setSubject(e.currentTarget.value)}
        />
        <TextInput size="xs" label="Who" placeholder="token:deploys" value={actor} onChange={(e) => setActor(e.currentTarget.value)} />
        <TextInput size="xs" label="What" placeholder="tenant.created" value={action} onChange={(e) => setAction(e.currentTarget.value)} />
        <NativeSelect
          size="xs"
          label="Since"
          value={search.since ?? ''}
          data={[{ value: '', label: 'ever' }, ...auditWindowNames.map((window) => ({ value: window, label: `${window} ago` }))]}
          onChange={(event) => show({ since: auditWindowNames.find((window) => window === event.currentTarget.value) })}
        />
        <Button size="xs" variant="default" type="submit">
          Filter
        </Button>
        {!isAll && (
          <Button
            size="xs"
            variant="subtle"
            onClick={() => show({ subject: undefined, actor: undefined, action: undefined, since: undefined })}
          >
            Show all
          </Button>
        )}
      </Group>
    </form>
  );
};
